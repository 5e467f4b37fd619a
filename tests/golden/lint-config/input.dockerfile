FROM quay.io/debian:12
LABEL version=x extra=y
RUN cd /a && sudo b
