# A mount below /sys hides nothing that should stay hidden.
# prints: ^ran$
FROM hostile
ARG CANARY
RUN --mount=type=tmpfs,target=/sys/firmware test -z "$(ls /sys/firmware)" && echo ran
