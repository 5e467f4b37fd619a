# hadolint ignore=DL3006
FROM debian
# hadolint ignore=DL3003,DL3004 # for a reason
RUN cd /a && sudo b
RUN cd /not-ignored
RUN a && \
  # hadolint ignore=DL3003
  cd /inside
# hadolint   ignore = DL3000 , WorkdirRelativePath
WORKDIR a
