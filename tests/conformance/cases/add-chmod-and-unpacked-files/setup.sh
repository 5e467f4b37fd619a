mkdir -p t/d; echo x >t/d/x; touch -h -d '2001-02-03 04:05:06 UTC' t/d/x t/d; tar --owner=12 --group=34 -C t -cf a.tar d; rm -r t
