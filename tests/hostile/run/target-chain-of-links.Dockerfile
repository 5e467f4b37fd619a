# A mount whose target is the root, by a chain of links, is refused.
# error: /l is the root itself here
FROM hostile
ARG CANARY
RUN ln -s /m /l && ln -s ./n/../o /m && mkdir /n && ln -s ../../ /o
RUN --mount=type=tmpfs,target=/l cat /..$CANARY/secret; echo x >/..$CANARY/written; ls /..$CANARY
