#include "parser/diag.h"

#include "parser/utf8.h"

enum {
	COLUMNS_BEFORE = 40, /* shown before the span where a line is cut */
	COLUMNS_MAX = 100,   /* shown of a line */
};

static const char *severity_name(enum diag_severity severity)
{
	switch (severity) {
	case DIAG_ERROR: return "error";
	case DIAG_WARNING: return "warning";
	case DIAG_INFO: return "info";
	case DIAG_STYLE: return "style";
	}
	return "error";
}

/* Text from a file must not steer a terminal. */
static void add_visible(struct buf *out, struct str s)
{
	while (s.n) {
		struct rune r = rune_at(s);
		bool control = r.value < 0x20 || r.value == 0x7f ||
			       (r.value >= 0x80 && r.value < 0xa0) ||
			       (r.value == RUNE_BAD && r.n == 1);

		if (control && r.value != '\t')
			buf_add_c(out, "\xef\xbf\xbd");
		else
			buf_add(out, s.p, r.n);
		s = str_skip(s, r.n);
	}
}

/* As many columns as s has on a terminal: its tabs stay tabs. */
static void add_padding(struct buf *out, struct str s)
{
	while (s.n) {
		struct rune r = rune_at(s);

		buf_add_char(out, r.value == '\t' ? '\t' : ' ');
		s = str_skip(s, r.n);
	}
}

static size_t count_runes(struct str s)
{
	size_t n = 0;

	while (s.n) {
		s = str_skip(s, rune_at(s).n);
		n++;
	}
	return n;
}

/* The start of the rune that holds byte i. */
static size_t rune_start(struct str s, size_t i)
{
	size_t back = 0;

	if (i > s.n)
		i = s.n;
	while (back < 3 && i > back && i - back < s.n &&
	       ((unsigned char)s.p[i - back] & 0xc0) == 0x80)
		back++;
	return i - back;
}

/* The part of a line that is shown, and the span's bytes in it. */
struct window {
	struct str shown;
	size_t start;
	size_t end;
	bool cut_before;
	bool cut_after;
};

static struct window window_of(struct str line, size_t start, size_t end)
{
	struct window w = {line, start, end, false, false};
	size_t from = 0;
	size_t to;

	if (start > line.n)
		start = line.n;
	if (start > COLUMNS_MAX - 20)
		from = rune_start(line, start - COLUMNS_BEFORE);
	to = rune_start(line, from + COLUMNS_MAX);
	w.shown = str_sub(line, from, to);
	w.cut_before = from > 0;
	w.cut_after = to < line.n;
	w.start = start - from;
	w.end = end > to ? w.shown.n : end - from;
	if (w.end < w.start)
		w.end = w.start;
	return w;
}

static void add_caret(struct buf *out, const struct window *w)
{
	size_t n = count_runes(str_sub(w->shown, w->start, w->end));

	add_padding(out, str_sub(w->shown, 0, w->start));
	buf_add_char(out, '^');
	while (n-- > 1)
		buf_add_char(out, '~');
	buf_add_char(out, '\n');
}

static void add_source_line(struct buf *out, const struct source *src,
			    const struct diag *diag, struct position at)
{
	struct str line = source_line(src, at.line);
	size_t start = at.column - 1;
	size_t end = start + (diag->span.end - diag->span.offset);
	struct window w = window_of(line, start, end < line.n ? end : line.n);
	int width = 1;

	for (uint32_t n = at.line; n >= 10; n /= 10)
		width++;
	if (width < 3)
		width = 3;
	buf_printf(out, "%*u | %s", width, at.line, w.cut_before ? "..." : "");
	add_visible(out, w.shown);
	buf_printf(out, "%s\n%*s | %s", w.cut_after ? "..." : "", width, "",
		   w.cut_before ? "   " : "");
	add_caret(out, &w);
}

void diag_render(struct buf *out, const struct source *src,
		 const struct diag *diag)
{
	struct position at = source_position(src, diag->span.offset);
	bool placed = diag->span.offset != SPAN_NONE.offset;
	struct source_mark mark = {0};
	struct position shown = source_character(src, diag->span.offset, &mark);

	add_visible(out, src->name);
	if (placed)
		buf_printf(out, ":%u:%u", shown.line, shown.column);
	buf_printf(out, ": %s: ", severity_name(diag->severity));
	add_visible(out, diag->text);
	buf_printf(out, " [%s]\n", diag->id);
	if (placed && src->text.n)
		add_source_line(out, src, diag, at);
	if (diag->hint.n) {
		buf_add_c(out, "hint: ");
		add_visible(out, diag->hint);
		buf_add_char(out, '\n');
	}
}

void diags_render(struct buf *out, const struct source *src,
		  const struct diags *d)
{
	enum { SHOWN_MAX = 100 };

	for (size_t i = 0; i < d->n && i < SHOWN_MAX; i++)
		diag_render(out, src, &d->v[i]);
	if (d->n <= SHOWN_MAX)
		return;
	add_visible(out, src->name);
	buf_printf(out, ": and %zu more of these\n", d->n - SHOWN_MAX);
}

static void add_json_field(struct buf *out, const char *name, struct str value)
{
	buf_printf(out, ",\"%s\":", name);
	buf_add_json_string(out, value);
}

static void render_json(struct buf *out, const struct source *src,
			const struct diag *diag, struct source_mark *mark)
{
	struct position at = source_character(src, diag->span.offset, mark);
	struct source_mark behind = *mark;
	struct position end = source_character(src, diag->span.end, &behind);

	buf_add_c(out, "{\"file\":");
	buf_add_json_string(out, src->name);
	buf_printf(out,
		   ",\"line\":%u,\"column\":%u,\"endLine\":%u,"
		   "\"endColumn\":%u",
		   at.line, at.column, end.line, end.column);
	add_json_field(out, "code", str_from(diag->id));
	add_json_field(out, "level", str_from(severity_name(diag->severity)));
	add_json_field(out, "message", diag->text);
	add_json_field(out, "hint", diag->hint);
	buf_add_char(out, '}');
}

void diag_render_json(struct buf *out, const struct source *src,
		      const struct diag *diag)
{
	struct source_mark mark = {0};

	render_json(out, src, diag, &mark);
}

void diags_render_json(struct buf *out, const struct source *src,
		       const struct diags *d)
{
	struct source_mark mark = {0};

	for (size_t i = 0; i < d->n; i++) {
		render_json(out, src, &d->v[i], &mark);
		buf_add_char(out, '\n');
	}
}
