# A magic link of /proc is not followed on the way to a target.
# error: make the mount point /l/x: Too many levels
FROM hostile
ARG CANARY
RUN ln -s /proc/1/cwd /l
RUN --mount=type=cache,target=/l/x cat /..$CANARY/secret; echo x >/..$CANARY/written; ls /..$CANARY
