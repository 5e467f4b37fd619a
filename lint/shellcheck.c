#include "lint/shellcheck.h"

#include "lint/context.h"

static struct str shell_name(struct str shell)
{
	return str_skip(shell, (size_t)(str_rfind(shell, '/') + 1));
}

bool shellcheck_knows(const struct lint_script *script)
{
	return name_in(shell_name(script->shell), "sh bash dash ksh ash");
}

static const char *dialect(struct str shell)
{
	struct str name = shell_name(shell);

	if (str_eq_c(name, "bash"))
		return "bash";
	if (str_eq_c(name, "ksh"))
		return "ksh";
	/* busybox's ash: what dash has, more or less */
	return str_eq_c(name, "sh") ? "sh" : "dash";
}

static bool is_name(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c != '_' && !(c >= 'a' && c <= 'z') &&
		    !(c >= 'A' && c <= 'Z') && !(i && c >= '0' && c <= '9'))
			return false;
	}
	return s.n > 0;
}

enum { NAMES_MAX = 1000 }; /* more variables than this, ShellCheck never sees */

void shellcheck_text(struct buf *out, const struct lint_script *script,
		     unsigned *first_line)
{
	struct lint_names names = script->names;
	size_t i = 0;

	buf_printf(out, "# shellcheck shell=%s\nexport",
		   dialect(script->shell));
	buf_add_c(out, " HTTP_PROXY=1 http_proxy=1 HTTPS_PROXY=1 https_proxy=1"
		       " FTP_PROXY=1 ftp_proxy=1 NO_PROXY=1 no_proxy=1");
	for (unsigned n = 0; n < NAMES_MAX; n++) {
		const struct str *name = lint_names_next(&names, &i);

		if (!name)
			break;
		if (is_name(*name))
			buf_printf(out, " %.*s=1", STR_ARG(*name));
	}
	buf_add_char(out, '\n');
	*first_line = 3;
	buf_add_str(out, script->text.text);
	buf_add_char(out, '\n');
}

/* Columns count characters: bytes that do not continue one, in UTF-8. */
static uint32_t offset_of(struct str text, unsigned line, unsigned column)
{
	size_t at = 0;

	for (; line > 1 && at < text.n; at++)
		line -= text.p[at] == '\n';
	while (column > 1 && at < text.n && text.p[at] != '\n') {
		at++;
		while (at < text.n &&
		       ((unsigned char)text.p[at] & 0xc0) == 0x80)
			at++;
		column--;
	}
	return (uint32_t)at;
}

struct span shellcheck_span(const struct lint_script *script, unsigned line,
			    unsigned column, unsigned end_line,
			    unsigned end_column)
{
	struct str text = script->text.text;
	struct span part = {offset_of(text, line, column),
			    offset_of(text, end_line, end_column)};

	if (part.offset >= text.n && part.offset)
		part.offset = (uint32_t)text.n - 1;
	if (part.end < part.offset)
		part.end = part.offset;
	return shell_text_span(&script->text, part);
}
