# /proc can not be covered by a mount of the step.
# error: /proc lies in /proc
FROM hostile
ARG CANARY
RUN --mount=type=tmpfs,target=/proc cat /..$CANARY/secret; echo x >/..$CANARY/written; ls /..$CANARY
