FROM debian AS Build
RUN apt-get update && \
    # a comment <inside>
    apt-get install -y --no-install-recommends "curl" \
      vim=1.2 && cd "/x & 'y'"
LABEL Ä="<tag>"
RUNN oops
WORKDIR rel
