# None does in /dev, which is a file system of its own.
# held
FROM hostile
RUN attack devices /dev; mkdir -p /dev/shm/x && attack devices /dev/shm/x; ! mknod /dev/pts/x c 1 3
