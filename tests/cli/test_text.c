#include "tests/base/support.h"

#include "base/mem.h"
#include "cli/text.h"
#include "parser/utf8.h"

#include <string.h>

static void assert_as(enum text_as as, const char *text, const char *want)
{
	SCOPED_BUF struct buf out = BUF_INIT(1 << 16);

	text_add(&out, str_from(text), as);
	assert_string_equal(buf_c(&out), want);
}

static void sequences_for_the_terminal_are_shown_not_sent(void **state)
{
	(void)state;
	assert_as(TEXT_LINE, "a\x1b]0;title\x07z", "a\\x1b]0;title\\x07z");
	assert_as(TEXT_LINE, "\x1b[2J\x1b[6n", "\\x1b[2J\\x1b[6n");
	assert_as(TEXT_LINE, "\x1bP+q\x1b\\", "\\x1bP+q\\x1b\\");
	assert_as(TEXT_LINE,
		  "a\xc2\x9b"
		  "2J",
		  "a\\u009b2J");
	assert_as(TEXT_LINE,
		  "a\x9b"
		  "2J\xff",
		  "a\\x9b2J\\xff");
	assert_as(TEXT_LINE,
		  "a\xe2\x80\xae"
		  "b",
		  "a\\u202eb");
	assert_as(TEXT_LINE, "a\r\nb\tc", "a\\r\\nb c");
	assert_as(TEXT_LINES, "a\r\nb\tc", "a\\r\nb\tc");
}

static void colours_pass_where_they_may_and_nothing_like_them(void **state)
{
	(void)state;
	assert_as(TEXT_OUTPUT, "\x1b[1;31mred", "\x1b[1;31mred\x1b[0m");
	assert_as(TEXT_OUTPUT, "\x1b[38:2::1:2:3mx",
		  "\x1b[38:2::1:2:3mx\x1b[0m");
	assert_as(TEXT_OUTPUT, "\x1b[?1m\x1b[1 m\x1b[1",
		  "\\x1b[?1m\\x1b[1 m\\x1b[1");
	assert_as(TEXT_OUTPUT, "\x1b[>4;1m", "\\x1b[>4;1m");
	assert_as(TEXT_OUTPUT, "\x1b]8;;x\x1b\\", "\\x1b]8;;x\\x1b\\");
	assert_as(TEXT_PLAIN, "a\x1b[1;31mred\x1b[0m b", "ared b");
	assert_as(TEXT_LINES, "a\x1b[31m\n", "a\\x1b[31m\n");
	assert_as(TEXT_COLOURED, "a\x1b[31m\n", "a\x1b[31m\n");
}

static void json_keeps_its_meaning(void **state)
{
	(void)state;
	assert_as(TEXT_JSON, "{\"a\":\"\xc2\x9b\x7f\xe2\x81\xa6\xc3\xa9\"}\n",
		  "{\"a\":\"\\u009b\\u007f\\u2066\xc3\xa9\"}\n");
}

static bool is_bad(uint32_t rune)
{
	return rune < 0x20 || (rune >= 0x7f && rune < 0xa0) ||
	       (rune >= 0x202a && rune <= 0x202e) ||
	       (rune >= 0x2066 && rune <= 0x2069);
}

static void assert_nothing_bad(struct str shown, enum text_as as)
{
	while (shown.n) {
		struct rune rune = rune_at(shown);
		bool kept = (rune.value == '\n' || rune.value == '\t') &&
			    as != TEXT_LINE && as != TEXT_OUTPUT &&
			    as != TEXT_PLAIN;

		assert_true(rune.value != RUNE_BAD);
		assert_true(kept || !is_bad(rune.value) ||
			    (as == TEXT_JSON && rune.value == 0));
		shown = str_skip(shown, rune.n);
	}
}

/* Every byte, and every rune of two and three bytes, alone and after ESC. */
static void no_byte_and_no_rune_reaches_the_terminal(void **state)
{
	(void)state;
	for (int as = TEXT_LINE; as <= TEXT_JSON; as++)
		for (uint32_t i = 0; i < 0x3000; i++) {
			SCOPED_BUF struct buf out = BUF_INIT(1 << 12);
			char text[8] = {0};
			size_t n = 0;

			if (i >= 0x800)
				text[n++] = (char)(0xe0 | i >> 12);
			if (i >= 0x800)
				text[n++] = (char)(0x80 | (i >> 6 & 0x3f));
			else if (i >= 0x100)
				text[n++] = (char)(0xc0 | i >> 6);
			text[n++] =
				i < 0x100 ? (char)i : (char)(0x80 | (i & 0x3f));
			text_add(&out, (struct str){text, n}, (enum text_as)as);
			assert_nothing_bad(buf_str(&out), (enum text_as)as);
		}
}

static void urls_lose_what_logs_in(void **state)
{
	(void)state;
	for (int as = TEXT_LINE; as <= TEXT_JSON; as++)
		assert_as((enum text_as)as, "get http://u:p@h/f",
			  "get http://xxxxx@h/f");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sequences_for_the_terminal_are_shown_not_sent),
		cmocka_unit_test(
			colours_pass_where_they_may_and_nothing_like_them),
		cmocka_unit_test(json_keeps_its_meaning),
		cmocka_unit_test(no_byte_and_no_rune_reaches_the_terminal),
		cmocka_unit_test(urls_lose_what_logs_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
