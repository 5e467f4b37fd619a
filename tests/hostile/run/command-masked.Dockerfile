# What tells of the machine is empty.
# prints: ^ran$
FROM hostile
ARG CANARY
RUN for f in kcore keys latency_stats timer_list timer_stats sched_debug interrupts; do test ! -e /proc/$f || test -z "$(head -c1 /proc/$f)" || echo open $f; done; for f in /proc/acpi /proc/asound /proc/scsi /sys/firmware /sys/devices/virtual/powercap; do test -z "$(ls $f 2>/dev/null)" || echo open $f; done; echo ran
