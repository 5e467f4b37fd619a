FROM debian:12
RUN cd /a
# hadolint shell=powershell
RUN cd c:\a | b
SHELL ["/bin/bash", "-c"]
RUN cd /reported
