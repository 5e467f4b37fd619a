for n in a b; do mkdir t; echo $n >t/$n; touch -d '2001-02-03 04:05:06 UTC' t/$n; tar --owner=12 --group=34 -C t -cf $n.tar $n; rm -r t; done
