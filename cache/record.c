#include "cache/record.h"

#include "base/clock.h"
#include "cache/keeping.h"
#include "cache/kept.h"

#include <jansson.h>
#include <string.h>

enum { NAME_MAX_BYTES = 256 };

static void record_path(struct buf *out, const struct digest *key)
{
	char hex[DIGEST_HEX_SIZE];

	buf_printf(out, "steps/%s", digest_hex(key, hex));
}

static void variant_path(struct buf *out, const struct digest *diff_id,
			 const char *kind)
{
	char hex[DIGEST_HEX_SIZE];

	buf_printf(out, "variants/%s-%s", digest_hex(diff_id, hex), kind);
}

static bool get_digest(const json_t *object, const char *field,
		       struct digest *out)
{
	const char *text = json_string_value(json_object_get(object, field));

	return text && digest_parse(str_from(text), out);
}

static bool get_size(const json_t *object, const char *field, uint64_t *out)
{
	const json_t *value = json_object_get(object, field);

	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return false;
	*out = (uint64_t)json_integer_value(value);
	return true;
}

static bool get_time(const json_t *object, const char *field, int64_t *out)
{
	const char *text = json_string_value(json_object_get(object, field));

	return text && clock_parse_rfc3339(str_from(text), out);
}

static bool is_version_1(const json_t *root)
{
	return json_integer_value(json_object_get(root, "version")) == 1;
}

/* The document in the file, NULL where there is none that parses. */
static json_t *load(const struct store *s, const char *path, int *result,
		    struct err *e)
{
	SCOPED_BUF struct buf text =
		BUF_INIT(RECORD_MAX_BYTES + KEPT_HEAD_BYTES);
	struct str content;
	json_t *root;

	*result = kept_read(s->fd, path, &text, &content, e);
	if (*result <= 0)
		return NULL;
	root = json_loadb(content.p, content.n, 0, NULL);
	if (root && is_version_1(root))
		return root;
	json_decref(root);
	*result = 0;
	return NULL;
}

static bool get_result(const json_t *root, struct layer *out)
{
	const json_t *result = json_object_get(root, "result");

	return get_digest(result, "diffID", &out->diff_id) &&
	       get_digest(result, "contentID", &out->content_id) &&
	       get_size(result, "size", &out->size_bytes) &&
	       get_time(result, "created", &out->created_ns);
}

int record_find(const struct store *s, const struct digest *key,
		struct layer *out, struct err *e)
{
	SCOPED_BUF struct buf path = BUF_INIT(NAME_MAX_BYTES);
	json_t *root;
	int found;

	record_path(&path, key);
	root = load(s, buf_c(&path), &found, e);
	if (!root)
		return found;
	found = get_result(root, out);
	json_decref(root);
	return found ? snapshot_exists(s, &out->diff_id, e) : 0;
}

static struct str element(struct key *k, const json_t *pair, size_t i)
{
	const json_t *value = json_array_get(pair, i);

	return arena_str(&k->arena, (struct str){json_string_value(value),
						 json_string_length(value)});
}

static void get_key(const json_t *root, struct key *k)
{
	const json_t *pair;
	struct str domain;
	size_t i;

	key_init(k, "");
	domain = str_from(json_string_value(json_object_get(root, "domain")));
	k->domain = arena_str(&k->arena, domain);
	json_array_foreach(json_object_get(root, "components"), i, pair)
	{
		struct key_component *c = vec_push(&k->components);

		c->name = element(k, pair, 0);
		c->value = element(k, pair, 1);
	}
}

int record_read(const struct store *s, const struct digest *key, struct key *k,
		struct layer *result, struct err *e)
{
	SCOPED_BUF struct buf path = BUF_INIT(NAME_MAX_BYTES);
	json_t *root;
	int found;

	record_path(&path, key);
	root = load(s, buf_c(&path), &found, e);
	if (!root)
		return found;
	found = get_result(root, result);
	if (found)
		get_key(root, k);
	json_decref(root);
	return found;
}

static void write_digest(struct buf *out, const struct digest *d)
{
	char text[DIGEST_STRING_SIZE];

	buf_printf(out, "\"%s\"", digest_string(d, text));
}

static void write_record(struct buf *out, const struct key *k,
			 const struct layer *result)
{
	buf_add_c(out, "{\"version\":1,\"domain\":");
	buf_add_json_string(out, k->domain);
	buf_add_c(out, ",\"components\":[");
	for (size_t i = 0; i < k->components.n; i++) {
		buf_add_c(out, i ? ",\n[" : "\n[");
		buf_add_json_string(out, k->components.v[i].name);
		buf_add_char(out, ',');
		buf_add_json_string(out, k->components.v[i].value);
		buf_add_char(out, ']');
	}
	buf_add_c(out, "],\n\"result\":{\"diffID\":");
	write_digest(out, &result->diff_id);
	buf_add_c(out, ",\"contentID\":");
	write_digest(out, &result->content_id);
	buf_printf(out, ",\"size\":%llu,\"created\":\"",
		   (unsigned long long)result->size_bytes);
	clock_add_rfc3339(out, result->created_ns);
	buf_add_c(out, "\"}}\n");
}

int record_put(const struct store *s, const struct key *k,
	       const struct layer *result, struct err *e)
{
	SCOPED_BUF struct buf path = BUF_INIT(NAME_MAX_BYTES);
	SCOPED_BUF struct buf text = BUF_INIT(RECORD_MAX_BYTES);
	struct digest key = key_digest(k);

	record_path(&path, &key);
	write_record(&text, k, result);
	if (buf_check(&text, "step record", e) < 0)
		return -1;
	return keeping_add_record(s, buf_c(&path), buf_str(&text), e);
}

int variant_find(const struct store *s, const struct digest *diff_id,
		 const char *kind, struct variant *out, struct err *e)
{
	SCOPED_BUF struct buf path = BUF_INIT(NAME_MAX_BYTES);
	uint64_t blob_bytes;
	json_t *root;
	int found;

	variant_path(&path, diff_id, kind);
	root = load(s, buf_c(&path), &found, e);
	if (!root)
		return found;
	found = get_digest(root, "digest", &out->digest) &&
		get_digest(root, "diffID", &out->diff_id) &&
		get_size(root, "size", &out->size_bytes);
	json_decref(root);
	if (found)
		found = blob_stat(&s->blobs, &out->digest, &blob_bytes, e);
	return found == 1 && blob_bytes != out->size_bytes ? 0 : found;
}

int variant_put(const struct store *s, const struct digest *diff_id,
		const char *kind, const struct variant *v, struct err *e)
{
	SCOPED_BUF struct buf path = BUF_INIT(NAME_MAX_BYTES);
	SCOPED_BUF struct buf text = BUF_INIT(RECORD_MAX_BYTES);

	variant_path(&path, diff_id, kind);
	buf_add_c(&text, "{\"version\":1,\"digest\":");
	write_digest(&text, &v->digest);
	buf_add_c(&text, ",\"diffID\":");
	write_digest(&text, &v->diff_id);
	buf_printf(&text, ",\"size\":%llu}\n",
		   (unsigned long long)v->size_bytes);
	return kept_put(s->fd, buf_c(&path), buf_str(&text), e);
}
