/*
 * Build-time generator: the default system call filter as a C array on stdout.
 *
 * What the default lets a container do is docker's (seccomp_gen_profile.h).
 * There is no CAP_SYS_ADMIN in it, so clone may make no namespace, and clone3,
 * whose flags a filter can't see, does not exist. Everything else is EPERM, and
 * what is newer than this list ENOSYS, so that libcs fall back to what they did
 * before.
 *
 * libseccomp knows the numbers of each architecture and makes the filter;
 * seccomp_gen_tree.c makes it short. libseccomp is older than some calls, which
 * are given here by number, the same on every architecture since 424.
 */
#include "builder/sandbox/seccomp_gen_profile.h"
#include "builder/sandbox/seccomp_gen_tree.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

static void need(int result, const char *what)
{
	if (result >= 0)
		return;
	fprintf(stderr, "seccomp_gen: %s: error %d\n", what, -result);
	exit(1);
}

/* A call that this libseccomp or architecture lacks is left out. */
static void allow(scmp_filter_ctx filter, const char *name)
{
	int number = seccomp_syscall_resolve_name(name);

	if (number == __NR_SCMP_ERROR) {
		fprintf(stderr, "seccomp_gen: libseccomp has no %s\n", name);
		return;
	}
	need(seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0), name);
}

static void add_conditions(scmp_filter_ctx filter)
{
	/* the conditions proper are below; these mark the calls that have one
	 */
	need(seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
			      SCMP_A0(SCMP_CMP_LE, LAST_FAMILY, 0)),
	     "socket");
	need(seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(personality), 1,
			      SCMP_A0(SCMP_CMP_EQ, 0, 0)),
	     "personality");
	need(seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
			      SCMP_CMP64(clone_flags_argument,
					 SCMP_CMP_MASKED_EQ, namespaces, 0)),
	     "clone");
	need(seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3),
			      0),
	     "clone3");
}

/* --- conditions ------------------------------------------------------------
 */

/* Arguments are of type int: the kernel looks at the low half only, so do we.
 */
static uint32_t low_half(unsigned argument)
{
	uint32_t offset =
		(uint32_t)offsetof(struct seccomp_data, args) + 8 * argument;

	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? offset : offset + 4;
}

/*
 * The verdict for one of n values of the first argument, or where it is greater
 * than max; and the one for all others.
 */
static struct tree_program by_value(const uint32_t *values, size_t n,
				    uint32_t max, uint32_t listed,
				    uint32_t others)
{
	struct sock_filter *v = calloc(n + 4, sizeof(*v));
	size_t i;

	if (!v)
		abort();
	v[0] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
					    low_half(0));
	v[1] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, max,
					    (uint8_t)(n + 1), 0);
	for (i = 0; i < n; i++)
		v[i + 2] = (struct sock_filter)BPF_JUMP(
			BPF_JMP | BPF_JEQ | BPF_K, values[i], (uint8_t)(n - i),
			0);
	v[n + 2] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, others);
	v[n + 3] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, listed);
	return (struct tree_program){v, n + 4};
}

static struct tree_program allow_without_flags(unsigned argument,
					       uint32_t flags)
{
	static struct sock_filter v[4];

	v[0] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
					    low_half(argument));
	v[1] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, flags,
					    0, 1);
	v[2] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
					    SECCOMP_RET_ERRNO | EPERM);
	v[3] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	return (struct tree_program){v, 4};
}

/* --- architectures ---------------------------------------------------------
 */

struct architecture {
	uint32_t scmp;
	uint32_t audit;
	uint32_t socket; /* where libseccomp only knows socketcall; or 0 */
};

/* The native one first; x32 has x86-64's audit number and numbers of its own.
 */
static const struct architecture architectures[] = {
#if defined(__x86_64__)
	{SCMP_ARCH_X86_64, AUDIT_ARCH_X86_64, 0},
	{SCMP_ARCH_X86, AUDIT_ARCH_I386, 359},
	{SCMP_ARCH_X32, AUDIT_ARCH_X86_64, 0},
#elif defined(__aarch64__)
	{SCMP_ARCH_AARCH64, AUDIT_ARCH_AARCH64, 0},
	{SCMP_ARCH_ARM, AUDIT_ARCH_ARM, 0},
#elif defined(__riscv)
	{SCMP_ARCH_RISCV64, AUDIT_ARCH_RISCV64, 0},
#elif defined(__powerpc64__)
	{SCMP_ARCH_PPC64LE, AUDIT_ARCH_PPC64LE, 326},
#elif defined(__s390x__)
	{SCMP_ARCH_S390X, AUDIT_ARCH_S390X, 359},
	{SCMP_ARCH_S390, AUDIT_ARCH_S390, 359},
#else
#error "no system call filter for this architecture yet"
#endif
};

