# A source above the context stays in it.
# error: canary
FROM hostile
ARG CANARY
RUN --mount=type=bind,source=../canary,target=/l cat /l/secret
