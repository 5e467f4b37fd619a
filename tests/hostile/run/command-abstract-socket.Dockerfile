# A socket of the machine's that has no path is not reached by its network.
# held
FROM hostile
ARG CANARY
RUN attack abstract-socket $CANARY
