# No file is opened by a handle.
# held
FROM hostile
ARG CANARY
RUN attack by-handle
