# check=skip=all
FROM debian AS Build
CMD a
ENV x y
