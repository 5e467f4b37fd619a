echo x >x; tar -cf a.tar x; (head -c 1024 a.tar | gzip; tail -c +1025 a.tar | gzip) >a.tgz; rm a.tar x
