# The program of imgbuild itself is not executed in a sandbox.
# error: .
FROM hostile
RUN ["/proc/self/exe", "--version"]
