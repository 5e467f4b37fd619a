# An image whose /dev is a file runs nothing.
# error: /dev must be a folder in the image
FROM hostile AS made
RUN mkdir /r && cp -a /bin /r/ && echo x >/r/dev
FROM scratch
COPY --from=made /r/ /
RUN echo reached
