n=$(printf 'l%.0s' $(seq 150)); mkdir -p $n; echo 1 >$n/f; ln -s $n$n l; dd if=/dev/zero of=sp bs=1 count=1 seek=200000 2>/dev/null; tar --format=gnu -S -cf a.tar $n l sp; rm -r $n l sp
