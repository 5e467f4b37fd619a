# No process of the machine is seen or met by a signal.
# held
FROM hostile
ARG CANARY
RUN attack processes
