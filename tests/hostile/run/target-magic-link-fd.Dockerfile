# A descriptor of ours is not reached by a link in the image.
# error: make the mount point /l: (Too many levels|No such file)
FROM hostile
ARG CANARY
RUN ln -s /proc/self/fd/3 /l
RUN --mount=type=bind,target=/l cat /..$CANARY/secret; echo x >/..$CANARY/written; ls /..$CANARY
