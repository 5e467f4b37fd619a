mkdir d; echo a >a; echo b >d/b; ln -s a link; ln -s d folder-link
