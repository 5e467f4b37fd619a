#include "cache/trace.h"

#include "base/clock.h"
#include "base/io.h"

#include <dirent.h>
#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <unistd.h>

enum { PATH_BYTES = 128 };

void trace_release(struct trace *t)
{
	for (size_t i = 0; i < t->steps.n; i++)
		reasons_release(&t->steps.v[i].reasons);
	vec_release(&t->steps);
	vec_release(&t->names);
	arena_release(&t->arena);
}

static void path_of(struct buf *out, const struct digest *identity)
{
	char hex[DIGEST_HEX_SIZE];

	buf_printf(out, "traces/%s", digest_hex(identity, hex));
}

/* --- writing ------------------------------------------------------------ */

static void add_member(struct buf *out, const char *name, struct str value)
{
	buf_printf(out, ",\"%s\":", name);
	buf_add_json_string(out, value);
}

static void add_unless_empty(struct buf *out, const char *name,
			     struct str value)
{
	if (value.n)
		add_member(out, name, value);
}

void reason_add_json(struct buf *out, const struct reason *r)
{
	buf_printf(out, "\"kind\":\"%s\"", reason_kind_name(r->kind));
	add_unless_empty(out, "component", r->component);
	add_unless_empty(out, "subject", r->subject);
	add_unless_empty(out, "field", str_from(reason_field_name(r->field)));
	if (r->had_before)
		add_member(out, "before", r->before);
	if (r->has_after)
		add_member(out, "after", r->after);
	if (r->unused)
		buf_add_c(out, ",\"unused\":true");
	if (r->count)
		buf_printf(out, ",\"count\":%llu",
			   (unsigned long long)r->count);
}

static void add_step(struct buf *out, const struct trace_step *s)
{
	char digest[DIGEST_STRING_SIZE];

	buf_add_c(out, "{\"stage\":");
	buf_add_json_string(out, s->stage);
	buf_printf(out, ",\"number\":%zu", s->number);
	add_member(out, "title", s->title);
	buf_printf(out, ",\"key\":\"%s\",\"ran\":%s,\"reasons\":[",
		   digest_string(&s->key, digest), s->ran ? "true" : "false");
	for (size_t i = 0; i < s->reasons.v.n; i++) {
		buf_add_c(out, i ? ",{" : "{");
		reason_add_json(out, &s->reasons.v.v[i]);
		buf_add_char(out, '}');
	}
	buf_add_c(out, "]}");
}

/* How the document begins. */
static void add_head(struct buf *out, const struct trace *t)
{
	char text[DIGEST_STRING_SIZE];
	struct sha256 hash;
	struct digest keys;

	sha256_init(&hash);
	for (size_t i = 0; i < t->n_own; i++)
		sha256_update(&hash, t->steps.v[i].key.bytes, DIGEST_SIZE);
	sha256_final(&hash, &keys);
	buf_printf(out, "{\"version\":1,\"keys\":\"%s\"",
		   digest_string(&keys, text));
}

