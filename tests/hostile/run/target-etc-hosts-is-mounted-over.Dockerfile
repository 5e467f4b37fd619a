# A folder over a file is an error.
# error: mount /etc/hosts: 
FROM hostile
ARG CANARY
RUN --mount=type=tmpfs,target=/etc/hosts cat /..$CANARY/secret; echo x >/..$CANARY/written; ls /..$CANARY
