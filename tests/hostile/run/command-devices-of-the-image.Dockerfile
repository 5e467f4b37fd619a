# None does that another step left in the image.
# prints: ^ran$
FROM hostile
RUN mknod /d b 7 0; mknod /k c 1 11; mknod /m c 1 1; true
RUN (head -c1 /d || head -c1 /k || head -c1 /m) 2>/dev/null || echo ran
