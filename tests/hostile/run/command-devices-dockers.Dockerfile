# Docker's devices open.
# prints: ^ran$
FROM hostile
RUN echo x >/dev/null && test $(head -c3 /dev/zero | wc -c) = 3 && test $(head -c3 /dev/urandom | wc -c) = 3 && ! echo x 2>/dev/null >/dev/full && test -c /dev/ptmx && echo ran
