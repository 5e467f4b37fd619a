FROM debian:12
# check=skip=LegacyKeyValueFormat
ENV x y
ENV z reported
