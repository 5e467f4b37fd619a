/* Documents: what parses is written, and what is written parses to the same. */
#include "oci/config.h"
#include "oci/manifest.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same(const struct buf *a, const struct buf *b)
{
	if (!str_eq(buf_str(a), buf_str(b)))
		abort();
}

static void check_config(struct arena *a, struct str text)
{
	SCOPED_BUF struct buf one = BUF_INIT(64 << 20);
	SCOPED_BUF struct buf two = BUF_INIT(64 << 20);
	struct image_config c;
	struct err e;

	if (image_config_parse(a, text, &c, &e) < 0)
		return;
	image_config_write(&one, &c);
	if (image_config_parse(a, buf_str(&one), &c, &e) < 0)
		abort();
	image_config_write(&two, &c);
	same(&one, &two);
}

static void check_manifest(struct arena *a, struct str text)
{
	SCOPED_BUF struct buf one = BUF_INIT(64 << 20);
	SCOPED_BUF struct buf two = BUF_INIT(64 << 20);
	struct manifest m;
	struct err e;

	if (manifest_parse(a, text, &m, &e) < 0)
		return;
	manifest_write(&one, &m);
	if (manifest_parse(a, buf_str(&one), &m, &e) < 0)
		abort();
	manifest_write(&two, &m);
	same(&one, &two);
}

static void check_index(struct arena *a, struct str text)
{
	SCOPED_BUF struct buf one = BUF_INIT(64 << 20);
	SCOPED_BUF struct buf two = BUF_INIT(64 << 20);
	struct index ix;
	struct err e;

	if (index_parse(a, text, &ix, &e) < 0)
		return;
	index_write(&one, &ix);
	if (index_parse(a, buf_str(&one), &ix, &e) < 0)
		abort();
	index_write(&two, &ix);
	same(&one, &two);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SCOPED_ARENA struct arena a = {0};
	struct str text = {(const char *)data, size};

	check_config(&a, text);
	check_manifest(&a, text);
	check_index(&a, text);
	return 0;
}
