# /sys is not written.
# prints: ^ran$
FROM hostile
ARG CANARY
RUN (echo x >/sys/kernel/uevent_helper || touch /sys/x || mkdir /sys/fs/cgroup/x || echo 1 >/sys/fs/cgroup/cgroup.procs) 2>/dev/null || echo ran
