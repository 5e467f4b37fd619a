#include "oci/tar_types.h"

#include "oci/tar.h"

/* Octal digits, blanks around them; enough for what leads to a header. */
static uint64_t size_of(const unsigned char *block)
{
	uint64_t size = 0;

	for (int i = 124; i < 136; i++)
		if (block[i] >= '0' && block[i] <= '7')
			size = size * 8 + (block[i] - '0');
	return size;
}

/* Of pax and GNU: what it holds belongs to the entry that follows. */
static bool is_prefix(int type)
{
	return type == 'x' || type == 'g' || type == 'L' || type == 'K';
}

static void look_at(struct tar_types *t, const unsigned char *block)
{
	uint64_t size = size_of(block);
	int type = block[156];

	if (!tar_is_header(block)) { /* the end */
		t->next = UINT64_MAX;
		return;
	}
	if (!is_prefix(type)) {
		t->type = type;
		return;
	}
	t->global |= type == 'g';
	t->next += TAR_BLOCK + size + tar_padding(size);
}

void tar_types_begin(struct tar_types *t, uint64_t offset)
{
	t->next = offset;
	t->type = -1;
}

void tar_types_feed(struct tar_types *t, uint64_t offset, const void *bytes,
		    size_t n)
{
	const unsigned char *p = bytes;

	if (n < TAR_BLOCK)
		return;
	while (t->type < 0 && t->next >= offset &&
	       t->next <= offset + n - TAR_BLOCK)
		look_at(t, p + (t->next - offset));
}
