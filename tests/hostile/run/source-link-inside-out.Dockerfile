# A link in a mounted context leads within the root.
# prints: ^ran$
FROM hostile
ARG CANARY
RUN --mount=type=bind,source=.,target=/l cat /l/out/secret; test ! -e /l/out/secret && echo ran
