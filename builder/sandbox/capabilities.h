/*
 * Which capabilities a command gets. Names and numbers: capabilities(7).
 */
#ifndef BUILDER_SANDBOX_CAPABILITIES_H
#define BUILDER_SANDBOX_CAPABILITIES_H

#include <stdbool.h>
#include <stdint.h>

/* What docker gives a container that asks for nothing: CAP_CHOWN and so on. */
uint64_t capabilities_default(void);
/*
 * Every capability that this kernel knows and this process may hand on. Reads
 * the bounding set, so the answer is the machine's.
 */
uint64_t capabilities_available(void);
/* "CAP_CHOWN"; NULL for a number without a name here. */
const char *capability_name(unsigned cap);

/*
 * The rest is for between clone and exec: plain system calls, 0 or -1 with
 * errno.
 */

/* Take everything outside keep from the bounding set. Needs CAP_SETPCAP. */
int capabilities_limit_bounding(uint64_t keep);
/* Permitted and effective become set; inheritable too where asked. */
int capabilities_set(uint64_t set, bool inheritable);
/* Each of set stays through exec for users that aren't root. */
int capabilities_raise_ambient(uint64_t set);

#endif
