# What an image has in its /dev is not what a step sees.
# prints: ^ran$
FROM hostile AS made
RUN mkdir -p /r/dev/pts && cp -a /bin /tmp /r/ && echo image >/r/dev/null && ln -s / /r/dev/shm && echo image >/r/dev/pts/ptmx
FROM scratch
COPY --from=made /r/ /
RUN test ! -s /dev/null && test -c /dev/pts/ptmx && test ! -L /dev/shm && wc -c </proc/keys && echo ran
