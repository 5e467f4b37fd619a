: >empty.tar
