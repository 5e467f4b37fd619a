#include "cache/kept.h"

#include "base/digest.h"
#include "base/io.h"

#include <errno.h>
#include <string.h>

#define HEAD "imgbuild-kept 1 "

static void check_of(const char *path, struct str content,
		     char hex[DIGEST_HEX_SIZE])
{
	struct sha256 hash;
	struct digest digest;

	sha256_init(&hash);
	sha256_update(&hash, path, strlen(path));
	sha256_update(&hash, "\n", 1);
	sha256_update(&hash, content.p, content.n);
	sha256_final(&hash, &digest);
	(void)digest_hex(&digest, hex);
}

void kept_write(struct buf *out, const char *path, struct str content)
{
	char hex[DIGEST_HEX_SIZE];

	check_of(path, content, hex);
	buf_printf(out, HEAD "%s\n", hex);
	buf_add_str(out, content);
}

bool kept_parse(struct str text, const char *path, struct str *content)
{
	char hex[DIGEST_HEX_SIZE];
	struct str digits;

	if (text.n < KEPT_HEAD_BYTES || !str_starts(text, HEAD) ||
	    text.p[KEPT_HEAD_BYTES - 1] != '\n')
		return false;
	digits = str_sub(text, sizeof(HEAD) - 1, KEPT_HEAD_BYTES - 1);
	*content = str_skip(text, KEPT_HEAD_BYTES);
	check_of(path, *content, hex);
	return str_eq_c(digits, hex);
}

int kept_put(int dirfd, const char *path, struct str content, struct err *e)
{
	SCOPED_BUF struct buf text = BUF_INIT(content.n + KEPT_HEAD_BYTES);

	kept_write(&text, path, content);
	return io_replace_file(dirfd, path, buf_str(&text), IO_CACHED, e);
}

int kept_read(int dirfd, const char *path, struct buf *text,
	      struct str *content, struct err *e)
{
	int found = io_read_file(dirfd, path, text, e);

	/* too large, no regular file, a link that leads nowhere, no rights */
	if (found < 0 &&
	    (e->code == ERR_LIMIT || e->code == ERR_INVALID ||
	     (e->code == ERR_SYS && (e->sys == ELOOP || e->sys == EACCES))))
		return 0;
	if (found <= 0)
		return found;
	return kept_parse(buf_str(text), path, content);
}
