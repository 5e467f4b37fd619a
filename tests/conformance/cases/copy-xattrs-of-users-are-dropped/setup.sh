mkdir d; echo a >d/a; python3 -c 'import os; os.setxattr("d/a", "user.note", b"x"); os.setxattr("d", "user.note", b"y")'
