# A target that climbs above the root comes down in it.
# prints: ^ran$
FROM hostile
ARG CANARY
RUN ln -s ../../../../../.. /l && mkdir /w
RUN --mount=type=tmpfs,target=/l/../../w cat /..$CANARY/secret; mount | grep -q "on /w " && echo ran
