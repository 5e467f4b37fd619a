# Even an insecure step begins in its own root, with nothing inherited.
# held
FROM hostile
ARG CANARY
RUN --security=insecure attack roots; attack descriptors $CANARY/secret; ! env | grep -i canary_; cat /..$CANARY/secret; echo x >/..$CANARY/written; true
