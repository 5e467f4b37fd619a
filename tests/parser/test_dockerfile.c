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
			to[n++] =
				(char)(hex(s.p[i + 1]) << 4 | hex(s.p[i + 2]));
			i += 2;
			break;
		case '\\': to[n++] = '\\'; break;
		default: to[n++] = '\\'; to[n++] = s.p[i];
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

/* The source text that span covers. */
static char *covered(struct arena *a, struct span span)
{
	return arena_c(a, source_text(&source, span));
}

static void spans_point_into_continued_lines(void **state)
{
	SCOPED_ARENA struct arena a = {0};
	const struct dockerfile *df;
	const struct copy *copy;

	(void)state;
	df = parse(&a, STR("FROM a\n"
			   "COPY --chown=1:2 \\\n"
			   "  # comment\n"
			   "  one \"t\\\n"
			   "wo\" \\\n"
			   "  /dst\n"));
	assert_int_equal(diags.n, 0);
	copy = &df->instructions[1].copy;
	assert_string_equal(covered(&a, copy->chown.span), "1:2");
	assert_string_equal(covered(&a, copy->sources.v[0].span), "one");
	assert_string_equal(covered(&a, copy->sources.v[1].span),
			    "\"t\\\nwo\"");
	assert_true(str_eq_c(copy->sources.v[1].text, "\"two\""));
	assert_string_equal(covered(&a, copy->dest.span), "/dst");
	assert_string_equal(covered(&a, df->instructions[1].keyword), "COPY");
	assert_true(str_eq_c(df->instructions[1].text,
			     "COPY --chown=1:2   one \"two\"   /dst"));
	diags_release(&diags);
}

static void an_instruction_ends_behind_its_heredocs(void **state)
{
	SCOPED_ARENA struct arena a = {0};
	const struct dockerfile *df;

	(void)state;
	df = parse(&a, STR("FROM a\nRUN <<A <<B\n1\nA\n2\nB\nRUN x\n"));
	assert_int_equal(df->n_instructions, 3);
	assert_string_equal(covered(&a, df->instructions[1].span),
			    "RUN <<A <<B\n1\nA\n2\nB");
	assert_string_equal(covered(&a, df->instructions[2].span), "RUN x");
	diags_release(&diags);
}

static void stages_hold_what_follows_their_from(void **state)
{
	SCOPED_ARENA struct arena a = {0};
	const struct dockerfile *df;

	(void)state;
	df = parse(&a, STR("ARG A\nARG B\nFROM a AS One\nRUN x\nRUN y\n"
			   "FROM One\nFROM b as two\nCMD z\n"));
	assert_int_equal(df->n_meta_args, 2);
	assert_int_equal(df->n_stages, 3);
	assert_true(str_eq_c(df->stages[0].name, "one"));
	assert_true(str_eq_c(df->stages[1].name, "1"));
	assert_true(str_eq_c(df->stages[2].name, "two"));
	assert_int_equal(df->stages[0].n_instructions, 2);
	assert_int_equal(df->stages[1].n_instructions, 0);
	assert_int_equal(df->stages[2].n_instructions, 1);
	assert_ptr_equal(df->stages[0].instructions, &df->instructions[3]);
	assert_ptr_equal(df->stages[2].from, &df->instructions[6]);
	diags_release(&diags);
}

static void one_mistake_does_not_hide_the_next(void **state)
{
	SCOPED_ARENA struct arena a = {0};
	const struct dockerfile *df;

	(void)state;
	df = parse(&a, STR("FROM a\nRUNN x\nCOPY y\nENV z\nWORKDIR /w\n"));
	assert_int_equal(diags.n_errors, 3);
	assert_string_equal(diags.v[0].id, "unknown-instruction");
	assert_string_equal(diags.v[1].id, "missing-destination");
	assert_string_equal(diags.v[2].id, "missing-value");
	assert_int_equal(df->n_instructions, 2);
	assert_int_equal(df->instructions[1].kind, INSTRUCTION_WORKDIR);
	diags_release(&diags);
}

static void a_file_of_nothing_but_mistakes_stops_early(void **state)
{
	SCOPED_ARENA struct arena a = {0};
	char *text = arena_alloc(&a, 20000);

	(void)state;
	for (size_t i = 0; i < 20000; i += 2)
		memcpy(text + i, "x\n", 2);
	parse(&a, (struct str){text, 20000});
	assert_int_equal(diags.n, 1001);
	assert_string_equal(diags.v[1000].id, "too-many-mistakes");
	diags_release(&diags);
}

static void an_instruction_of_nothing_but_mistakes_keeps_some(void **state)
{
	SCOPED_ARENA struct arena a = {0};
	char *text = arena_alloc(&a, 20000);

	(void)state;
	memset(text, ' ', 20000);
	memcpy(text, "FROM a\nENV a=", 13);
	for (size_t i = 13; i < 20000; i += 2)
		text[i] = 'x';
	parse(&a, (struct str){text, 20000});
	assert_int_equal(diags.n, 1001);
	assert_string_equal(diags.v[1000].id, "too-many-mistakes");
	assert_true(diags.n_errors > 9000);
	diags_release(&diags);
}