bool trace_is_of(const struct store *s, const struct digest *identity,
		 const struct trace *t)
{
	SCOPED_BUF struct buf path = BUF_INIT(PATH_BYTES);
	SCOPED_BUF struct buf head = BUF_INIT(PATH_BYTES);
	char found[PATH_BYTES];
	SCOPED_FD int fd = -1;

	path_of(&path, identity);
	add_head(&head, t);
	fd = openat(s->fd, buf_c(&path), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	return fd >= 0 && pread(fd, found, head.n, 0) == (ssize_t)head.n &&
	       memcmp(found, head.p, head.n) == 0;
}

int trace_write(const struct store *s, const struct digest *identity,
		const struct trace *t, struct err *e)
{
	SCOPED_BUF struct buf path = BUF_INIT(PATH_BYTES);
	SCOPED_BUF struct buf text = BUF_INIT(TRACE_MAX_BYTES);

	path_of(&path, identity);
	add_head(&text, t);
	buf_add_c(&text, ",\"at\":\"");
	clock_add_rfc3339(&text, t->at_ns);
	buf_add_c(&text, "\",\"names\":[");
	for (size_t i = 0; i < t->names.n; i++) {
		if (i)
			buf_add_char(&text, ',');
		buf_add_json_string(&text, t->names.v[i]);
	}
	buf_add_c(&text, "],\"steps\":[");
	for (size_t i = 0; i < t->steps.n; i++) {
		buf_add_c(&text, i ? ",\n" : "\n");
		add_step(&text, &t->steps.v[i]);
	}
	buf_add_c(&text, "]}\n");
	if (buf_check(&text, "trace", e) < 0)
		return -1;
	return io_replace_file(s->fd, buf_c(&path), buf_str(&text), IO_CACHED,
			       e);
}

/* --- reading ------------------------------------------------------------ */

/* A member's text, in a; empty where there is none. */
static struct str get_text(struct arena *a, const json_t *object,
			   const char *name)
{
	const json_t *value = json_object_get(object, name);

	if (!json_is_string(value))
		return (struct str){0};
	return arena_str(a, (struct str){json_string_value(value),
					 json_string_length(value)});
}

static unsigned find_name(struct str name, unsigned n,
			  const char *(*name_of)(unsigned i))
{
	for (unsigned i = 0; i < n; i++)
		if (str_eq_c(name, name_of(i)))
			return i;
	return 0;
}

static const char *kind_name(unsigned i)
{
	return reason_kind_name((enum reason_kind)i);
}

static const char *field_name(unsigned i)
{
	return reason_field_name((enum reason_field)i);
}

static void parse_reason(struct reasons *r, const json_t *object)
{
	struct arena *a = &r->arena;
	struct reason *out = reasons_add(r, REASON_FIRST);

	out->kind = (enum reason_kind)find_name(get_text(a, object, "kind"),
						REASON_SAME + 1, kind_name);
	out->field = (enum reason_field)find_name(get_text(a, object, "field"),
						  REASON_FIELD_OWNER + 1,
						  field_name);
	out->component = get_text(a, object, "component");
	out->subject = get_text(a, object, "subject");
	out->had_before = json_object_get(object, "before") != NULL;
	out->has_after = json_object_get(object, "after") != NULL;
	out->before = get_text(a, object, "before");
	out->after = get_text(a, object, "after");
	out->unused = json_is_true(json_object_get(object, "unused"));
	out->count =
		(uint64_t)json_integer_value(json_object_get(object, "count"));
}

static void parse_step(struct trace *t, const json_t *object)
{
	struct trace_step *step = vec_push(&t->steps);
	const json_t *reasons = json_object_get(object, "reasons");
	const json_t *reason;
	size_t i;

	step->stage = get_text(&t->arena, object, "stage");
	step->title = get_text(&t->arena, object, "title");
	step->number =
		(size_t)json_integer_value(json_object_get(object, "number"));
	step->ran = json_is_true(json_object_get(object, "ran"));
	(void)digest_parse(get_text(&t->arena, object, "key"), &step->key);
	json_array_foreach(reasons, i, reason)
		parse_reason(&step->reasons, reason);
}

static bool parse(struct trace *t, struct str text)
{
	json_t *root = json_loadb(text.p ? text.p : "", text.n, 0, NULL);
	const json_t *value;
	struct str at;
	size_t i;

	if (json_integer_value(json_object_get(root, "version")) != 1) {
		json_decref(root);
		return false;
	}
	at = get_text(&t->arena, root, "at");
	if (!clock_parse_rfc3339(at, &t->at_ns))
		t->at_ns = 0;
	json_array_foreach(json_object_get(root, "names"), i,
			   value) if (json_is_string(value)) *
		vec_push(&t->names) =
		arena_str(&t->arena, str_from(json_string_value(value)));
	json_array_foreach(json_object_get(root, "steps"), i, value)
		parse_step(t, value);
	json_decref(root);
	return true;
}

static int read_path(const struct store *s, const char *path, struct trace *out,
		     struct err *e)
{
	SCOPED_BUF struct buf text = BUF_INIT(TRACE_MAX_BYTES);
	int found = io_read_file(s->fd, path, &text, e);

	*out = (struct trace){0};
	/* too large, or no regular file */
	if (found < 0 && (e->code == ERR_LIMIT || e->code == ERR_INVALID))
		return 0;
	if (found <= 0)
		return found;
	if (parse(out, buf_str(&text)))
		return 1;
	trace_release(out);
	*out = (struct trace){0};
	return 0;
}

int trace_read(const struct store *s, const struct digest *identity,
	       struct trace *out, struct err *e)
{
	SCOPED_BUF struct buf path = BUF_INIT(PATH_BYTES);

	path_of(&path, identity);
	return read_path(s, buf_c(&path), out, e);
}

static bool has_name(const struct trace *t, struct str name)
{
	for (size_t i = 0; i < t->names.n; i++)
		if (str_eq(t->names.v[i], name))
			return true;
	return name.n == 0;
}

static int consider(const struct store *s, const char *file, struct str name,
		    struct trace *best, int found, struct err *e)
{
	SCOPED_PTR char *path = xasprintf("traces/%s", file);
	struct trace t;
	int read = read_path(s, path, &t, e);

	if (read <= 0)
		return read < 0 ? -1 : found;
	if (!has_name(&t, name) || (found && t.at_ns <= best->at_ns)) {
		trace_release(&t);
		return found;
	}
	trace_release(best);
	*best = t;
	return 1;
}

int trace_find(const struct store *s, struct str name, struct trace *out,
	       struct err *e)
{
	int fd = openat(s->fd, "traces", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	int found = 0;

	*out = (struct trace){0};
	if (!dir) {
		scoped_close(&fd);
		return 0;
	}
	while (found >= 0 && (entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			found = consider(s, entry->d_name, name, out, found, e);
	(void)closedir(dir);
	return found;
}

const struct trace_step *trace_earlier(const struct trace *t, struct str stage,
				       size_t number, struct str title)
{
	const struct trace_step *same_place = NULL;
	const struct trace_step *same_title = NULL;

	for (size_t i = 0; i < t->steps.n; i++) {
		const struct trace_step *s = &t->steps.v[i];

		if (!str_eq(s->stage, stage))
			continue;
		if (s->number == number)
			same_place = s;
		if (str_eq(s->title, title) &&
		    (!same_title || s->number == number))
			same_title = s;
	}
	return same_title ? same_title : same_place;
}
