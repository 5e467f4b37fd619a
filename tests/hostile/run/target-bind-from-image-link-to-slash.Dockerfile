# A mount whose target is the root, by a link to /, from another image,, is refused.
# error: /l is the root itself here
FROM hostile
ARG CANARY
RUN ln -s / /l
RUN --mount=type=bind,from=hostile,target=/l,rw cat /..$CANARY/secret; echo x >/..$CANARY/written; ls /..$CANARY
