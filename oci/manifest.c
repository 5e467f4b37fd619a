#include "oci/manifest.h"

#include "oci/json.h"
#include "oci/json_write.h"

#include <jansson.h>

static int parse_descriptor(const json_t *j, const char *key, struct arena *a,
			    struct descriptor *d, struct err *e)
{
	int64_t size = -1;

	*d = (struct descriptor){0};
	if (!json_is_object(j))
		return err_set(e, ERR_INVALID, "field '%s': expected an object",
			       key);
	if (!json_is_string(json_object_get(j, "digest")))
		return err_set(e, ERR_INVALID, "field '%s': no digest", key);
	if (json_get_string(j, "mediaType", a, &d->media_type, e) < 0 ||
	    json_get_digest(j, "digest", &d->digest, e) < 0 ||
	    json_get_i64(j, "size", &size, e) < 0)
		return err_wrap(e, "field '%s'", key);
	if (size < 0)
		return err_set(e, ERR_INVALID,
			       "field '%s': size is missing or negative", key);
	d->size_bytes = (uint64_t)size;
	return 0;
}

/* schemaVersion 1 is docker's signed form of before 2016. */
static int check_version(const json_t *doc, const char *what, struct err *e)
{
	int64_t version = 2;

	if (json_get_i64(doc, "schemaVersion", &version, e) < 0)
		return err_wrap(e, "%s", what);
	if (version == 1)
		return err_set(e, ERR_UNSUPPORTED,
			       "%s: docker schema 1 is not supported; push the "
			       "image again with a current tool",
			       what);
	if (version != 2)
		return err_set(e, ERR_INVALID, "%s: schemaVersion %lld", what,
			       (long long)version);
	return 0;
}

static int parse_layers(const json_t *doc, struct arena *a,
			struct manifest *out, struct err *e)
{
	struct descriptor *layers;
	const json_t *array;
	size_t n;

	if (json_get_array(doc, "layers", &array, e) < 0)
		return -1;
	n = json_array_size(array);
	layers = arena_new_array(a, n, struct descriptor);
	for (size_t i = 0; i < n; i++)
		if (parse_descriptor(json_array_get(array, i), "layers", a,
				     &layers[i], e) < 0)
			return -1;
	out->layers = layers;
	out->n_layers = n;
	return 0;
}

int manifest_parse(struct arena *a, struct str json, struct manifest *out,
		   struct err *e)
{
	SCOPED_JSON json_t *doc = NULL;

	*out = (struct manifest){0};
	if (json_load_object(json, MANIFEST_MAX_BYTES, "manifest", &doc, e) < 0)
		return -1;
	if (check_version(doc, "manifest", e) < 0)
		return -1;
	if (json_object_get(doc, "manifests"))
		return err_set(e, ERR_INVALID,
			       "manifest: this is an index of manifests");
	if (!json_object_get(doc, "config"))
		return err_set(e, ERR_INVALID, "manifest: no config");
	if (parse_descriptor(json_object_get(doc, "config"), "config", a,
			     &out->config, e) < 0 ||
	    parse_layers(doc, a, out, e) < 0 ||
	    json_get_pairs(doc, "annotations", a, &out->annotations, e) < 0)
		return err_wrap(e, "manifest");
	return 0;
}

static int parse_platform(const json_t *entry, struct arena *a,
			  struct platform *p, struct err *e)
{
	const json_t *j;

	if (json_get_object(entry, "platform", &j, e) < 0)
		return -1;
	if (!j)
		return 0;
	if (json_get_string(j, "architecture", a, &p->architecture, e) < 0 ||
	    json_get_string(j, "os", a, &p->os, e) < 0 ||
	    json_get_string(j, "os.version", a, &p->os_version, e) < 0 ||
	    json_get_string(j, "variant", a, &p->variant, e) < 0)
		return err_wrap(e, "field 'platform'");
	return 0;
}

static int parse_entry(const json_t *j, struct arena *a,
		       struct index_entry *entry, struct err *e)
{
	if (parse_descriptor(j, "manifests", a, &entry->descriptor, e) < 0 ||
	    parse_platform(j, a, &entry->platform, e) < 0 ||
	    json_get_pairs(j, "annotations", a, &entry->annotations, e) < 0)
		return -1;
	return 0;
}

