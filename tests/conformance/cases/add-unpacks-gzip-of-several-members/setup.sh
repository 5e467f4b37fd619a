echo x >x; tar --owner=0 --group=0 --mtime=2001-02-03 -cf a.tar x; (head -c 1024 a.tar | gzip; tail -c +1025 a.tar | gzip) >a.tgz; rm a.tar x
