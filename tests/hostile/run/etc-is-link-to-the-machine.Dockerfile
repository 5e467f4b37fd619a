# An /etc that is a link to a folder of the machine is one of the image.
# prints: ^ran$
FROM hostile AS made
ARG CANARY
RUN mkdir -p /r && cp -a /bin /r/ && ln -s $CANARY /r/etc
FROM scratch
COPY --from=made /r/ /
RUN grep -q localhost /etc/hosts && ls /etc/secret; echo ran
