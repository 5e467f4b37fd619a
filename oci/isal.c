#include "oci/isal.h"

/* ISO C wants one declaration; without ISA-L this file has no other. */
typedef int isal_is_optional;

#ifdef HAVE_ISAL

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>

static struct isal isal;
static bool loaded;

static bool find(void *library, const char *name, void *function)
{
	/* POSIX guarantees this conversion, ISO C has no words for it */
	*(void **)function = dlsym(library, name);
	return *(void **)function;
}

static void load(void)
{
	void *l = dlopen("libisal.so.2", RTLD_NOW | RTLD_LOCAL);

	loaded = l &&
		 find(l, "isal_deflate_stateless_init",
		      &isal.deflate_stateless_init) &&
		 find(l, "isal_deflate_stateless", &isal.deflate_stateless) &&
		 find(l, "isal_inflate_init", &isal.inflate_init) &&
		 find(l, "isal_inflate_reset", &isal.inflate_reset) &&
		 find(l, "isal_inflate", &isal.inflate);
}

const struct isal *isal_load(struct err *e)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, load);
	if (loaded)
		return &isal;
	err_set(e, ERR_UNSUPPORTED,
		"gzip at this level needs libisal.so.2: install the package "
		"libisal2, or choose compression-level 4 to 9 or zstd");
	return NULL;
}

#endif
