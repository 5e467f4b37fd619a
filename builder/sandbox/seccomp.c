#include "builder/sandbox/seccomp.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct sock_filter default_filter[] = {
#include "seccomp_default.inc"
};

_Static_assert(sizeof(default_filter) / sizeof(default_filter[0]) <=
		       BPF_MAXINSNS,
	       "the kernel takes no longer filter");

int seccomp_install_default(void)
{
	const struct sock_fprog program = {
		.len = sizeof(default_filter) / sizeof(default_filter[0]),
		.filter = (struct sock_filter *)(void *)(unsigned long)
			default_filter,
	};

	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}
