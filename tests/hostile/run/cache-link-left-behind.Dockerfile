# A link that one step leaves in a cache misleads no mount of the next.
# error: /c/l is the root itself here
FROM hostile
ARG CANARY
RUN true
RUN --mount=type=cache,id=links,target=/c ln -sfn / /c/l
RUN --mount=type=cache,id=links,target=/c --mount=type=tmpfs,target=/c/l cat /..$CANARY/secret
