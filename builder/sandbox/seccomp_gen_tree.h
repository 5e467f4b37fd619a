/*
 * Build time only: a long filter made short.
 *
 * libseccomp compares numbers one by one, which for 350 calls and three
 * architectures makes 1250 instructions, and the kernel checks, converts and
 * compiles them anew for every process that installs them. Since nearly all
 * numbers are allowed, few ranges say the same.
 */
#ifndef BUILDER_SANDBOX_SECCOMP_GEN_TREE_H
#define BUILDER_SANDBOX_SECCOMP_GEN_TREE_H

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

struct tree_program {
	const struct sock_filter *v;
	size_t n;
};

/* A call whose verdict depends on its arguments: instructions that end in RET.
 */
struct tree_condition {
	uint32_t audit_arch;
	uint32_t number;
	struct tree_program code;
};

/* Numbers that get this verdict whatever the filter says. */
struct tree_override {
	uint32_t first;
	uint32_t last;
	uint32_t verdict; /* SECCOMP_RET_* */
};

struct tree_spec {
	struct tree_program filter; /* what is to be made short */
	const uint32_t *audit_archs;
	size_t n_audit_archs;
	const struct tree_condition *conditions;
	size_t n_conditions;
	const struct tree_override *overrides;
	size_t n_overrides;
	uint32_t bad_arch;	/* verdict */
	const uint32_t *starts; /* ascending, from 0: where numbers begin */
	size_t n_starts;
};

/*
 * Ask the filter about 1024 numbers from each start, for each architecture, and
 * write a program of range comparisons to out, of max
 * instructions. The number of instructions; exits with a message where the
 * filter looks at arguments of a call that has no condition.
 */
size_t tree_build(const struct tree_spec *spec, struct sock_filter *out,
		  size_t max);

#endif
