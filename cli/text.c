#include "cli/text.h"

#include "base/mem.h"
#include "base/redact.h"
#include "parser/utf8.h"

#include <stdbool.h>

enum { FIRST_PRINTABLE = 0x20, DELETE = 0x7f };

/* East Asian Wide and Fullwidth (UAX #11), and emoji: the blocks in use. */
static const struct rune_range wide[] = {
	{0x1100, 0x115f},   {0x231a, 0x231b},	{0x23e9, 0x23ec},
	{0x25fd, 0x25fe},   {0x2614, 0x2615},	{0x2648, 0x2653},
	{0x26a1, 0x26a1},   {0x26bd, 0x26be},	{0x2705, 0x2705},
	{0x270a, 0x270b},   {0x2728, 0x2728},	{0x274c, 0x274c},
	{0x2753, 0x2755},   {0x2795, 0x2797},	{0x2b1b, 0x2b1c},
	{0x2b50, 0x2b50},   {0x2e80, 0x303e},	{0x3041, 0x33ff},
	{0x3400, 0x4dbf},   {0x4e00, 0x9fff},	{0xa000, 0xa4cf},
	{0xa960, 0xa97f},   {0xac00, 0xd7a3},	{0xf900, 0xfaff},
	{0xfe30, 0xfe6f},   {0xff00, 0xff60},	{0xffe0, 0xffe6},
	{0x16fe0, 0x18cff}, {0x1b000, 0x1b2ff}, {0x1f004, 0x1f004},
	{0x1f0cf, 0x1f0cf}, {0x1f18e, 0x1f18e}, {0x1f191, 0x1f19a},
	{0x1f200, 0x1f320}, {0x1f32d, 0x1f64f}, {0x1f680, 0x1f6ff},
	{0x1f7e0, 0x1f7eb}, {0x1f90c, 0x1faff}, {0x20000, 0x3fffd},
};

/* Combining marks, joiners and selectors: the blocks that hold nothing else. */
static const struct rune_range narrowless[] = {
	{0x0300, 0x036f}, {0x0483, 0x0489},   {0x0591, 0x05bd},
	{0x064b, 0x065f}, {0x1ab0, 0x1aff},   {0x1dc0, 0x1dff},
	{0x200b, 0x200f}, {0x202a, 0x202e},   {0x2060, 0x2064},
	{0x20d0, 0x20ff}, {0xfe00, 0xfe0f},   {0xfe20, 0xfe2f},
	{0xfeff, 0xfeff}, {0xe0000, 0xe0fff},
};

static bool in_ranges(uint32_t rune, const struct rune_range *ranges, size_t n)
{
	for (size_t i = 0; i < n && ranges[i].first <= rune; i++)
		if (rune <= ranges[i].last)
			return true;
	return false;
}

static size_t rune_width(uint32_t rune)
{
	if (rune < 0x300)
		return 1;
	if (in_ranges(rune, narrowless, ARRAY_LEN(narrowless)))
		return 0;
	return in_ranges(rune, wide, ARRAY_LEN(wide)) ? 2 : 1;
}

/* Marks that make text read in another order than it stands in, and lines that
 * no editor shows as such. */
static bool is_reordering(uint32_t rune)
{
	return (rune >= 0x202a && rune <= 0x202e) ||
	       (rune >= 0x2066 && rune <= 0x2069) || rune == 0x2028 ||
	       rune == 0x2029;
}

static bool is_control(uint32_t rune)
{
	return rune < FIRST_PRINTABLE || (rune >= DELETE && rune < 0xa0);
}

/* "ESC [ numbers m": how long a change of colour is, 0 where s is none. */
static size_t colour_length(struct str s)
{
	size_t i = 2;

	if (!str_starts(s, "\x1b["))
		return 0;
	while (i < s.n && ((s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == ';' ||
			   s.p[i] == ':'))
		i++;
	return i < s.n && s.p[i] == 'm' ? i + 1 : 0;
}

static const struct {
	bool lines;   /* line feeds and tabs stay */
	bool colours; /* ... stay */
	bool drops;   /* colours go without a trace */
	bool json;
} forms[] = {
	[TEXT_LINE] = {0},
	[TEXT_LINES] = {.lines = true},
	[TEXT_COLOURED] = {.lines = true, .colours = true},
	[TEXT_OUTPUT] = {.colours = true},
	[TEXT_PLAIN] = {.drops = true},
	[TEXT_JSON] = {.lines = true, .json = true},
};

static void show_control(struct buf *out, uint32_t rune, enum text_as as)
{
	if (rune == '\t')
		buf_add_char(out, forms[as].lines ? '\t' : ' ');
	else if (rune == '\n')
		buf_add_c(out, forms[as].lines ? "\n" : "\\n");
	else if (rune == 0 && forms[as].json)
		buf_add_char(out, '\0'); /* between documents */
	else if (rune == '\r')
		buf_add_c(out, "\\r");
	else if (rune < DELETE || (rune == DELETE && !forms[as].json))
		buf_printf(out, "\\x%02x", rune);
	else
		buf_printf(out, "\\u%04x", rune);
}

static void add_rune(struct buf *out, struct str s, struct rune rune,
		     enum text_as as)
{
	if (rune.value == RUNE_BAD && forms[as].json)
		buf_add_c(out, "\\ufffd");
	else if (rune.value == RUNE_BAD)
		buf_printf(out, "\\x%02x", (unsigned char)s.p[0]);
	else if (is_control(rune.value) || is_reordering(rune.value))
		show_control(out, rune.value, as);
	else
		buf_add(out, s.p, rune.n);
}

static void add_safe(struct buf *out, struct str text, enum text_as as)
{
	bool takes_colours = forms[as].colours || forms[as].drops;
	bool coloured = false;

	while (text.n) {
		struct rune rune = rune_at(text);
		size_t n = takes_colours ? colour_length(text) : 0;

		if (n && forms[as].colours) {
			buf_add(out, text.p, n);
			coloured = true;
		} else if (n == 0) {
			n = rune.n;
			add_rune(out, text, rune, as);
		}
		text = str_skip(text, n);
	}
	if (coloured && !forms[as].lines)
		buf_add_c(out, "\x1b[0m");
}

void text_add(struct buf *out, struct str text, enum text_as as)
{
	SCOPED_BUF struct buf redacted = BUF_INIT(2 * text.n + 1024);

	redact_add(&redacted, text);
	add_safe(out, buf_str(&redacted), as);
}

struct str text_fit(struct str text, size_t columns)
{
	struct str rest = text;

	while (rest.n) {
		struct rune rune = rune_at(rest);
		size_t width = rune_width(rune.value);

		if (width > columns)
			break;
		columns -= width;
		rest = str_skip(rest, rune.n);
	}
	return str_sub(text, 0, text.n - rest.n);
}

size_t text_width(struct str text)
{
	size_t width = 0;

	while (text.n) {
		struct rune rune = rune_at(text);

		width += rune_width(rune.value);
		text = str_skip(text, rune.n);
	}
	return width;
}
