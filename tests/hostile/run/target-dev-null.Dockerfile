# A file over /dev/null changes neither what hides files nor stdin.
# prints: ^0 0$
FROM hostile
ARG CANARY
RUN --mount=type=bind,source=file,target=/dev/null echo $(wc -c </proc/keys) $(wc -c)
