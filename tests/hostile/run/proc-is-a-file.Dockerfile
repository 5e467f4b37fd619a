# An image whose /proc is a file runs nothing.
# error: /proc must be a folder in the image
FROM hostile AS made
RUN mkdir /r && cp -a /bin /r/ && echo x >/r/proc
FROM scratch
COPY --from=made /r/ /
RUN echo reached
