/*
 * Options about what RUN sees and may use: --network, --add-host, --hostname,
 * --shm-size, --ulimit, --memory, --cpus and their kin.
 */
#ifndef CLI_RUN_OPTIONS_H
#define CLI_RUN_OPTIONS_H

#include "cli/build_options.h"

struct run_options {
	string_list hosts;
	string_list limits;
	const char *network;
	const char *shm_size;
	const char *hostname;
	const char *memory;
	const char *memory_swap;
	const char *cpus;
	const char *cpu_period;
	const char *cpu_quota;
	const char *cpu_shares;
	const char *cpuset_cpus;
	const char *cpuset_mems;
	const char *cgroup_parent;
};

void run_options_release(struct run_options *o);
/* Fill in r. ERR_INVALID says what is wrong with which option. */
int run_options_apply(const struct run_options *o, struct build_request *r,
		      struct err *e);

#endif
