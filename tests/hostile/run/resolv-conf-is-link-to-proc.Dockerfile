# An /etc/resolv.conf that leads to /proc/self/environ is an error.
# error: /etc/resolv.conf
FROM hostile AS made
RUN mkdir -p /r/etc && cp -a /bin /r/ && ln -s /proc/self/environ /r/etc/resolv.conf
FROM scratch
COPY --from=made /r/ /
RUN echo reached
