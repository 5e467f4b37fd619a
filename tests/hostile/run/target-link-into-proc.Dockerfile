# Nothing in /proc can be covered by way of a link.
# error: /l lies in /proc
FROM hostile
ARG CANARY
RUN ln -s proc/sys /l
RUN --mount=type=tmpfs,target=/l cat /..$CANARY/secret; echo x >/..$CANARY/written; ls /..$CANARY
