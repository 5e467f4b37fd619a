echo hello | gzip -n >plain.gz; echo not a tar >fake.tar
