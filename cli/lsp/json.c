#include "cli/lsp/json.h"

#include "parser/utf8.h"

#include <jansson.h>

json_t *lsp_json_str(struct str s)
{
	SCOPED_BUF struct buf clean = BUF_INIT(s.n + 1);
	json_t *json = json_stringn(s.p ? s.p : "", s.n);

	if (json)
		return json;
	while (s.n) {
		size_t n = str_utf8_length(s);

		if (n)
			buf_add(&clean, s.p, n);
		else
			buf_add_char(&clean, '?');
		s = str_skip(s, n ? n : 1);
	}
	return json_stringn(buf_c(&clean), clean.n);
}

static json_t *position(struct lsp_position at)
{
	return json_pack("{s:I, s:I}", "line", (json_int_t)at.line, "character",
			 (json_int_t)at.character);
}

json_t *lsp_json_range(struct lsp_range range)
{
	return json_pack("{s:o, s:o}", "start", position(range.start), "end",
			 position(range.end));
}

static bool read_number(const json_t *json, const char *key, uint32_t *out)
{
	const json_t *value = json_object_get(json, key);
	json_int_t n = json_integer_value(value);

	if (!json_is_integer(value) || n < 0)
		return false;
	*out = n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
	return true;
}

bool lsp_read_position(const json_t *json, struct lsp_position *out)
{
	return read_number(json, "line", &out->line) &&
	       read_number(json, "character", &out->character);
}

bool lsp_read_range(const json_t *json, struct lsp_range *out)
{
	return lsp_read_position(json_object_get(json, "start"), &out->start) &&
	       lsp_read_position(json_object_get(json, "end"), &out->end);
}

bool lsp_read_str(const json_t *json, const char *key, struct str *out)
{
	const json_t *value = json_object_get(json, key);

	if (!json_is_string(value))
		return false;
	*out = (struct str){json_string_value(value),
			    json_string_length(value)};
	return true;
}