static uint32_t number_of(const struct architecture *a, const char *name)
{
	int number = seccomp_syscall_resolve_name_arch(a->scmp, name);

	if (number < 0 && a->socket)
		return a->socket;
	need(number, name);
	return (uint32_t)number;
}

static size_t make_conditions(struct tree_condition *out)
{
	struct tree_program programs[3] = {
		by_value(refused_families, LEN(refused_families), LAST_FAMILY,
			 SECCOMP_RET_ERRNO | EPERM, SECCOMP_RET_ALLOW),
		by_value(personalities, LEN(personalities), UINT32_MAX,
			 SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO | EPERM),
		allow_without_flags(clone_flags_argument, namespaces),
	};
	static const char *const names[3] = {"socket", "personality", "clone"};
	size_t n = 0;
	size_t i, j;

	for (i = 0; i < LEN(architectures); i++)
		for (j = 0; j < 3; j++)
			out[n++] = (struct tree_condition){
				architectures[i].audit,
				number_of(&architectures[i], names[j]),
				programs[j],
			};
	return n;
}

/* Where an architecture's numbers begin. */
static const uint32_t starts[] = {
	0,
#if defined(__x86_64__)
	X32_BIT,
#elif defined(__aarch64__)
	0x0f0000, /* 32-bit arm's own */
#endif
};

static size_t make_overrides(struct tree_override *out)
{
	size_t n = 0;
	size_t i, j;

	for (i = 0; i < LEN(starts); i++) {
		if (starts[i] && starts[i] != X32_BIT)
			continue;
		for (j = 0; j < LEN(allowed_numbers); j++)
			out[n++] = (struct tree_override){
				starts[i] + allowed_numbers[j].number,
				starts[i] + allowed_numbers[j].number,
				SECCOMP_RET_ALLOW,
			};
		/* x32 has more from 512 on */
		out[n++] = (struct tree_override){
			starts[i] + LAST_KNOWN + 1,
			starts[i] + (starts[i] ? 511 : LAST_COMMON),
			SECCOMP_RET_ERRNO | ENOSYS,
		};
	}
	return n;
}

/* --- */

static struct tree_program export(scmp_filter_ctx filter)
{
	static struct sock_filter v[PROGRAM_MAX];
	int fd = memfd_create("filter", 0);
	ssize_t n;

	need(fd, "memfd_create");
	need(seccomp_export_bpf(filter, fd), "export");
	n = pread(fd, v, sizeof(v), 0);
	need((int)n, "read");
	close(fd);
	return (struct tree_program){v, (size_t)n / sizeof(v[0])};
}

static void print_short(struct tree_program filter)
{
	struct tree_condition conditions[3 * LEN(architectures)];
	struct tree_override overrides[2 * LEN(allowed_numbers) + 2];
	uint32_t audit[LEN(architectures)];
	static struct sock_filter v[PROGRAM_MAX];
	struct tree_spec spec = {
		.filter = filter,
		.audit_archs = audit,
		.conditions = conditions,
		.overrides = overrides,
		.bad_arch = SECCOMP_RET_ERRNO | EPERM,
		.starts = starts,
		.n_starts = LEN(starts),
	};
	size_t n, i;

	for (i = 0; i < LEN(architectures); i++)
		if (i == 0 || architectures[i].audit != architectures[0].audit)
			audit[spec.n_audit_archs++] = architectures[i].audit;
	spec.n_conditions = make_conditions(conditions);
	spec.n_overrides = make_overrides(overrides);
	n = tree_build(&spec, v, PROGRAM_MAX);
	puts("/* Made by seccomp_gen.c. Not to be edited. */");
	for (i = 0; i < n; i++)
		printf("\t{0x%02x, %u, %u, 0x%08x},\n", v[i].code, v[i].jt,
		       v[i].jf, v[i].k);
}

int main(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	size_t i;

	if (!filter)
		return 1;
	/* as under docker, a call of another architecture is refused */
	need(seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH,
			      SCMP_ACT_ERRNO(EPERM)),
	     "bad architecture");
	for (i = 1; i < LEN(architectures); i++)
		need(seccomp_arch_add(filter, architectures[i].scmp),
		     "architecture");
	for (i = 0; i < LEN(allowed); i++)
		allow(filter, allowed[i]);
	add_conditions(filter);
	print_short(export(filter));
	seccomp_release(filter);
	return ferror(stdout) || fflush(stdout) ? 1 : 0;
}
