# An /etc/resolv.conf that leads to ../.. is an error.
# error: /etc/resolv.conf
FROM hostile AS made
RUN mkdir -p /r/etc && cp -a /bin /r/ && ln -s ../.. /r/etc/resolv.conf
FROM scratch
COPY --from=made /r/ /
RUN echo reached
