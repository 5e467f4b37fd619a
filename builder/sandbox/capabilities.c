#include "builder/sandbox/capabilities.h"

#include "base/mem.h"

#include <linux/capability.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { CAPABILITIES_MAX = 64 };

static const char *const names[] = {
	"CAP_CHOWN",
	"CAP_DAC_OVERRIDE",
	"CAP_DAC_READ_SEARCH",
	"CAP_FOWNER",
	"CAP_FSETID",
	"CAP_KILL",
	"CAP_SETGID",
	"CAP_SETUID",
	"CAP_SETPCAP",
	"CAP_LINUX_IMMUTABLE",
	"CAP_NET_BIND_SERVICE",
	"CAP_NET_BROADCAST",
	"CAP_NET_ADMIN",
	"CAP_NET_RAW",
	"CAP_IPC_LOCK",
	"CAP_IPC_OWNER",
	"CAP_SYS_MODULE",
	"CAP_SYS_RAWIO",
	"CAP_SYS_CHROOT",
	"CAP_SYS_PTRACE",
	"CAP_SYS_PACCT",
	"CAP_SYS_ADMIN",
	"CAP_SYS_BOOT",
	"CAP_SYS_NICE",
	"CAP_SYS_RESOURCE",
	"CAP_SYS_TIME",
	"CAP_SYS_TTY_CONFIG",
	"CAP_MKNOD",
	"CAP_LEASE",
	"CAP_AUDIT_WRITE",
	"CAP_AUDIT_CONTROL",
	"CAP_SETFCAP",
	"CAP_MAC_OVERRIDE",
	"CAP_MAC_ADMIN",
	"CAP_SYSLOG",
	"CAP_WAKE_ALARM",
	"CAP_BLOCK_SUSPEND",
	"CAP_AUDIT_READ",
	"CAP_PERFMON",
	"CAP_BPF",
	"CAP_CHECKPOINT_RESTORE",
};

static const unsigned char defaults[] = {
	CAP_CHOWN,   CAP_DAC_OVERRIDE, CAP_FSETID,	     CAP_FOWNER,
	CAP_MKNOD,   CAP_NET_RAW,      CAP_SETGID,	     CAP_SETUID,
	CAP_SETFCAP, CAP_SETPCAP,      CAP_NET_BIND_SERVICE, CAP_SYS_CHROOT,
	CAP_KILL,    CAP_AUDIT_WRITE,
};

uint64_t capabilities_default(void)
{
	uint64_t set = 0;
	size_t i;

	for (i = 0; i < ARRAY_LEN(defaults); i++)
		set |= UINT64_C(1) << defaults[i];
	return set;
}

uint64_t capabilities_available(void)
{
	uint64_t set = 0;
	int cap;

	for (cap = 0; cap < CAPABILITIES_MAX; cap++) {
		int got = prctl(PR_CAPBSET_READ, cap, 0, 0, 0);

		if (got < 0)
			break; /* EINVAL: past the last one of this kernel */
		if (got > 0)
			set |= UINT64_C(1) << cap;
	}
	return set;
}

const char *capability_name(unsigned cap)
{
	return cap < ARRAY_LEN(names) ? names[cap] : NULL;
}

int capabilities_limit_bounding(uint64_t keep)
{
	int cap;

	for (cap = 0; cap < CAPABILITIES_MAX; cap++) {
		if (keep >> cap & 1)
			continue;
		/* drop without asking: EINVAL ends the kernel's list */
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0)
			continue;
		return prctl(PR_CAPBSET_READ, cap, 0, 0, 0) < 0 ? 0 : -1;
	}
	return 0;
}

int capabilities_set(uint64_t set, bool inheritable)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2];
	int i;

	for (i = 0; i < 2; i++) {
		data[i].permitted = (uint32_t)(set >> (32 * i));
		data[i].effective = data[i].permitted;
		data[i].inheritable = inheritable ? data[i].permitted : 0;
	}
	return (int)syscall(SYS_capset, &header, data);
}

int capabilities_raise_ambient(uint64_t set)
{
	int cap;

	for (cap = 0; cap < CAPABILITIES_MAX; cap++)
		if (set >> cap & 1 &&
		    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0)
			return -1;
	return 0;
}
