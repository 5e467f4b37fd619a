#include "oci/layout.h"

#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

enum { MAX_INDEX_DEPTH = 4 };

/* The lock that every change of index.json is made under: an fd, or -1. */
static int lock_index(int dirfd, struct err *e)
{
	SCOPED_FD int fd = openat(dirfd, "locks/index.lock",
				  O_RDWR | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0)
		return err_sys(e, "open locks/index.lock");
	while (flock(fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return err_sys(e, "lock locks/index.lock");
	return TAKE_FD(fd);
}

/*
 * Which names there are is written nowhere else, so there is a copy: a line
 * with the SHA-256 of what follows, which is index.json as it was written last.
 * It is what counts where index.json is gone or can't be understood.
 */
static const char COPY[] = "index.json.copy";

static int write_copy(int dirfd, struct str index, struct err *e)
{
	SCOPED_BUF struct buf text = BUF_INIT(MANIFEST_MAX_BYTES + 128);
	const struct digest digest = digest_of(index.p, index.n);
	char hex[DIGEST_HEX_SIZE];

	buf_printf(&text, "%s\n", digest_hex(&digest, hex));
	buf_add_str(&text, index);
	return io_replace_file(dirfd, COPY, buf_str(&text), IO_CACHED, e);
}

static int write_index(int dirfd, const struct index *ix, struct err *e)
{
	SCOPED_BUF struct buf text = BUF_INIT(MANIFEST_MAX_BYTES);

	index_write(&text, ix);
	if (buf_check(&text, "index.json", e) < 0 ||
	    io_replace_file(dirfd, "index.json", buf_str(&text), IO_DURABLE,
			    e) < 0)
		return -1;
	return write_copy(dirfd, buf_str(&text), e);
}

bool index_copy_parse(struct str text, struct str *index)
{
	char hex[DIGEST_HEX_SIZE];
	struct digest digest;
	struct str digits;

	if (!str_cut(text, '\n', &digits, index))
		return false;
	digest = digest_of(index->p, index->n);
	return str_eq_c(digits, digest_hex(&digest, hex));
}

/* 1 there is a copy that is whole, 0 not. */
static int read_copy(int dirfd, struct arena *a, struct index *out)
{
	SCOPED_BUF struct buf text = BUF_INIT(MANIFEST_MAX_BYTES + 128);
	struct str index;
	struct err ignored;

	return io_read_file(dirfd, COPY, &text, &ignored) > 0 &&
	       index_copy_parse(buf_str(&text), &index) &&
	       index_parse(a, index, out, &ignored) == 0;
}

static bool there(int dirfd, const char *name)
{
	return faccessat(dirfd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int layout_init(int dirfd, struct err *e)
{
	const struct str version = STR("{\"imageLayoutVersion\":\"1.0.0\"}");
	SCOPED_ARENA struct arena a = {0};
	SCOPED_FD int lock = -1;
	struct index ix;

	if (io_mkdir_all(dirfd, "blobs/sha256", 0755, e) < 0 ||
	    io_mkdir(dirfd, "tmp", 0755, e) < 0 ||
	    io_mkdir(dirfd, "locks", 0755, e) < 0)
		return -1;
	if (there(dirfd, "oci-layout") && there(dirfd, "index.json"))
		return 0;
	lock = lock_index(dirfd, e);
	if (lock < 0)
		return -1;
	if (!there(dirfd, "index.json") &&
	    (layout_read_index(dirfd, &a, &ix, e) < 0 ||
	     write_index(dirfd, &ix, e) < 0))
		return -1;
	if (there(dirfd, "oci-layout"))
		return 0;
	return io_replace_file(dirfd, "oci-layout", version, IO_DURABLE, e);
}

int layout_read_index(int dirfd, struct arena *a, struct index *out,
		      struct err *e)
{
	SCOPED_BUF struct buf text = BUF_INIT(MANIFEST_MAX_BYTES);
	int found = io_read_file(dirfd, "index.json", &text, e);

	*out = (struct index){0};
	if (found > 0 && index_parse(a, buf_str(&text), out, e) == 0)
		return 0;
	if (read_copy(dirfd, a, out))
		return 0;
	*out = (struct index){0};
	if (found == 0)
		return 0;
	return err_wrap(e, "index.json, which has the images' names, is "
			   "damaged, and so is index.json.copy: restore one "
			   "of them, or remove both to begin without names");
}

struct str index_entry_annotation(const struct index_entry *entry,
				  const char *key)
{
	for (size_t i = 0; i < entry->annotations.n; i++)
		if (str_eq_c(entry->annotations.v[i].key, key))
			return entry->annotations.v[i].value;
	return STR("");
}

static const struct index_entry *find_name(const struct index *ix,
					   struct str name)
{
	for (size_t i = 0; i < ix->n_entries; i++)
		if (str_eq(index_entry_annotation(&ix->entries[i],
						  LAYOUT_REF_NAME),
			   name))
			return &ix->entries[i];
	return NULL;
}

/* Read the index that an entry describes: 1 read, 0 it is none or elsewhere, -1
 */
static int read_nested(int dirfd, struct arena *a, const struct descriptor *d,
		       struct index *out, struct err *e)
{
	SCOPED_BUF struct buf text = BUF_INIT(MANIFEST_MAX_BYTES);
	const struct blobs b = {dirfd};

	if (!media_type_is_index(d->media_type))
		return 0;
	if (blob_read(&b, &d->digest, &text, e) < 0)
		return e->code == ERR_NOT_FOUND ? 0 : -1;
	return index_parse(a, buf_str(&text), out, e) < 0 ? -1 : 1;
}

static int find_digest(int dirfd, struct arena *a, const struct index *ix,
		       const struct digest *digest, int depth,
		       struct index_entry *out, struct err *e)
{
	struct index nested;
	int found = 0;

	for (size_t i = 0; i < ix->n_entries; i++) {
		if (!digest_eq(&ix->entries[i].descriptor.digest, digest))
			continue;
		*out = ix->entries[i];
		return 1;
	}
	for (size_t i = 0; i < ix->n_entries && !found; i++) {
		if (depth == MAX_INDEX_DEPTH)
			return 0;
		found = read_nested(dirfd, a, &ix->entries[i].descriptor,
				    &nested, e);
		if (found > 0)
			found = find_digest(dirfd, a, &nested, digest,
					    depth + 1, out, e);
	}
	return found;
}

int layout_find_digest(int dirfd, struct arena *a, const struct index *ix,
		       struct str digest, struct index_entry *out,
		       struct err *e)
{
	struct digest wanted;

	if (!digest_parse(digest, &wanted))
		return err_set(e, ERR_INVALID,
			       "'%.*s': expected sha256: and 64 lower-case "
			       "hexadecimal digits",
			       STR_ARG(digest));
	return find_digest(dirfd, a, ix, &wanted, 0, out, e);
}

/* "docker.io/a/b" of "docker.io/a/b:tag@sha256:…"; *digest may be empty. */
static struct str repository(struct str name, struct str *digest)
{
	ptrdiff_t colon;

	(void)str_cut(name, '@', &name, digest);
	colon = str_rfind(name, ':');
	if (colon <= str_rfind(name, '/'))
		return name;
	return str_sub(name, 0, (size_t)colon);
}

/* The entries whose names are of that repository, whatever their tags. */
static struct index of_repository(struct arena *a, const struct index *ix,
				  struct str wanted)
{
	struct index_entry *v =
		arena_new_array(a, ix->n_entries, struct index_entry);
	struct index out = {.entries = v};
	struct str ignored;

	for (size_t i = 0; i < ix->n_entries; i++) {
		struct str name = index_entry_annotation(&ix->entries[i],
							 LAYOUT_REF_NAME);

		if (str_eq(repository(name, &ignored), wanted))
			v[out.n_entries++] = ix->entries[i];
	}
	return out;
}

int layout_find(int dirfd, struct arena *a, struct str name,
		struct index_entry *out, struct err *e)
{
	const struct index_entry *found;
	struct str digest;
	struct str wanted = repository(name, &digest);
	struct index ix;

	if (layout_read_index(dirfd, a, &ix, e) < 0)
		return -1;
	if (digest.n) {
		ix = of_repository(a, &ix, wanted);
		return layout_find_digest(dirfd, a, &ix, digest, out, e);
	}
	found = find_name(&ix, name);
	if (!found)
		return 0;
	*out = *found;
	return 1;
}

static bool same_pairs(struct config_pairs a, struct config_pairs b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++) {
		bool found = false;

		for (size_t k = 0; k < b.n && !found; k++)
			found = str_eq(a.v[i].key, b.v[k].key) &&
				str_eq(a.v[i].value, b.v[k].value);
		if (!found)
			return false;
	}
	return true;
}

static bool same_entry(const struct index_entry *a, const struct index_entry *b)
{
	return digest_eq(&a->descriptor.digest, &b->descriptor.digest) &&
	       a->descriptor.size_bytes == b->descriptor.size_bytes &&
	       str_eq(a->descriptor.media_type, b->descriptor.media_type) &&
	       platform_eq(&a->platform, &b->platform) &&
	       str_eq(a->platform.os_version, b->platform.os_version) &&
	       same_pairs(a->annotations, b->annotations);
}

/*
 * The index with all entries of the name left out and, where entry is given,
 * that one in their place. An image that gets a name is no longer listed
 * without one.
 */
static struct index with_name(struct arena *a, const struct index *ix,
			      struct str name, const struct index_entry *entry)
{
	struct index_entry *v =
		arena_new_array(a, ix->n_entries + 1, struct index_entry);
	struct index out = *ix;
	bool placed = !entry;
	size_t n = 0;

	for (size_t i = 0; i < ix->n_entries; i++) {
		struct str its = index_entry_annotation(&ix->entries[i],
							LAYOUT_REF_NAME);

		if (entry && !its.n &&
		    digest_eq(&ix->entries[i].descriptor.digest,
			      &entry->descriptor.digest))
			continue;
		if (!str_eq(its, name)) {
			v[n++] = ix->entries[i];
			continue;
		}
		if (!placed)
			v[n++] = *entry;
		placed = true;
	}
	if (!placed)
		v[n++] = *entry;
	out.entries = v;
	out.n_entries = n;
	return out;
}

int layout_set_name(int dirfd, struct str name, const struct index_entry *entry,
		    struct err *e)
{
	SCOPED_ARENA struct arena a = {0};
	const struct index_entry *old;
	struct index_entry named = *entry;
	struct index ix;
	SCOPED_FD int lock = lock_index(dirfd, e);

	if (lock < 0 || layout_read_index(dirfd, &a, &ix, e) < 0)
		return -1;
	named.annotations =
		pairs_set(&a, entry->annotations, STR(LAYOUT_REF_NAME), name);
	old = find_name(&ix, name);
	if (old && same_entry(old, &named))
		return 0;
	ix = with_name(&a, &ix, name, &named);
	return write_index(dirfd, &ix, e);
}

static const struct index_entry *find_listed(const struct index *ix,
					     const struct digest *d)
{
	for (size_t i = 0; i < ix->n_entries; i++)
		if (digest_eq(&ix->entries[i].descriptor.digest, d))
			return &ix->entries[i];
	return NULL;
}

int layout_list(int dirfd, const struct index_entry *entry, struct err *e)
{
	SCOPED_ARENA struct arena a = {0};
	struct index_entry *v;
	struct index ix;
	SCOPED_FD int lock = lock_index(dirfd, e);

	if (lock < 0 || layout_read_index(dirfd, &a, &ix, e) < 0)
		return -1;
	if (find_listed(&ix, &entry->descriptor.digest))
		return 0;
	v = arena_new_array(&a, ix.n_entries + 1, struct index_entry);
	for (size_t i = 0; i < ix.n_entries; i++)
		v[i] = ix.entries[i];
	v[ix.n_entries++] = *entry;
	ix.entries = v;
	return write_index(dirfd, &ix, e);
}

int layout_remove_digest(int dirfd, const struct digest *d, struct err *e)
{
	SCOPED_ARENA struct arena a = {0};
	struct index_entry *v;
	struct index ix;
	size_t n = 0;
	SCOPED_FD int lock = lock_index(dirfd, e);

	if (lock < 0 || layout_read_index(dirfd, &a, &ix, e) < 0)
		return -1;
	if (!find_listed(&ix, d))
		return 0;
	v = arena_new_array(&a, ix.n_entries, struct index_entry);
	for (size_t i = 0; i < ix.n_entries; i++)
		if (!digest_eq(&ix.entries[i].descriptor.digest, d))
			v[n++] = ix.entries[i];
	ix.entries = v;
	ix.n_entries = n;
	return write_index(dirfd, &ix, e) < 0 ? -1 : 1;
}

int layout_remove_name(int dirfd, struct str name, struct err *e)
{
	SCOPED_ARENA struct arena a = {0};
	struct index ix;
	SCOPED_FD int lock = lock_index(dirfd, e);

	if (lock < 0 || layout_read_index(dirfd, &a, &ix, e) < 0)
		return -1;
	if (!find_name(&ix, name))
		return 0;
	ix = with_name(&a, &ix, name, NULL);
	return write_index(dirfd, &ix, e) < 0 ? -1 : 1;
}

static int no_platform(struct arena *a, const struct index *ix,
		       const struct platform *wanted, struct err *e)
{
	struct str names = STR("");

	for (size_t i = 0; i < ix->n_entries; i++) {
		const struct platform *p = &ix->entries[i].platform;

		if (!p->os.n || str_eq_c(p->os, "unknown"))
			continue;
		names = arena_printf(a, "%.*s%s%.*s", STR_ARG(names),
				     names.n ? ", " : "",
				     STR_ARG(platform_format(a, p)));
	}
	return err_set(e, ERR_NOT_FOUND,
		       "no image for platform %.*s; there are: %.*s",
		       STR_ARG(platform_format(a, wanted)),
		       STR_ARG(names.n ? names : STR("none")));
}

/* As documents spell it: "arm64" with "v8" is "arm64". */
static bool entry_matches(struct arena *a, const struct index_entry *entry,
			  const struct platform *wanted)
{
	struct platform p;
	struct err ignored;

	if (!entry->platform.os.n)
		return false;
	if (platform_parse(a, platform_format(a, &entry->platform), &p,
			   &ignored) < 0)
		return false;
	return platform_eq(&p, wanted);
}

int index_choose(struct arena *a, const struct index *ix,
		 const struct platform *wanted, const struct index_entry **out,
		 struct err *e)
{
	for (size_t i = 0; i < ix->n_entries; i++) {
		if (!entry_matches(a, &ix->entries[i], wanted))
			continue;
		*out = &ix->entries[i];
		return 0;
	}
	/* an index of one manifest that does not say what it is for */
	if (ix->n_entries == 1 && !ix->entries[0].platform.os.n) {
		*out = &ix->entries[0];
		return 0;
	}
	return no_platform(a, ix, wanted, e);
}

static int choose(struct arena *a, struct str json,
		  const struct platform *wanted, struct descriptor *out,
		  struct err *e)
{
	const struct index_entry *entry;
	struct index ix;

	if (index_parse(a, json, &ix, e) < 0 ||
	    index_choose(a, &ix, wanted, &entry, e) < 0)
		return -1;
	*out = entry->descriptor;
	return 0;
}

/* Read the document that *d names, following indexes; *d becomes its own. */
static int read_manifest(const struct blobs *b, struct arena *a,
			 struct descriptor *d, const struct platform *platform,
			 struct buf *text, struct err *e)
{
	for (int depth = 0; depth < MAX_INDEX_DEPTH; depth++) {
		buf_clear(text);
		if (blob_read(b, &d->digest, text, e) < 0)
			return -1;
		if (!media_type_is_index(d->media_type))
			return 0;
		if (choose(a, buf_str(text), platform, d, e) < 0)
			return -1;
	}
	return err_set(e, ERR_INVALID, "indexes nested deeper than %d levels",
		       MAX_INDEX_DEPTH);
}

int layout_read_image(int dirfd, struct arena *a, const struct descriptor *d,
		      const struct platform *platform,
		      struct manifest *manifest, struct digest *manifest_digest,
		      struct image_config *config, struct err *e)
{
	SCOPED_BUF struct buf text = BUF_INIT(MANIFEST_MAX_BYTES);
	const struct platform host = platform_host();
	const struct blobs b = {dirfd};
	struct descriptor at = *d;

	if (read_manifest(&b, a, &at, platform ? platform : &host, &text, e) <
	    0)
		return -1;
	if (manifest_parse(a, buf_str(&text), manifest, e) < 0)
		return -1;
	*manifest_digest = at.digest;
	buf_clear(&text);
	if (blob_read(&b, &manifest->config.digest, &text, e) < 0)
		return err_wrap(e, "image config");
	return image_config_parse(a, buf_str(&text), config, e);
}
