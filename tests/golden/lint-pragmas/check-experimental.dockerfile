# check=experimental=all
# other words
FROM debian:12 AS build
