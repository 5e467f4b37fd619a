mkdir -p d/e; echo a >a; echo b >d/e/b; ln -s e d/l; chmod 700 d/e
