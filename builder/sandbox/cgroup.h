/*
 * Limits of a RUN that only a control group can hold: docker's --memory, --cpus
 * and their kin. Spec: Documentation/admin-guide/cgroup-v2.rst, cgroup-v1/.
 */
#ifndef BUILDER_SANDBOX_CGROUP_H
#define BUILDER_SANDBOX_CGROUP_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 0 and NULL: no limit. */
struct cgroup_limits {
	uint64_t memory_bytes;
	/* memory and swap together; 0: twice the memory; -1: any */
	int64_t memory_swap_bytes;
	uint64_t cpu_period_us;
	uint64_t cpu_quota_us; /* in each period */
	uint64_t cpu_shares;   /* of 1024 */
	const char *cpuset_cpus;
	const char *cpuset_mems;
	const char *parent; /* below which group; NULL: our own */
};

bool cgroup_limits_any(const struct cgroup_limits *l);

enum cgroup_version { CGROUP_V1, CGROUP_V2 };

/* A file of a group and what it is to hold. */
struct cgroup_setting {
	const char *controller;
	const char *file;
	char value[80]; /* empty: what the parent has */
	bool optional;	/* nobody asked for it by name */
};

enum { CGROUP_SETTINGS_MAX = 8 };

/* What the limits are in files, in the order of writing; their number. */
size_t cgroup_settings(const struct cgroup_limits *l,
		       enum cgroup_version version, struct cgroup_setting *out);

struct cgroup {
	/* One folder for all controllers, or with version 1 one for each. */
	struct cgroup_folder {
		char *path;
		int procs_fd; /* a process that writes "0" there is in */
	} folders[CGROUP_SETTINGS_MAX];
	size_t n;
	/* Version 2, where a process is in one group: its path; else NULL. */
	const char *alone;
};

/*
 * Make a group of a name of its own. ERR_UNSUPPORTED says why there can be none
 * here; ERR_INVALID which value the kernel does not take.
 */
int cgroup_make(struct cgroup *g, const struct cgroup_limits *l, struct err *e);
/* The kernel killed something in it for its memory limit. */
bool cgroup_ran_out_of_memory(const struct cgroup *g);
/* When nothing runs in it any more. A zeroed one: nothing. */
void cgroup_remove(struct cgroup *g);

struct arena;

/* The folder of our own group in the hierarchy at root; "" is version 2. */
const char *cgroup_own_folder(struct arena *a, const char *root,
			      const char *controller);
/* It may still count as used for a moment after its last process. */
void cgroup_remove_folder(const char *path);

#endif
