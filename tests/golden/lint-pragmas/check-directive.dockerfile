# check=skip=StageNameCasing,JSONArgsRecommended;error=true
FROM debian:12 AS Build
CMD a
ENV x y
