/*
 * Options about what RUN sees: --network, --add-host, --shm-size, --ulimit.
 */
#ifndef CLI_RUN_OPTIONS_H
#define CLI_RUN_OPTIONS_H

#include "cli/build_options.h"

struct run_options {
	string_list hosts;
	string_list limits;
	const char *network;
	const char *shm_size;
};

void run_options_release(struct run_options *o);
/* Fill in r. ERR_INVALID says what is wrong with which option. */
int run_options_apply(const struct run_options *o, struct build_request *r,
		      struct err *e);

#endif
