# A target below a link to a folder of the machine is made in the image.
# prints: ^ran$
FROM hostile
ARG CANARY
RUN ln -s $CANARY /l
RUN --mount=type=tmpfs,target=/l/made touch /l/made/x && echo ran
