# No descriptor is inherited.
# held
FROM hostile
ARG CANARY
RUN attack descriptors $CANARY/secret
