# A shell that is a link to a program of the machine is not found.
# error: no such program|interpreter
FROM hostile AS made
ARG CANARY
RUN mkdir -p /r/bin && ln -s $CANARY/tool /r/bin/sh
FROM scratch
COPY --from=made /r/ /
RUN echo reached
