#include "oci/json_write.h"

#include "base/clock.h"

#include <stdlib.h>

struct json_writer json_begin(struct buf *out, char bracket)
{
	buf_add_char(out, bracket);
	return (struct json_writer){out, false};
}

void json_end(struct json_writer *w, char bracket)
{
	buf_add_char(w->out, bracket);
}

void json_next(struct json_writer *w)
{
	if (w->more)
		buf_add_char(w->out, ',');
	w->more = true;
}

static void add_key(struct json_writer *w, struct str key)
{
	json_next(w);
	buf_add_json_string(w->out, key);
	buf_add_char(w->out, ':');
}

void json_key(struct json_writer *w, const char *key)
{
	add_key(w, str_from(key));
}

void json_add_string(struct json_writer *w, const char *key, struct str s)
{
	json_key(w, key);
	buf_add_json_string(w->out, s);
}

void json_add_string_unless_empty(struct json_writer *w, const char *key,
				  struct str s)
{
	if (s.n)
		json_add_string(w, key, s);
}

void json_add_time(struct json_writer *w, const char *key, int64_t epoch_ns)
{
	json_key(w, key);
	buf_add_char(w->out, '"');
	clock_add_rfc3339(w->out, epoch_ns);
	buf_add_char(w->out, '"');
}

void json_add_i64_unless_0(struct json_writer *w, const char *key, int64_t n)
{
	if (!n)
		return;
	json_key(w, key);
	buf_printf(w->out, "%lld", (long long)n);
}

void json_add_true_unless_false(struct json_writer *w, const char *key,
				bool is_set)
{
	if (!is_set)
		return;
	json_key(w, key);
	buf_add_c(w->out, "true");
}

void json_add_strings_unless_empty(struct json_writer *w, const char *key,
				   struct str_list list)
{
	struct json_writer array;

	if (!list.n)
		return;
	json_key(w, key);
	array = json_begin(w->out, '[');
	for (size_t i = 0; i < list.n; i++) {
		json_next(&array);
		buf_add_json_string(w->out, list.v[i]);
	}
	json_end(&array, ']');
}

static int compare_str(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

void json_add_set_unless_empty(struct json_writer *w, const char *key,
			       struct str_list set)
{
	SCOPED_PTR struct str *sorted = NULL;
	struct json_writer object;

	if (!set.n)
		return;
	sorted = xreallocarray(NULL, set.n, sizeof(*sorted));
	for (size_t i = 0; i < set.n; i++)
		sorted[i] = set.v[i];
	qsort(sorted, set.n, sizeof(*sorted), compare_str);
	json_key(w, key);
	object = json_begin(w->out, '{');
	for (size_t i = 0; i < set.n; i++) {
		if (i && str_eq(sorted[i], sorted[i - 1]))
			continue;
		add_key(&object, sorted[i]);
		buf_add_c(w->out, "{}");
	}
	json_end(&object, '}');
}

static int compare_pair(const void *a, const void *b)
{
	const struct config_pair *x = a;
	const struct config_pair *y = b;

	return str_cmp(x->key, y->key);
}

void json_add_pairs_unless_empty(struct json_writer *w, const char *key,
				 struct config_pairs pairs)
{
	SCOPED_PTR struct config_pair *sorted = NULL;
	struct json_writer object;

	if (!pairs.n)
		return;
	sorted = xreallocarray(NULL, pairs.n, sizeof(*sorted));
	for (size_t i = 0; i < pairs.n; i++)
		sorted[i] = pairs.v[i];
	qsort(sorted, pairs.n, sizeof(*sorted), compare_pair);
	json_key(w, key);
	object = json_begin(w->out, '{');
	for (size_t i = 0; i < pairs.n; i++) {
		add_key(&object, sorted[i].key);
		buf_add_json_string(w->out, sorted[i].value);
	}
	json_end(&object, '}');
}
