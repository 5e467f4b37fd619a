# No key of the machine is found.
# held
FROM hostile
ARG CANARY
RUN attack keys
