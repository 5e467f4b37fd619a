# A mount whose target is the root, by a link to /, of a file,, is refused.
# error: /l is the root itself here
FROM hostile
ARG CANARY
RUN ln -s / /l
RUN --mount=type=secret,id=s,target=/l cat /..$CANARY/secret; echo x >/..$CANARY/written; ls /..$CANARY
