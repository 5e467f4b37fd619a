/*
 * The small texts of a store: what is kept, seals, the copy of index.json.
 * Stands alone as oci_*.c do (oci.sources), with cache/kept.c and cache/seal.c.
 */
#include "cache/kept.h"
#include "cache/seal.h"
#include "oci/layout.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_kept(struct str text)
{
	SCOPED_BUF struct buf again = BUF_INIT(text.n + KEPT_HEAD_BYTES);
	struct str content;

	if (!kept_parse(text, "steps/x", &content))
		return;
	/* there is one text for a content */
	kept_write(&again, "steps/x", content);
	assert(str_eq(buf_str(&again), text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct str text = {n ? (const char *)data : "", n};
	struct str index;
	struct seal seal;

	check_kept(text);
	(void)seal_parse(text, &seal);
	if (index_copy_parse(text, &index))
		assert(index.n < text.n);
	return 0;
}
