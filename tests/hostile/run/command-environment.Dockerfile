# Nothing of the environment of imgbuild is in the command's.
# prints: ^ran$
FROM hostile
ARG CANARY
RUN ! env | grep -i canary_ && ! tr "\\0" "\\n" </proc/1/environ | grep -i canary_ && echo ran
