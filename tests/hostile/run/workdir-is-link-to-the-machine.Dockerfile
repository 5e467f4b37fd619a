# A working directory that links to a folder of the machine is made in the image.
# prints: ^ran$
FROM hostile
ARG CANARY
RUN ln -s $CANARY/folder /l
WORKDIR /l/made
RUN touch here && echo ran
