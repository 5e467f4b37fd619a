# A working directory that climbs comes down in the root.
# prints: ^ran$
FROM hostile
ARG CANARY
RUN ln -s / /l
WORKDIR /l/../..
RUN cat ../..$CANARY/secret .$CANARY/secret; test "$(pwd)" = / && echo ran
