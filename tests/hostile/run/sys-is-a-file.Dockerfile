# An image whose /sys is a file runs nothing.
# error: /sys must be a folder in the image
FROM hostile AS made
RUN mkdir /r && cp -a /bin /r/ && echo x >/r/sys
FROM scratch
COPY --from=made /r/ /
RUN echo reached
