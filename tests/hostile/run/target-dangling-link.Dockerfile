# A dangling link that climbs is made good inside the root.
# prints: ^ran$
FROM hostile
ARG CANARY
RUN ln -s /../../nowhere/deep /l
RUN --mount=type=cache,target=/l touch /nowhere/deep/x && echo ran
