# The machine's files are not above the root.
# prints: ^ran$
FROM hostile
ARG CANARY
RUN cat /..$CANARY/secret $CANARY/secret /../../..$CANARY/secret; echo x >/..$CANARY/written; echo ran
