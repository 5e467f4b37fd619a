# Settings of the kernel are not written.
# prints: ^ran$
FROM hostile
ARG CANARY
RUN (echo x >/proc/sys/kernel/core_pattern || echo x >/proc/sys/kernel/hostname || echo x >/proc/sysrq-trigger || echo x >/proc/sys/vm/drop_caches || echo x >/proc/irq/default_smp_affinity) 2>/dev/null || echo ran