int index_parse(struct arena *a, struct str json, struct index *out,
		struct err *e)
{
	SCOPED_JSON json_t *doc = NULL;
	struct index_entry *entries;
	const json_t *array;
	size_t n;

	*out = (struct index){0};
	if (json_load_object(json, MANIFEST_MAX_BYTES, "index", &doc, e) < 0)
		return -1;
	if (check_version(doc, "index", e) < 0)
		return -1;
	if (json_get_array(doc, "manifests", &array, e) < 0 ||
	    json_get_pairs(doc, "annotations", a, &out->annotations, e) < 0)
		return err_wrap(e, "index");
	n = json_array_size(array);
	entries = arena_new_array(a, n, struct index_entry);
	for (size_t i = 0; i < n; i++)
		if (parse_entry(json_array_get(array, i), a, &entries[i], e) <
		    0)
			return err_wrap(e, "index: entry %zu", i);
	out->entries = entries;
	out->n_entries = n;
	return 0;
}

/* The members of a descriptor, without its brackets. */
static void write_descriptor(struct json_writer *object,
			     const struct descriptor *d)
{
	char text[DIGEST_STRING_SIZE];

	json_add_string_unless_empty(object, "mediaType", d->media_type);
	json_add_string(object, "digest",
			str_from(digest_string(&d->digest, text)));
	json_key(object, "size");
	buf_printf(object->out, "%llu", (unsigned long long)d->size_bytes);
}

static void write_plain_descriptor(struct buf *out, const struct descriptor *d)
{
	struct json_writer object = json_begin(out, '{');

	write_descriptor(&object, d);
	json_end(&object, '}');
}

struct str manifest_media_type(const struct manifest *m)
{
	if (str_eq_c(m->config.media_type, MEDIA_DOCKER_CONFIG))
		return STR(MEDIA_DOCKER_MANIFEST);
	return STR(MEDIA_MANIFEST);
}

bool media_type_is_index(struct str media_type)
{
	return str_eq_c(media_type, MEDIA_INDEX) ||
	       str_eq_c(media_type, MEDIA_DOCKER_INDEX);
}

void manifest_write(struct buf *out, const struct manifest *m)
{
	struct json_writer w = json_begin(out, '{');
	struct json_writer array;

	json_key(&w, "schemaVersion");
	buf_add_char(out, '2');
	json_add_string(&w, "mediaType", manifest_media_type(m));
	json_key(&w, "config");
	write_plain_descriptor(out, &m->config);
	json_key(&w, "layers");
	array = json_begin(out, '[');
	for (size_t i = 0; i < m->n_layers; i++) {
		json_next(&array);
		write_plain_descriptor(out, &m->layers[i]);
	}
	json_end(&array, ']');
	json_add_pairs_unless_empty(&w, "annotations", m->annotations);
	json_end(&w, '}');
}

static void write_platform(struct json_writer *w, const struct platform *p)
{
	struct json_writer object;

	if (!p->os.n)
		return;
	json_key(w, "platform");
	object = json_begin(w->out, '{');
	json_add_string(&object, "architecture", p->architecture);
	json_add_string(&object, "os", p->os);
	json_add_string_unless_empty(&object, "os.version", p->os_version);
	json_add_string_unless_empty(&object, "variant", p->variant);
	json_end(&object, '}');
}

void index_write(struct buf *out, const struct index *ix)
{
	struct json_writer w = json_begin(out, '{');
	struct json_writer array;
	struct json_writer entry;

	json_key(&w, "schemaVersion");
	buf_add_char(out, '2');
	json_add_string(&w, "mediaType", STR(MEDIA_INDEX));
	json_key(&w, "manifests");
	array = json_begin(out, '[');
	for (size_t i = 0; i < ix->n_entries; i++) {
		json_next(&array);
		entry = json_begin(out, '{');
		write_descriptor(&entry, &ix->entries[i].descriptor);
		json_add_pairs_unless_empty(&entry, "annotations",
					    ix->entries[i].annotations);
		write_platform(&entry, &ix->entries[i].platform);
		json_end(&entry, '}');
	}
	json_end(&array, ']');
	json_add_pairs_unless_empty(&w, "annotations", ix->annotations);
	json_end(&w, '}');
}
