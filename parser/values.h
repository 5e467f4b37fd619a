/*
 * The small grammars inside arguments: one parser each, used after expansion.
 * Each gives 0, or -1 with ERR_INVALID that says what was expected.
 */
#ifndef PARSER_VALUES_H
#define PARSER_VALUES_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

/* Go's time.ParseDuration: "1h30m", "1.5s", "100ms". */
int duration_parse(struct str s, int64_t *out_ns, struct err *e);

/*
 * One EXPOSE argument: port, range, protocol, each published form that BuildKit
 * takes ("80", "8000-8010/udp"). Appends "80/tcp" forms to *out (in a).
 */
int ports_parse(struct arena *a, struct str s, struct str **out, size_t *out_n,
		struct err *e);

/*
 * A signal's number or name, with or without SIG; checked as docker checks it:
 * any number but 0 that Go's int holds.
 */
int signal_parse(struct str s, int64_t *out, struct err *e);

/* --chmod: octal up to 07777, or chmod's symbolic form ("u+rwX,go-w"). */
struct mode_change; /* in the arena */
int mode_parse(struct arena *a, struct str s, const struct mode_change **out,
	       struct err *e);
/* The permission bits (07777) that m makes of mode for a file or folder. */
uint32_t mode_apply(const struct mode_change *m, uint32_t mode, bool is_dir);
/* Whether m was written in octal, and so depends on no mode. */
bool mode_is_octal(const struct mode_change *m);

/* Bytes with a unit as docker's go-units RAMInBytes: "64m", "1GiB", "512". */
int size_parse(struct str s, uint64_t *out_bytes, struct err *e);

/* true/false/1/0/t/f… as Go's strconv.ParseBool. */
int bool_parse(struct str s, bool *out, struct err *e);

#endif
