# No device but docker's opens, whoever made its node.
# held
FROM hostile
RUN attack devices /tmp