static const struct instruction *trigger(struct arena *a, struct str text,
					 char escape)
{
	source_init(&source, a, STR("ONBUILD of image"), text);
	diags_release(&diags);
	diags_init(&diags, a);
	return dockerfile_parse_trigger(a, &source, escape, &diags);
}

static void a_recorded_trigger_is_one_instruction(void **state)
{
	SCOPED_ARENA struct arena a = {0};
	const struct instruction *in;

	(void)state;
	in = trigger(&a, STR("COPY . /src"), '\\');
	assert_non_null(in);
	assert_int_equal(in->kind, INSTRUCTION_COPY);
	in = trigger(&a, STR("RUN <<EOF\nmake\nEOF"), '\\');
	assert_non_null(in);
	assert_true(str_eq_c(in->run.command.heredocs.v[0].content, "make\n"));
	assert_null(trigger(&a, STR(""), '\\'));
	assert_null(trigger(&a, STR("RUN a\nRUN b"), '\\'));
	assert_null(trigger(&a, STR("FROM a"), '\\'));
	assert_null(trigger(&a, STR("ONBUILD RUN a"), '\\'));
	assert_null(trigger(&a, STR("FOO"), '\\'));
	assert_int_equal(diags.n_errors, 1);
	diags_release(&diags);
}

static bool get_kind(void *ctx, struct str name, struct str *value)
{
	(void)ctx;
	*value = str_eq_c(name, "K") ? STR("secret") : STR("/t");
	return str_eq_c(name, "K") || str_eq_c(name, "T");
}

static void a_mount_with_variables_is_resolved_later(void **state)
{
	SCOPED_ARENA struct arena a = {0};
	struct word_env env = {get_kind, NULL};
	const struct dockerfile *df;
	const struct mount *mount;
	struct mount got;
	struct err e;

	(void)state;
	df = parse(&a, STR("FROM a\n"
			   "RUN --mount=type=$K,required,target=${T}x y\n"
			   "RUN --mount=type=$K,size=1m,target=$T y\n"
			   "RUN --mount=type=cache,target=$T,uid=$T y\n"));
	assert_int_equal(diags.n, 0);
	mount = &df->instructions[1].run.mounts[0];
	assert_true(mount->deferred);
	assert_int_equal(mount_resolve(&a, mount, &env, NULL, &got, &e), 0);
	assert_int_equal(got.kind, MOUNT_SECRET);
	assert_true(got.required && got.readonly && !got.deferred);
	assert_true(str_eq_c(got.target.text, "/tx"));
	mount = &df->instructions[2].run.mounts[0];
	assert_int_equal(mount_resolve(&a, mount, &env, NULL, &got, &e), -1);
	assert_string_equal(e.msg, "--mount: size means nothing for a mount "
				   "of type secret");
	mount = &df->instructions[3].run.mounts[0];
	assert_false(mount->deferred);
	assert_int_equal(mount->kind, MOUNT_CACHE);
	assert_int_equal(mount_resolve(&a, mount, &env, NULL, &got, &e), -1);
	assert_string_equal(e.msg, "--mount: uid: '/t' is not a number");
	diags_release(&diags);
}

static void diagnostics_are_sorted_by_place_and_severity(void **state)
{
	SCOPED_ARENA struct arena a = {0};
	struct span late = {9, 9};
	struct span early = {1, 2};
	struct diags d;

	(void)state;
	diags_init(&d, &a);
	diag_add(&d, "a", DIAG_WARNING, late, "1");
	diag_add(&d, "b", DIAG_WARNING, early, "2");
	diag_add(&d, "c", DIAG_ERROR, early, "3");
	diag_add(&d, "d", DIAG_WARNING, early, "4");
	diag_add(&d, "e", DIAG_STYLE, (struct span){0, 0}, "5");
	diags_sort(&d);
	for (size_t i = 0; i < d.n; i++)
		assert_int_equal(d.v[i].id[0], "ecbda"[i]);
	assert_int_equal(d.n_errors, 1);
	diags_release(&d);
}

static void a_diagnostic_as_json_has_both_ends(void **state)
{
	SCOPED_ARENA struct arena a = {0};
	SCOPED_BUF struct buf out = BUF_INIT(4096);

	(void)state;
	parse(&a, STR("FROM a\nRUNN \"x\"\n"));
	diag_render_json(&out, &source, &diags.v[0]);
	assert_string_equal(
		buf_c(&out),
		"{\"file\":\"Dockerfile\",\"line\":2,\"column\":1,"
		"\"endLine\":2,\"endColumn\":5,"
		"\"code\":\"unknown-instruction\",\"level\":\"error\","
		"\"message\":\"unknown instruction RUNN\","
		"\"hint\":\"did you mean RUN?\"}");
	diags_release(&diags);
}

