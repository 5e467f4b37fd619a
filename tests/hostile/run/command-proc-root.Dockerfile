# The root of process 1 is the step's.
# prints: ^ran$
FROM hostile
ARG CANARY
RUN cat /proc/1/root$CANARY/secret /proc/1/cwd/..$CANARY/secret; echo ran
