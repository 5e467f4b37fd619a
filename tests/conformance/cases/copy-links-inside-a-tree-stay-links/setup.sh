mkdir d; echo a >d/a; ln -s a d/to-a; ln -s /etc/passwd d/absolute; ln -s nowhere d/dangling; ln -s ../outside d/out; mkdir d/e; ln -s e d/to-e