static void a_control_character_does_not_reach_the_terminal(void **state)
{
	SCOPED_ARENA struct arena a = {0};
	SCOPED_BUF struct buf out = BUF_INIT(4096);

	(void)state;
	parse(&a, STR("FROM a\n\x1b[31mRUNN\n"));
	diag_render(&out, &source, &diags.v[0]);
	assert_null(strchr(buf_c(&out), '\x1b'));
	diags_release(&diags);
}

static void lines_are_counted_with_and_without_an_end(void **state)
{
	SCOPED_ARENA struct arena a = {0};
	struct source s;

	(void)state;
	source_init(&s, &a, STR("x"), STR("ab\r\n\ncd"));
	assert_int_equal(s.n_lines, 3);
	assert_true(str_eq_c(source_line(&s, 1), "ab"));
	assert_true(str_eq_c(source_line(&s, 2), ""));
	assert_true(str_eq_c(source_line(&s, 3), "cd"));
	assert_true(str_eq_c(source_line(&s, 4), ""));
	assert_int_equal(source_position(&s, 0).line, 1);
	assert_int_equal(source_position(&s, 3).column, 4);
	assert_int_equal(source_position(&s, 5).line, 3);
	assert_int_equal(source_position(&s, 99).column, 3);
	source_init(&s, &a, STR("x"), (struct str){0});
	assert_int_equal(s.n_lines, 1);
	assert_int_equal(source_position(&s, 0).line, 1);
}

struct big_row {
	const char *head;
	const char *piece;
	const char *tail;
};

/* What is quadratic takes minutes for these; what recurses, crashes. */
static void large_and_odd_files_take_linear_time(void **state)
{
	static const struct big_row rows[] = {
		{"FROM a\nRUN ", "\\", ""},
		{"FROM a\nLABEL a=", "\\", ""},
		{"FROM a\n", "\\\n", ""},
		{"FROM a\nRUN ", "<<", ""},
		{"FROM a\nRUN ", "<<a ", ""},
		{"FROM a\nCOPY ", "<<a ", "/\na\n"},
		{"FROM a\nCOPY ", "<<a\\ b ", "/\na b\n"},
		{"FROM a\nLABEL a=", "${", ""},
		{"FROM a\nLABEL a=", "${a:-", ""},
		{"FROM a\nLABEL a=", "${a/b/c}", ""},
		{"FROM a\nLABEL a=", "$", ""},
		{"FROM a\nLABEL a=", "\"", ""},
		{"FROM a\nENV ", "''", ""},
		{"FROM a\nCMD ", "[", ""},
		{"FROM a\nCMD [", "{\"a\":", ""},
		{"FROM a\nCMD [", "\"a\",", "\"\"]"},
		{"FROM a\nCOPY ", "a ", ""},
		{"", "FROM a\n", ""},
		{"FROM a\n", "ENV a\n", ""},
		{"FROM a\nRUN ", "--mount=a ", ""},
		{"FROM a\nRUN --mount=", "id=a,", ""},
		{"FROM a\n", "ONBUILD ", ""},
		{"FROM a\nRUN ", "x\\\n", ""},
		{"FROM a\nRUN x\\\n", "\n", ""},
		{"FROM a\nRUN x\\\n", "#\n", "x"},
		{"", "# c\n", "FROM a\n"},
		{"", "# escape=`\n", ""},
		{"FROM a\nARG ", "a ", ""},
		{"FROM a\nLABEL a=", "\xff", ""},
	};
	enum { SIZE = 2000000 };
	char *text = malloc(SIZE + 100);
	clock_t from = clock();

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		SCOPED_ARENA struct arena a = {0};
		size_t piece = strlen(rows[i].piece);
		size_t n = (size_t)sprintf(text, "%s", rows[i].head);

		for (; n < SIZE; n += piece)
			memcpy(text + n, rows[i].piece, piece);
		n += (size_t)sprintf(text + n, "%s", rows[i].tail);
		parse(&a, (struct str){text, n});
		diags_release(&diags);
	}
	free(text);
	assert_true(clock() - from < 60 * CLOCKS_PER_SEC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_parser_accepts_what_buildkit_accepts),
		cmocka_unit_test(spans_point_into_continued_lines),
		cmocka_unit_test(an_instruction_ends_behind_its_heredocs),
		cmocka_unit_test(stages_hold_what_follows_their_from),
		cmocka_unit_test(one_mistake_does_not_hide_the_next),
		cmocka_unit_test(a_file_of_nothing_but_mistakes_stops_early),
		cmocka_unit_test(
			an_instruction_of_nothing_but_mistakes_keeps_some),
		cmocka_unit_test(a_recorded_trigger_is_one_instruction),
		cmocka_unit_test(a_mount_with_variables_is_resolved_later),
		cmocka_unit_test(diagnostics_are_sorted_by_place_and_severity),
		cmocka_unit_test(a_diagnostic_as_json_has_both_ends),
		cmocka_unit_test(
			a_control_character_does_not_reach_the_terminal),
		cmocka_unit_test(lines_are_counted_with_and_without_an_end),
		cmocka_unit_test(large_and_odd_files_take_linear_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
