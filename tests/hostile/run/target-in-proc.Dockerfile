# Nothing in /proc can be covered by a mount of the step.
# error: /proc/1 lies in /proc
FROM hostile
ARG CANARY
RUN --mount=type=tmpfs,target=/proc/1 cat /..$CANARY/secret; echo x >/..$CANARY/written; ls /..$CANARY
