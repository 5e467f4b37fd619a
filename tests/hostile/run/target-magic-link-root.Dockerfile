# A magic link of /proc is not followed to a target.
# error: make the mount point /l: Too many levels
FROM hostile
ARG CANARY
RUN ln -s /proc/self/root /l
RUN --mount=type=tmpfs,target=/l cat /..$CANARY/secret; echo x >/..$CANARY/written; ls /..$CANARY
