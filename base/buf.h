/*
 * Growable byte buffers with a mandatory ceiling.
 *
 * Appending past the ceiling sets .over and drops the excess; everything else
 * keeps working, so callers append freely and ask buf_check once at the end.
 * The content is always followed by a NUL that .n does not count.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

struct buf {
	char *p; /* owned; NULL until the first append */
	size_t n;
	size_t cap;
	size_t max_bytes;
	bool over;
};

#define BUF_INIT(max) ((struct buf){.max_bytes = (max)})
void buf_release(struct buf *b);
#define SCOPED_BUF SCOPED(buf_release)

void buf_add(struct buf *b, const void *p, size_t n);
void buf_add_str(struct buf *b, struct str s);
void buf_add_c(struct buf *b, const char *s);
void buf_add_char(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Room for n more bytes at the returned pointer; NULL past the ceiling. */
char *buf_reserve(struct buf *b, size_t n);
void buf_clear(struct buf *b); /* keeps the memory */
struct str buf_str(const struct buf *b);
/* The content as a C string; "" where nothing was appended. Borrowed. */
const char *buf_c(const struct buf *b);
/* 0, or -1 with ERR_LIMIT "<what>: larger than N bytes" after an overflow. */
int buf_check(const struct buf *b, const char *what, struct err *e);

/* s as a JSON string with its quotes; bytes that are not UTF-8 become U+FFFD.
 */
void buf_add_json_string(struct buf *b, struct str s);
/* s in base64 (RFC 4648), padded. */
void buf_add_base64(struct buf *b, struct str s);
/*
 * The bytes that s in base64 stands for; padding may be left out. false, with
 * what came before appended, where s is not base64.
 */
bool buf_add_from_base64(struct buf *b, struct str s);

#endif
