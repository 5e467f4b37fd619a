#include "parser/dockerfile.h"

#include "base/buf.h"
#include "table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static struct source source;
static struct diags diags;

static const struct dockerfile *parse(struct arena *a, struct str text)
{
	source_init(&source, a, STR("Dockerfile"), text);
	diags_release(&diags);
	diags_init(&diags, a);
	return dockerfile_parse(a, &source, &diags);
}

static int hex(char c)
{
	return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

/* \n \r \t \v \\ and \xHH as in C. */
static struct str unescape(struct arena *a, struct str s)
{
	char *to = arena_alloc(a, s.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] != '\\' || i + 1 == s.n) {
			to[n++] = s.p[i];
			continue;
		}
		switch (s.p[++i]) {
		case 'n': to[n++] = '\n'; break;
		case 'r': to[n++] = '\r'; break;
		case 't': to[n++] = '\t'; break;
		case 'v': to[n++] = '\v'; break;
		case 'x':
			to[n++] = (char)(hex(s.p[i + 1]) << 4 | hex(s.p[i + 2]));
			i += 2;
			break;
		case '\\': to[n++] = '\\'; break;
		default:
			to[n++] = '\\';
			to[n++] = s.p[i];
		}
	}
	return (struct str){to, n};
}

static void the_parser_accepts_what_buildkit_accepts(void **state)
{
	SCOPED_ARENA struct arena a = {0};
	struct table table = table_read(&a, fixture_path(&a, "accept.table"));
	size_t n_wrong = 0;

	(void)state;
	assert_true(table.n > 200);
	for (size_t i = 0; i < table.n; i++) {
		const struct table_row *row = &table.v[i];
		bool want = str_eq_c(row->cells[0], "good") ||
			    str_eq_c(row->cells[0], "late");
		bool got;

		parse(&a, unescape(&a, row->cells[1]));
		got = diags.n_errors == 0;
		if (got == want || str_eq_c(row->cells[0], "differs"))
			continue;
		n_wrong++;
		printf("line %zu: %.*s: %s%.*s\n", row->line,
		       STR_ARG(row->cells[1]), got ? "accepted" : "refused: ",
		       got ? 0 : (int)diags.v[0].text.n,
		       got ? "" : diags.v[0].text.p);
	}
	diags_release(&diags);
	assert_int_equal(n_wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_parser_accepts_what_buildkit_accepts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
