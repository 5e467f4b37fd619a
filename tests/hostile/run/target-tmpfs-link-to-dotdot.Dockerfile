# A mount whose target is the root, by a link to .., is refused.
# error: /l is the root itself here
FROM hostile
ARG CANARY
RUN ln -s .. /l
RUN --mount=type=tmpfs,target=/l cat /..$CANARY/secret; echo x >/..$CANARY/written; ls /..$CANARY
