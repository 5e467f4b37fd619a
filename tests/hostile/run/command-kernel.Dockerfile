# What changes the machine is not called.
# held
FROM hostile
ARG CANARY
RUN attack kernel
