# Making a device's node is allowed, but in a user namespace, where nobody may.
# prints: ^ran$
FROM hostile
RUN if mknod /d b 7 0; then test -b /d; else ! grep -q '0 *0 *4294967295' /proc/self/uid_map; fi && echo ran
