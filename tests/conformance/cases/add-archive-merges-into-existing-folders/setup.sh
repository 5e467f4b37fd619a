mkdir -p t/data/deep; echo x >t/data/x; echo new >t/data/one; chmod 700 t/data/deep; find t -exec touch -d '2001-02-03 04:05:06 UTC' {} +; tar --owner=12 --group=34 -C t -cf a.tar data; rm -r t
