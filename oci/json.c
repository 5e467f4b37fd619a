#include "oci/json.h"

#include "base/clock.h"

#include <jansson.h>

enum { MAX_DEPTH = 64 };

void json_free(struct json_t **j)
{
	json_decref(*j);
	*j = NULL;
}

/* jansson recurses up to 2048 levels deep; documents of images need 6. */
static bool too_deep(struct str text)
{
	unsigned depth = 0;
	bool quoted = false;

	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (quoted) {
			if (c == '\\')
				i++;
			else if (c == '"')
				quoted = false;
			continue;
		}
		if (c == '"')
			quoted = true;
		else if (c == '{' || c == '[')
			depth++;
		else if ((c == '}' || c == ']') && depth)
			depth--;
		if (depth > MAX_DEPTH)
			return true;
	}
	return false;
}

static int load(struct str text, size_t max_bytes, const char *what,
		struct json_t **out, struct err *e)
{
	json_error_t error;

	if (text.n > max_bytes)
		return err_set(e, ERR_LIMIT, "%s: larger than %zu bytes", what,
			       max_bytes);
	if (too_deep(text))
		return err_set(e, ERR_LIMIT, "%s: nested deeper than %d levels",
			       what, MAX_DEPTH);
	*out = json_loadb(text.p ? text.p : "", text.n, JSON_REJECT_DUPLICATES,
			  &error);
	if (!*out)
		return err_set(e, ERR_INVALID, "%s: line %d, column %d: %s",
			       what, error.line, error.column, error.text);
	return 0;
}

int json_load_object(struct str text, size_t max_bytes, const char *what,
		     struct json_t **out, struct err *e)
{
	SCOPED_JSON json_t *j = NULL;

	if (load(text, max_bytes, what, &j, e) < 0)
		return -1;
	if (!json_is_object(j))
		return err_set(e, ERR_INVALID, "%s: not a JSON object", what);
	*out = TAKE_PTR(j);
	return 0;
}

int json_load_array(struct str text, size_t max_bytes, const char *what,
		    struct json_t **out, struct err *e)
{
	SCOPED_JSON json_t *j = NULL;

	if (load(text, max_bytes, what, &j, e) < 0)
		return -1;
	if (!json_is_array(j))
		return err_set(e, ERR_INVALID, "%s: not a JSON array", what);
	*out = TAKE_PTR(j);
	return 0;
}

static int wrong_type(const char *key, const char *expected, struct err *e)
{
	return err_set(e, ERR_INVALID, "field '%s': expected %s", key,
		       expected);
}

static const json_t *member(const json_t *j, const char *key)
{
	const json_t *value = json_object_get(j, key);

	return json_is_null(value) ? NULL : value;
}

int json_get_object(const struct json_t *j, const char *key,
		    const struct json_t **out, struct err *e)
{
	*out = member(j, key);
	if (*out && !json_is_object(*out))
		return wrong_type(key, "an object", e);
	return 0;
}

int json_get_array(const struct json_t *j, const char *key,
		   const struct json_t **out, struct err *e)
{
	*out = member(j, key);
	if (*out && !json_is_array(*out))
		return wrong_type(key, "an array", e);
	return 0;
}

static struct str string_value(const json_t *value, struct arena *a)
{
	struct str s = {json_string_value(value), json_string_length(value)};

	return arena_str(a, s);
}

int json_get_string(const struct json_t *j, const char *key, struct arena *a,
		    struct str *out, struct err *e)
{
	const json_t *value = member(j, key);

	if (!value)
		return 0;
	if (!json_is_string(value))
		return wrong_type(key, "a string", e);
	*out = string_value(value, a);
	return 0;
}

int json_get_bool(const struct json_t *j, const char *key, bool *out,
		  struct err *e)
{
	const json_t *value = member(j, key);

	if (!value)
		return 0;
	if (!json_is_boolean(value))
		return wrong_type(key, "true or false", e);
	*out = json_is_true(value);
	return 0;
}

