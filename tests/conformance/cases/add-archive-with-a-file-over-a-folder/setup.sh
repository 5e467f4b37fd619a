mkdir t; echo x >t/data; touch -d '2001-02-03 04:05:06 UTC' t/data; tar --owner=0 --group=0 -C t -cf a.tar data; rm -r t
