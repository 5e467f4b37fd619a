# Links in a circle are an error, not the end of time.
# error: make the mount point /a/c: Too many levels
FROM hostile
ARG CANARY
RUN ln -s /b /a && ln -s /a /b
RUN --mount=type=tmpfs,target=/a/c cat /..$CANARY/secret; echo x >/..$CANARY/written; ls /..$CANARY
