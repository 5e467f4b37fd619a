# /, its .. and every way to it through /proc are one folder of one mount.
# held
FROM hostile
ARG CANARY
RUN attack roots
