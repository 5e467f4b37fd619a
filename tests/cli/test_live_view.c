#include "tests/base/support.h"

#include "base/mem.h"
#include "cli/live_view.h"
#include "cli/text.h"

#include <string.h>

static void width_counts_columns_not_bytes(void **state)
{
	(void)state;
	assert_int_equal(text_width(STR("abc")), 3);
	assert_int_equal(text_width(STR("\xc3\xa9")), 1);	  /* é */
	assert_int_equal(text_width(STR("e\xcc\x81")), 1);	  /* e, ´ */
	assert_int_equal(text_width(STR("\xe6\xbc\xa2")), 2);	  /* 漢 */
	assert_int_equal(text_width(STR("\xf0\x9f\x9a\x80")), 2); /* rocket */
}

static void what_fits_never_takes_half_of_a_wide_character(void **state)
{
	(void)state;
	assert_int_equal(text_fit(STR("a\xe6\xbc\xa2"), 2).n, 1);
	assert_int_equal(text_fit(STR("a\xe6\xbc\xa2"), 3).n, 4);
	assert_int_equal(text_fit(STR("abc"), 0).n, 0);
}

static void add(struct live_view *v, enum event_kind kind, unsigned step,
		const char *text)
{
	const struct event event = {
		.kind = kind,
		.step = step,
		.text = str_from(text),
		.duration_ns = 1500000000,
		.n_steps = 9,
	};

	live_view_add(v, &event);
}

static void assert_picture(const struct live_view *v, size_t rows, bool over,
			   const char *want)
{
	SCOPED_BUF struct buf out = BUF_INIT(100000);
	const struct view_look look = {.columns = 30,
				       .rows = rows,
				       .over = over,
				       .now_ns = 12300000000};

	live_view_draw(v, &look, &out);
	assert_string_equal(buf_c(&out), want);
}

static void a_picture_has_header_steps_times_and_logs(void **state)
{
	struct live_view v = {0};

	(void)state;
	add(&v, EVENT_BUILD_START, 0, "");
	add(&v, EVENT_STEP_CACHED, 1, "[1/3] FROM busybox");
	add(&v, EVENT_STEP_START, 2, "[2/3] RUN make a long thing");
	add(&v, EVENT_STEP_OUTPUT, 2, "old\rnew\r\npar");
	add(&v, EVENT_STEP_OUTPUT, 2, "tial");
	assert_picture(&v, 24, false,
		       "[+] Building 12.3s (1/9)\n"
		       " => CACHED [1/3] FROM bus 0.0s\n"
		       " => [2/3] RUN make a lon 12.3s\n"
		       " => => # new\n"
		       " => => # partial\n");
	add(&v, EVENT_STEP_DONE, 2, "");
	assert_picture(&v, 24, true,
		       "[+] Building 12.3s (2/9) FINIS\n"
		       " => CACHED [1/3] FROM bus 0.0s\n"
		       " => [2/3] RUN make a long 1.5s\n");
	live_view_release(&v);
}

static void
finished_steps_give_way_to_logs_and_logs_to_running_steps(void **state)
{
	struct live_view v = {0};

	(void)state;
	add(&v, EVENT_BUILD_START, 0, "");
	add(&v, EVENT_STEP_CACHED, 1, "one");
	add(&v, EVENT_STEP_CACHED, 2, "two");
	add(&v, EVENT_STEP_START, 3, "three");
	add(&v, EVENT_STEP_OUTPUT, 3, "1\n2\n3\n4\n5\n6\n7\n8\n");
	assert_picture(&v, 6, false,
		       "[+] Building 12.3s (2/9)\n"
		       " => three                12.3s\n"
		       " => => # 6\n"
		       " => => # 7\n"
		       " => => # 8\n");
	assert_picture(&v, 10, false,
		       "[+] Building 12.3s (2/9)\n"
		       " => CACHED two            0.0s\n"
		       " => three                12.3s\n"
		       " => => # 3\n"
		       " => => # 4\n"
		       " => => # 5\n"
		       " => => # 6\n"
		       " => => # 7\n"
		       " => => # 8\n");
	live_view_release(&v);
}

static void more_running_steps_than_rows_lose_their_logs_first(void **state)
{
	struct live_view v = {0};

	(void)state;
	add(&v, EVENT_BUILD_START, 0, "");
	for (unsigned i = 1; i <= 4; i++) {
		add(&v, EVENT_STEP_START, i, "step");
		add(&v, EVENT_STEP_OUTPUT, i, "line\n");
	}
	assert_picture(&v, 4, false,
		       "[+] Building 12.3s (0/9)\n"
		       " => step                 12.3s\n"
		       " => step                 12.3s\n");
	live_view_release(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(width_counts_columns_not_bytes),
		cmocka_unit_test(
			what_fits_never_takes_half_of_a_wide_character),
		cmocka_unit_test(a_picture_has_header_steps_times_and_logs),
		cmocka_unit_test(
			finished_steps_give_way_to_logs_and_logs_to_running_steps),
		cmocka_unit_test(
			more_running_steps_than_rows_lose_their_logs_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
