# An image whose /dev is a link runs nothing.
# error: /dev must be a folder in the image
FROM hostile AS made
RUN mkdir /r && cp -a /bin /tmp /r/ && ln -s / /r/dev
FROM scratch
ARG CANARY
COPY --from=made /r/ /
RUN cat /..$CANARY/secret $CANARY/secret; echo x >/..$CANARY/written
