/*
 * Platforms: os/architecture[/variant], normalised as containerd/platforms.
 */
#ifndef OCI_PLATFORM_H
#define OCI_PLATFORM_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>

struct platform {
	struct str os;
	struct str architecture;
	struct str variant;    /* empty where there is none */
	struct str os_version; /* empty where there is none */
};

/* "linux/amd64", "linux/arm/v7", "arm64", "linux": fills in what is missing. */
int platform_parse(struct arena *a, struct str s, struct platform *out,
		   struct err *e);
/* This machine's; strings are static. */
struct platform platform_host(void);
bool platform_eq(const struct platform *a, const struct platform *b);
/* "linux/amd64" or "linux/arm/v7". In a. */
struct str platform_format(struct arena *a, const struct platform *p);

#endif
