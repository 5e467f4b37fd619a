# The files that are there for the command's sake are not written.
# prints: ^ran$
FROM hostile
ARG CANARY
RUN (echo x >>/etc/hosts || echo x >>/etc/resolv.conf || rm /etc/hosts) 2>/dev/null || echo ran
