# The program of imgbuild itself is not executed in a sandbox.
# error: /proc/self/exe is not a program of the image
FROM hostile
RUN ["/proc/self/exe", "--version"]
