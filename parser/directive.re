/* directive = "#" blank* name space* "=" space* value space* */
#include "parser/directive.h"

#include "parser/utf8.h"

/* RE2's \s, which is not str_trim's idea of a space: it has no VT. */
static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

bool directive_parse(struct str line, struct str *name, struct str *value)
{
	const char *p;
	const char *limit;

	if (!str_starts(line, "#"))
		return false;
	line = str_trim_space_left(str_skip(line, 1));
	p = line.p;
	limit = line.p + line.n;
	/*!re2c
		re2c:api = custom;
		re2c:api:style = free-form;
		re2c:define:YYCTYPE = "unsigned char";
		re2c:define:YYPEEK = "(p < limit ? (unsigned char)*p : 0)";
		re2c:define:YYSKIP = "p++;";
		re2c:yyfill:enable = 0;

		[a-zA-Z][a-zA-Z0-9]* { goto equals; }
		* { return false; }
	*/
equals:
	*name = (struct str){line.p, (size_t)(p - line.p)};
	while (p < limit && is_space(*p))
		p++;
	if (p == limit || *p != '=')
		return false;
	p++;
	while (p < limit && is_space(*p))
		p++;
	*value = (struct str){p, (size_t)(limit - p)};
	while (value->n && is_space(value->p[value->n - 1]))
		value->n--;
	return value->n > 0;
}
