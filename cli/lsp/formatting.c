/* The formatter's work, of a document or of the part that is asked for. */
#include "cli/lint/editorconfig.h"
#include "cli/lsp/answers.h"
#include "cli/lsp/json.h"
#include "lint/fmt.h"

#include <jansson.h>

static bool begins_line(struct str s, size_t at)
{
	return at == 0 || s.p[at - 1] == '\n';
}

json_t *lsp_difference(const struct lsp_document *doc, struct str to)
{
	struct str from = buf_str(&doc->text.bytes);
	size_t n = from.n < to.n ? from.n : to.n;
	size_t begin = 0;
	size_t end = 0;
	struct span span;

	while (begin < n && from.p[begin] == to.p[begin])
		begin++;
	while (!begins_line(from, begin))
		begin--;
	while (end < n - begin &&
	       from.p[from.n - 1 - end] == to.p[to.n - 1 - end])
		end++;
	while (end && !(begins_line(from, from.n - end) &&
			begins_line(to, to.n - end)))
		end--;
	if (begin + end == from.n && begin + end == to.n)
		return json_array();
	span = (struct span){(uint32_t)begin, (uint32_t)(from.n - end)};
	return json_pack("[{s:o, s:o}]", "range",
			 lsp_json_range(lsp_text_range(&doc->text, span)),
			 "newText",
			 lsp_json_str(str_sub(to, begin, to.n - end)));
}

/* The layout is the project's and not the editor's, whose tab size is mostly
 * somebody's taste for other files: .editorconfig says it, as for the command.
 */
static int read_options(const struct lsp_document *doc,
			struct fmt_options *options, struct err *e)
{
	SCOPED_BUF struct buf path = BUF_INIT(64u << 10);

	*options = (struct fmt_options){0};
	if (!lsp_path_of_uri(&path, str_from(doc->uri)))
		return 0;
	return editorconfig_read(buf_c(&path), options, e);
}

/* Only what touches range is laid out anew; NULL where that can't be. */
static json_t *format(const struct lsp_question *q, struct span range)
{
	SCOPED_ARENA struct arena a = {0};
	SCOPED_BUF struct buf text = BUF_INIT(2 * (size_t)SOURCE_MAX_BYTES);
	struct diags ignored;
	enum fmt_result result;
	struct fmt_options options;
	struct err e;

	if (read_options(q->doc, &options, &e) < 0)
		return NULL;
	options.range = range;
	diags_init(&ignored, &a);
	result = fmt_text(&text, &q->doc->source, &options, &ignored);
	diags_release(&ignored);
	return result == FMT_OK ? lsp_difference(q->doc, buf_str(&text)) : NULL;
}

json_t *lsp_formatting(const struct lsp_question *q, struct err *e)
{
	(void)e;
	return format(q, (struct span){0, UINT32_MAX});
}

json_t *lsp_range_formatting(const struct lsp_question *q, struct err *e)
{
	(void)e;
	return format(q, q->span);
}

/* The line goes on: what is typed next stands where the formatter puts it. */
static json_t *indent_line(const struct lsp_question *q, uint32_t line)
{
	SCOPED_BUF struct buf indent = BUF_INIT(1024);
	struct str text = lsp_text_line(&q->doc->text, line);
	struct fmt_options options;
	size_t blanks = 0;
	struct err e;

	if (read_options(q->doc, &options, &e) < 0)
		return NULL;
	fmt_add_indent(&indent, &options, 1);
	while (blanks < text.n &&
	       (text.p[blanks] == ' ' || text.p[blanks] == '\t'))
		blanks++;
	if (str_eq(str_sub(text, 0, blanks), buf_str(&indent)))
		return json_array();
	return json_pack("[{s:o, s:o}]", "range",
			 lsp_json_range(lsp_text_range(
				 &q->doc->text,
				 (struct span){q->doc->text.lines.v[line],
					       q->doc->text.lines.v[line] +
						       (uint32_t)blanks})),
			 "newText", lsp_json_str(buf_str(&indent)));
}

/* A new line was begun: it is indented, or what it ended is laid out. */
json_t *lsp_on_type_formatting(const struct lsp_question *q, struct err *e)
{
	uint32_t line = lsp_text_position(&q->doc->text, q->offset).line;
	struct str above =
		line ? lsp_text_line(&q->doc->text, line - 1) : (struct str){0};
	uint32_t at;

	(void)e;
	if (str_trim(above).n == 0)
		return json_array();
	at = q->doc->text.lines.v[line - 1];
	if (str_trim(above).p[0] != '#' &&
	    str_trim(above).p[str_trim(above).n - 1] ==
		    q->doc->lint.dockerfile->escape)
		return indent_line(q, line);
	return format(q, (struct span){at, at + (uint32_t)above.n});
}
