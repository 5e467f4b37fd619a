# hadolint stage ignore=DL3003
FROM debian:12 AS a
RUN cd /a
RUN x && cd /b
FROM debian:12 AS b
RUN cd /reported
