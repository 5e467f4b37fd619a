# A script whose interpreter is imgbuild itself can not write the program.
# prints: .
FROM hostile
RUN printf '#!/proc/self/exe\n' >/x && chmod 755 /x
RUN /x; attack own-program /proc/1/exe; for i in 1 2 3; do cp /bin/sh /proc/self/exe; done; echo ran
