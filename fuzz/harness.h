/*
 * What every harness provides. Each is built twice: with replay.c, which feeds
 * it the files of its corpus as a test, and with clang's libFuzzer (run.sh).
 */
#ifndef FUZZ_HARNESS_H
#define FUZZ_HARNESS_H

#include "base/str.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Cut the first line off the input. */
static inline struct str harness_line(struct str *rest)
{
	struct str line;

	(void)str_cut(*rest, '\n', &line, rest);
	return line;
}

static inline struct str harness_str(const uint8_t *data, size_t n)
{
	return (struct str){(const char *)data, n};
}

#endif
