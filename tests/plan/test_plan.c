/* What no golden file shows: sizes, and errors of the source of images. */
#include "tests/base/support.h"

#include "builder/plan/plan.h"

struct counting_source {
	struct plan_source source;
	size_t n_asked;
	int answer; /* of resolve */
};

static int resolve(struct plan_source *source, struct arena *a, struct str name,
		   const struct platform *platform, struct plan_image *out,
		   struct err *e)
{
	struct counting_source *s = (struct counting_source *)source;

	(void)a;
	s->n_asked++;
	out->name = name;
	out->config.platform = *platform;
	if (s->answer < 0)
		return err_set(e, ERR_CORRUPT, "damaged");
	return s->answer;
}

/* The plan, which must have n_errors mistakes; NULL where resolve failed. */
static const struct plan *make(struct arena *a, struct counting_source *images,
			       struct str text, size_t n_errors, struct err *e)
{
	const struct plan_options options = {
		.build_platform = {.os = STR("linux"),
				   .architecture = STR("amd64")},
		.target_platform = {.os = STR("linux"),
				    .architecture = STR("amd64")},
	};
	const struct plan *plan = NULL;
	struct source src;
	struct diags d;
	int result;

	images->source.resolve = resolve;
	source_init(&src, a, STR("Dockerfile"), text);
	diags_init(&d, a);
	result = plan_make(a, dockerfile_parse(a, &src, &d), &options,
			   &images->source, &d, &plan, e);
	assert_int_equal(d.n_errors, n_errors);
	diags_release(&d);
	return result < 0 ? NULL : plan;
}

static void every_port_that_there_is_can_be_exposed_at_once(void **state)
{
	SCOPED_ARENA struct arena a = {0};
	struct counting_source images = {0};
	const struct plan *plan;
	struct err e;

	(void)state;
	plan = make(&a, &images,
		    STR("FROM scratch\n"
			"EXPOSE 80/udp\n"
			"EXPOSE 1-65535/tcp 1-65535/udp\n"),
		    0, &e);
	assert_int_equal(plan->target->config.exposed_ports.n, 2 * 65535);
}

static void an_image_is_asked_for_once_however_often_it_is_named(void **state)
{
	SCOPED_ARENA struct arena a = {0};
	struct counting_source images = {.answer = 1};
	struct err e;

	(void)state;
	(void)make(&a, &images,
		   STR("FROM debian AS a\n"
		       "FROM docker.io/library/debian:latest\n"
		       "COPY --from=a / /\n"
		       "COPY --from=debian:latest /a /a\n"
		       "COPY --from=index.docker.io/library/debian /b /b\n"),
		   0, &e);
	assert_int_equal(images.n_asked, 1);
}

static void stages_that_nobody_needs_ask_for_nothing(void **state)
{
	SCOPED_ARENA struct arena a = {0};
	struct counting_source images = {.answer = 1};
	struct err e;

	(void)state;
	(void)make(&a, &images,
		   STR("FROM one AS unused\n"
		       "COPY --from=two / /\n"
		       "FROM scratch\n"
		       "ADD a /a\n"),
		   0, &e);
	assert_int_equal(images.n_asked, 0);
}

static void
an_image_that_can_not_be_read_is_an_error_not_a_mistake(void **state)
{
	static const char *const files[] = {
		"FROM broken\n",
		"FROM scratch\nCOPY --from=broken / /\n",
		"FROM scratch\nRUN --mount=from=broken,target=/m x\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		SCOPED_ARENA struct arena a = {0};
		struct counting_source images = {.answer = -1};
		struct err e = {0};

		assert_null(make(&a, &images, str_from(files[i]), 0, &e));
		assert_error(&e, ERR_CORRUPT,
			     "image docker.io/library/broken:latest: damaged");
	}
}

static void missing_images_of_several_stages_are_mistakes(void **state)
{
	SCOPED_ARENA struct arena a = {0};
	struct counting_source images = {.answer = 0};
	struct err e;

	(void)state;
	(void)make(&a, &images,
		   STR("FROM one AS a\n"
		       "FROM two AS b\n"
		       "FROM scratch\n"
		       "COPY --from=a / /\n"
		       "COPY --from=b / /\n"),
		   2, &e);
}

static void a_long_chain_of_stages_is_planned(void **state)
{
	enum { N = 3000 };
	SCOPED_ARENA struct arena a = {0};
	SCOPED_BUF struct buf text = BUF_INIT(1u << 20);
	struct counting_source images = {0};
	const struct plan *plan;
	struct err e;

	(void)state;
	buf_add_c(&text, "FROM scratch AS s0\n");
	for (int i = 1; i < N; i++)
		buf_printf(&text, "FROM s%d AS s%d\nENV A=%d\n", i - 1, i, i);
	plan = make(&a, &images, buf_str(&text), 0, &e);
	assert_int_equal(plan->n_stages, N);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			every_port_that_there_is_can_be_exposed_at_once),
		cmocka_unit_test(
			an_image_is_asked_for_once_however_often_it_is_named),
		cmocka_unit_test(stages_that_nobody_needs_ask_for_nothing),
		cmocka_unit_test(
			an_image_that_can_not_be_read_is_an_error_not_a_mistake),
		cmocka_unit_test(missing_images_of_several_stages_are_mistakes),
		cmocka_unit_test(a_long_chain_of_stages_is_planned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
