/*
 * ISA-L's deflate and inflate, loaded at first use. Debian has it as a shared
 * library only; linking it would make every start load and relocate it.
 */
#ifndef OCI_ISAL_H
#define OCI_ISAL_H

#include "base/err.h"

#ifdef HAVE_ISAL
#include <isa-l/igzip_lib.h>

struct isal {
	void (*deflate_stateless_init)(struct isal_zstream *s);
	int (*deflate_stateless)(struct isal_zstream *s);
	void (*inflate_init)(struct inflate_state *s);
	void (*inflate_reset)(struct inflate_state *s);
	int (*inflate)(struct inflate_state *s);
};

/* NULL with ERR_UNSUPPORTED where the library is not installed. */
const struct isal *isal_load(struct err *e);
#endif

#endif
