# A mount over /dev does not mislead what is made for the command.
# prints: ^ran$
FROM hostile
ARG CANARY
RUN --mount=type=tmpfs,target=/dev ls /dev /..$CANARY; test ! -e /dev/null && echo ran
