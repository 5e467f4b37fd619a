# How hot each core runs is not told.
# prints: ^ran$
FROM hostile
RUN for d in /sys/devices/system/cpu/cpu*/thermal_throttle; do test -z "$(ls $d 2>/dev/null)" || echo open $d; done | grep open || echo ran
