# Nothing is mounted, unmounted or moved.
# held
FROM hostile
ARG CANARY
RUN attack mounts
