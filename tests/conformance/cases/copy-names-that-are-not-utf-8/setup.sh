mkdir d; python3 -c 'import os; open(b"d/caf\xe9","w").write("x"); open("d/\u00e9t\u00e9","w").write("y")'
