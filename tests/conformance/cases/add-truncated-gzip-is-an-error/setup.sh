head -c 300000 /dev/urandom >x; tar -czf b.tgz x; head -c 2000 b.tgz >a.tgz; rm b.tgz x
