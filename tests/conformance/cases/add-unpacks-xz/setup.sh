mkdir t; echo x >t/x; touch -d '2001-02-03 04:05:06 UTC' t/x; tar --owner=12 --group=34 -C t -cJf a.txz x; rm -r t
