mkdir d; echo a >a; echo b >d/b; ln -s a l1; ln -s d l2
