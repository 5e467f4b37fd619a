# A mount whose target is the root, by a link up from deep inside, is refused.
# error: /a/b/c is the root itself here
FROM hostile
ARG CANARY
RUN mkdir -p /a/b && ln -s ../../.. /a/b/c
RUN --mount=type=cache,target=/a/b/c cat /..$CANARY/secret; echo x >/..$CANARY/written; ls /..$CANARY
