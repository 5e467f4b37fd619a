# No terminal of the machine is reached.
# held
FROM hostile
ARG CANARY
RUN attack terminal
