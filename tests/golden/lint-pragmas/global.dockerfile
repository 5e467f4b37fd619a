FROM debian:12
RUN cd /a
# hadolint global ignore=DL3003
FROM debian:12
RUN cd /a && sudo b
