# A root that is laid over by the command stays its own.
# prints: ^ran$
FROM hostile
ARG CANARY
RUN mkdir -p /n/bin && cp -a /bin /n/ && chroot /n /bin/sh -c "ls /..; ls /../.." | grep -v -x bin; echo ran
