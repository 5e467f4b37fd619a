# What a command leaves running ends with it.
# prints: ^ran$
FROM hostile
ARG CANARY
RUN (setsid sh -c "sleep 31415; : left" $CANARY &); nohup sh -c "sleep 31415; : left" $CANARY >/dev/null 2>&1 & echo ran
