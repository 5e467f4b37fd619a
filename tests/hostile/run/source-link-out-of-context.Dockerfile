# A source that is a link out of the context is not what it names.
# error: out
FROM hostile
ARG CANARY
RUN --mount=type=bind,source=out,target=/l cat /l/secret
