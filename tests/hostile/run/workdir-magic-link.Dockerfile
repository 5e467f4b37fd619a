# A working directory behind a magic link is an error.
# error: .
FROM hostile
RUN ln -s /proc/self/root/.. /l
WORKDIR /l/made
RUN cat ..$CANARY/secret