int json_get_i64(const struct json_t *j, const char *key, int64_t *out,
		 struct err *e)
{
	const json_t *value = member(j, key);

	if (!value)
		return 0;
	if (!json_is_integer(value))
		return wrong_type(key, "a whole number", e);
	*out = json_integer_value(value);
	return 0;
}

int json_get_time(const struct json_t *j, const char *key, bool *has,
		  int64_t *out_ns, struct err *e)
{
	const json_t *value = member(j, key);
	struct str s;

	if (!value)
		return 0;
	s.p = json_string_value(value);
	s.n = json_string_length(value);
	if (!json_is_string(value) || !clock_parse_rfc3339(s, out_ns))
		return wrong_type(key, "a time such as 2026-01-31T12:00:00Z",
				  e);
	*has = true;
	return 0;
}

int json_as_digest(const struct json_t *value, const char *key,
		   struct digest *out, struct err *e)
{
	struct str s = {json_string_value(value), json_string_length(value)};

	if (!json_is_string(value))
		return wrong_type(key, "a digest", e);
	if (!digest_parse(s, out))
		return err_set(e, ERR_INVALID,
			       "field '%s': '%.80s' is not sha256: and 64 "
			       "hexadecimal digits",
			       key, s.p);
	return 0;
}

int json_get_digest(const struct json_t *j, const char *key, struct digest *out,
		    struct err *e)
{
	const json_t *value = member(j, key);

	return value ? json_as_digest(value, key, out, e) : 0;
}

int json_get_strings(const struct json_t *j, const char *key, struct arena *a,
		     struct str_list *out, struct err *e)
{
	const json_t *value = member(j, key);
	struct str *v;
	size_t n;

	if (!value)
		return 0;
	if (!json_is_array(value))
		return wrong_type(key, "an array of strings", e);
	n = json_array_size(value);
	v = arena_new_array(a, n, struct str);
	for (size_t i = 0; i < n; i++) {
		const json_t *item = json_array_get(value, i);

		if (!json_is_string(item))
			return wrong_type(key, "an array of strings", e);
		v[i] = string_value(item, a);
	}
	*out = (struct str_list){v, n, true};
	return 0;
}

int json_get_command(const struct json_t *j, const char *key, struct arena *a,
		     struct str_list *out, struct err *e)
{
	const json_t *value = member(j, key);
	struct str *v;

	if (!json_is_string(value))
		return json_get_strings(j, key, a, out, e);
	v = arena_new(a, struct str);
	*v = string_value(value, a);
	*out = (struct str_list){v, 1, true};
	return 0;
}

int json_get_set(const struct json_t *j, const char *key, struct arena *a,
		 struct str_list *out, struct err *e)
{
	const json_t *value = member(j, key);
	const char *name;
	json_t *item;
	struct str *v;
	size_t n = 0;

	if (!value)
		return 0;
	if (!json_is_object(value))
		return wrong_type(key, "an object of empty objects", e);
	v = arena_new_array(a, json_object_size(value), struct str);
	json_object_foreach((json_t *)value, name, item)
	{
		if (!json_is_object(item) && !json_is_null(item))
			return wrong_type(key, "an object of empty objects", e);
		v[n++] = arena_str(a, str_from(name));
	}
	*out = (struct str_list){v, n, true};
	return 0;
}

int json_get_pairs(const struct json_t *j, const char *key, struct arena *a,
		   struct config_pairs *out, struct err *e)
{
	const json_t *value = member(j, key);
	struct config_pair *v;
	const char *name;
	json_t *item;
	size_t n = 0;

	if (!value)
		return 0;
	if (!json_is_object(value))
		return wrong_type(key, "an object of strings", e);
	v = arena_new_array(a, json_object_size(value), struct config_pair);
	json_object_foreach((json_t *)value, name, item)
	{
		if (!json_is_string(item))
			return wrong_type(key, "an object of strings", e);
		v[n].key = arena_str(a, str_from(name));
		v[n++].value = string_value(item, a);
	}
	*out = (struct config_pairs){v, n};
	return 0;
}
