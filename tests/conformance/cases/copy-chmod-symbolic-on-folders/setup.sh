mkdir -p d/e; echo a >d/e/f; echo b >d/x; chmod 755 d/x
