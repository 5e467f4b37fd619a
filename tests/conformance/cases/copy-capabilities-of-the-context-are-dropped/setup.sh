mkdir d; echo a >d/a; python3 -c 'import os; os.setxattr("d/a", "security.capability", bytes.fromhex("0100000200040000000000000000000000000000"))'
