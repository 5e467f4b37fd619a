mkdir -p d/e; echo a >a; echo b >d/e/b; echo c >d/run; chmod 711 d/run; chmod 700 d/e
