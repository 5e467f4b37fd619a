# A second chroot leads nowhere but to the root.
# held
FROM hostile
ARG CANARY
RUN attack chroot-and-up $CANARY/secret
