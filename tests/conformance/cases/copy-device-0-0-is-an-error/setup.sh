mknod one c 0 0
