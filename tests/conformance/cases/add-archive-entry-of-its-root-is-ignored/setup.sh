mkdir -m 700 t; echo x >t/x; tar -C t -cf a.tar --owner=7 --group=8 .; rm -r t
