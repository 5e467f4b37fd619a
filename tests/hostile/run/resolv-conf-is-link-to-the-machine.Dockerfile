# An /etc/resolv.conf that is a link to a file of the machine writes none.
# prints: ^ran$
FROM hostile AS made
ARG CANARY
RUN mkdir -p /r/etc && cp -a /bin /r/ && ln -s $CANARY/folder/resolv.conf /r/etc/resolv.conf
FROM scratch
COPY --from=made /r/ /
RUN grep -q nameserver /etc/resolv.conf; echo ran
