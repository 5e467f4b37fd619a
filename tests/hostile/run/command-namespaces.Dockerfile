# No namespace is made or entered.
# held
FROM hostile
ARG CANARY
RUN attack namespaces
