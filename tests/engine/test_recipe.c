/*
 * Recipes and their keys. Every field of every kind of step is changed, one at
 * a time, by what its row in recipe_fields.c says of it: one that enters the
 * key must change it, one with a reason must not.
 */
#include "tests/engine/support.h"

#include "builder/engine/recipe.h"
#include "builder/engine/recipe_fields.h"
#include "cache/reason.h"

#include <unistd.h>

/* A step of each kind that has something in most fields, and what it points
 * to, so that a copy can be changed. */
struct sample {
	struct step step;
	struct str argv[3];
	struct str env[2];
	struct step_mount mounts[6];
	struct step_source sources[3];
	struct str excludes[1];
};

static struct str_list list_of(struct str *v, size_t n)
{
	return (struct str_list){.v = v, .n = n};
}

static struct origin from_stage(const struct bench *b, size_t i)
{
	return (struct origin){.kind = ORIGIN_STAGE, .stage = &b->stages[i]};
}

static void sample_run(struct sample *s, const struct bench *b)
{
	*s = (struct sample){
		.argv = {STR("/bin/sh"), STR("-c"), STR("make")},
		.env = {STR("PATH=/bin"), STR("A=1")},
		.mounts =
			{
				{.kind = MOUNT_BIND,
				 .origin = from_stage(b, 0),
				 .source = STR("sub"),
				 .target = STR("/from")},
				{.kind = MOUNT_BIND,
				 .source = STR("dir"),
				 .target = STR("/context")},
				{.kind = MOUNT_CACHE,
				 .origin = from_stage(b, 0),
				 .source = STR("sub"),
				 .target = STR("/cache"),
				 .id = STR("c")},
				{.kind = MOUNT_TMPFS,
				 .origin = {.kind = ORIGIN_SCRATCH},
				 .target = STR("/tmp"),
				 .size_bytes = 4096},
				{.kind = MOUNT_SECRET,
				 .origin = {.kind = ORIGIN_SCRATCH},
				 .target = STR("/run/secrets/s"),
				 .id = STR("s"),
				 .env = STR("S")},
				{.kind = MOUNT_SSH,
				 .origin = {.kind = ORIGIN_SCRATCH},
				 .id = STR("default")},
			},
	};
	s->step = (struct step){
		.kind = STEP_RUN,
		.run = {.argv = list_of(s->argv, 3),
			.env = list_of(s->env, 2),
			.cwd = STR("/src"),
			.user = STR("build"),
			.hostname = STR("host"),
			.mounts = s->mounts,
			.n_mounts = 6},
	};
}

static void sample_copy(struct sample *s, const struct bench *b)
{
	(void)b;
	*s = (struct sample){
		.sources = {{.path = STR("f")},
			    {.path = STR("dir")},
			    {.path = STR("EOF"),
			     .is_inline = true,
			     .content = STR("text")}},
		.excludes = {STR("*.o")},
	};
	s->step = (struct step){
		.kind = STEP_COPY,
		.copy = {.sources = s->sources,
			 .n_sources = 3,
			 .dest = STR("/to/"),
			 .chown = STR("1:2"),
			 .chmod_text = STR("755"),
			 .excludes = list_of(s->excludes, 1)},
	};
}

static void sample_workdir(struct sample *s, const struct bench *b)
{
	(void)b;
	*s = (struct sample){
		.step = {.kind = STEP_WORKDIR,
			 .workdir = {.path = STR("/src"), .user = STR("u")}},
	};
}

static const char CONTEXT[] = "dir/a=1 dir/b=2 dir2/a=1 dir2/b=3 f=x g=y";

/* k, which may be NULL, gets the key itself. */
static struct digest key_of(struct bench *b, const struct step *step,
			    struct key *k)
{
	const struct digest parent = digest_of("parent", 6);
	struct recipe *r;
	struct digest out;
	struct err e;

	assert_ok(recipe_make(&b->build, step, &parent, &r, &e));
	out = r->digest;
	if (k) {
		*k = r->key;
		r->key = (struct key){0};
	}
	recipe_free(r);
	return out;
}

/* --- changing one field ------------------------------------------------- */

/* What a row of FIELD_OTHER is changed by, where flipping a bit won't do. */
struct change {
	const char *of;
	const char *name;
	void (*make)(struct sample *s, struct bench *b, void *object);
};

static void other_stage(struct sample *s, struct bench *b, void *object)
{
	(void)s;
	((struct step_mount *)object)->origin = from_stage(b, 1);
}

static void other_mount_source(struct sample *s, struct bench *b, void *object)
{
	struct step_mount *m = object;

	(void)s;
	(void)b;
	m->source = str_eq_c(m->source, "dir") ? STR("dir2") : STR("tool");
}

static void copy_from_stage(struct sample *s, struct bench *b, void *object)
{
	struct step_copy *copy = object;

	/* the same names, so that only the origin differs */
	s->sources[0].path = STR("tool");
	s->sources[1].path = STR("sub");
	copy->origin = from_stage(b, 0);
}

static void other_file(struct sample *s, struct bench *b, void *object)
{
	(void)b;
	(void)object;
	s->sources[0].path = STR("g");
}

static void fewer_sources(struct sample *s, struct bench *b, void *object)
{
	(void)s;
	(void)b;
	((struct step_copy *)object)->n_sources--;
}

static void other_mode(struct sample *s, struct bench *b, void *object)
{
	(void)s;
	(void)b;
	((struct step_copy *)object)->chmod_text = STR("700");
}

static void other_target(struct sample *s, struct bench *b, void *object)
{
	(void)b;
	(void)object;
	s->mounts[0].target = STR("/elsewhere");
}

static void fewer_mounts(struct sample *s, struct bench *b, void *object)
{
	(void)s;
	(void)b;
	((struct step_run *)object)->n_mounts--;
}

static void other_hostname(struct sample *s, struct bench *b, void *object)
{
	(void)s;
	(void)b;
	((struct step_run *)object)->hostname = STR("other");
}

static void some_proxy(struct sample *s, struct bench *b, void *object)
{
	(void)b;
	((struct step_run *)object)->hidden_env = list_of(&s->env[1], 1);
}

static void some_checksum(struct sample *s, struct bench *b, void *object)
{
	(void)s;
	(void)b;
	((struct step_copy *)object)->checksum = STR("sha256:00");
}

static void same_context_elsewhere(struct sample *s, struct bench *b,
				   void *object)
{
	(void)s;
	((struct build_options *)object)->context_path = b->other_context.path;
	if (!b->build.context_open)
		return;
	assert_int_equal(context_close(&b->build.context, &(struct err){0}), 0);
	b->build.context_open = false;
}

static void ignore_file_name(struct sample *s, struct bench *b, void *object)
{
	(void)s;
	(void)b;
	((struct build_options *)object)->dockerfile_name = "Other";
}

static const struct change CHANGES[] = {
	{"step_mount", "origin", other_stage},
	{"step_mount", "source", other_mount_source},
	{"step_run", "mounts", other_target},
	{"step_run", "n_mounts", fewer_mounts},
	{"step_run", "hostname", other_hostname},
	{"step_run", "hidden_env", some_proxy},
	{"step_copy", "origin", copy_from_stage},
	{"step_copy", "sources", other_file},
	{"step_copy", "n_sources", fewer_sources},
	{"step_copy", "chmod", other_mode},
	{"step_copy", "checksum", some_checksum},
	{"build_options", "context_path", same_context_elsewhere},
	{"build_options", "dockerfile_name", ignore_file_name},
};

static void change_value(const struct field *f, void *at)
{
	static struct str more[8];
	struct str_list *list = at;

	switch (f->type) {
	case FIELD_STR: *(struct str *)at = STR("changed"); break;
	case FIELD_LIST:
		memcpy(more, list->v, list->n * sizeof(*more));
		more[list->n] = STR("X=y");
		*list = list_of(more, list->n + 1);
		break;
	case FIELD_BOOL: *(bool *)at = !*(bool *)at; break;
	case FIELD_U32: *(uint32_t *)at += 1; break;
	case FIELD_U64: *(uint64_t *)at += 1; break;
	case FIELD_I64: *(int64_t *)at += 1; break;
	case FIELD_WORD: *(unsigned *)at = *(unsigned *)at == 1 ? 0 : 1; break;
	case FIELD_OTHER: *(char *)at ^= 1; break;
	}
}

static void change(const struct fields *of, const struct field *f,
		   struct sample *s, struct bench *b, void *object)
{
	for (size_t i = 0; i < ARRAY_LEN(CHANGES); i++)
		if (strcmp(CHANGES[i].of, of->of) == 0 &&
		    strcmp(CHANGES[i].name, f->name) == 0) {
			CHANGES[i].make(s, b, object);
			return;
		}
	change_value(f, (char *)object + f->offset);
}

/* Changed to what the plan never holds: other tests are about these. */
static bool is_about_the_kind(const struct fields *of, const struct field *f)
{
	return (of == &FIELDS_STEP &&
		(strcmp(f->name, "kind") == 0 || strcmp(f->name, "run") == 0 ||
		 strcmp(f->name, "copy") == 0 ||
		 strcmp(f->name, "workdir") == 0 ||
		 strcmp(f->name, "stage") == 0)) ||
	       (of == &FIELDS_STEP_MOUNT && strcmp(f->name, "kind") == 0);
}

typedef void sample_function(struct sample *s, const struct bench *b);
typedef void *object_function(struct sample *s, struct bench *b, size_t i);

static bool enters(const struct field *f, unsigned kind)
{
	return f->type == FIELD_OTHER ? f->told_by != NULL
				      : (f->kinds >> kind & 1) != 0;
}

/* Whether a change of f may show in this component too. */
static bool comes_along(const struct field *f, struct str component)
{
	static const char *const pairs[][2] = {
		{"link", "parent"},	/* it has none */
		{"kind", ".id"},	/* only a cache's is in no key */
		{"parents", "content"}, /* it selects otherwise */
	};

	for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
		if (strcmp(f->name, pairs[i][0]) == 0 &&
		    str_ends(component, pairs[i][1]))
			return true;
	return false;
}

/* What is told of the change is the field that was changed, and no other. */
static void check_reasons(const struct field *f, bool enters,
			  const struct key *before, const struct key *after)
{
	SCOPED_REASONS struct reasons r = {0};

	reasons_compare(&r, before, after);
	if ((r.v.n > 0) != enters)
		fail_msg("%s: %zu reasons", f->name, r.v.n);
	for (size_t i = 0; f->type != FIELD_OTHER && i < r.v.n; i++)
		if (!str_ends(r.v.v[i].component, f->name) &&
		    !comes_along(f, r.v.v[i].component))
			fail_msg("%s: the reason is said to be %.*s", f->name,
				 STR_ARG(r.v.v[i].component));
}

static void try_row(const struct fields *of, const struct field *f,
		    unsigned kind, sample_function *make,
		    object_function *object, size_t i)
{
	struct digest before, after;
	struct key keys[2];
	struct sample s;
	SCOPED_BENCH b;

	bench_make(&b, CONTEXT);
	make(&s, &b);
	before = key_of(&b, &s.step, &keys[0]);
	change(of, f, &s, &b, object(&s, &b, i));
	after = key_of(&b, &s.step, &keys[1]);
	if (digest_eq(&before, &after) == enters(f, kind))
		fail_msg("%s.%s of kind %u %s the key", of->of, f->name, kind,
			 enters(f, kind) ? "did not change" : "changed");
	check_reasons(f, enters(f, kind), &keys[0], &keys[1]);
	key_release(&keys[0]);
	key_release(&keys[1]);
}

/*
 * Every row of a table over object i of the sample, whose kind is given.
 * Returns how many were tried.
 */
static size_t try_rows(const struct fields *of, unsigned kind,
		       sample_function *make, object_function *object, size_t i)
{
	size_t n = 0;

	for (size_t row = 0; row < of->n; row++) {
		if (is_about_the_kind(of, &of->v[row]))
			continue;
		try_row(of, &of->v[row], kind, make, object, i);
		n++;
	}
	return n;
}

static void *the_step(struct sample *s, struct bench *b, size_t i)
{
	(void)b;
	(void)i;
	return &s->step;
}

static void *the_run(struct sample *s, struct bench *b, size_t i)
{
	(void)b;
	(void)i;
	return &s->step.run;
}

static void *the_mount(struct sample *s, struct bench *b, size_t i)
{
	(void)b;
	return &s->mounts[i];
}

static void *the_copy(struct sample *s, struct bench *b, size_t i)
{
	(void)b;
	(void)i;
	return &s->step.copy;
}

static void *the_source(struct sample *s, struct bench *b, size_t i)
{
	(void)b;
	return &s->sources[i];
}

static void *the_workdir(struct sample *s, struct bench *b, size_t i)
{
	(void)b;
	(void)i;
	return &s->step.workdir;
}

static void *the_options(struct sample *s, struct bench *b, size_t i)
{
	(void)s;
	(void)i;
	return &b->opt;
}

static void every_field_of_a_step_counts_or_has_a_reason(void **state)
{
	size_t n = 0;

	(void)state;
	n += try_rows(&FIELDS_STEP, STEP_RUN, sample_run, the_step, 0);
	n += try_rows(&FIELDS_STEP, STEP_COPY, sample_copy, the_step, 0);
	n += try_rows(&FIELDS_STEP, STEP_WORKDIR, sample_workdir, the_step, 0);
	assert_int_equal(n, 3 * (FIELDS_STEP.n - 5));
}

static void every_field_of_a_run_counts_or_has_a_reason(void **state)
{
	(void)state;
	assert_int_equal(
		try_rows(&FIELDS_STEP_RUN, STEP_RUN, sample_run, the_run, 0),
		FIELDS_STEP_RUN.n);
}

static void every_field_of_a_workdir_counts(void **state)
{
	(void)state;
	assert_int_equal(try_rows(&FIELDS_STEP_WORKDIR, STEP_WORKDIR,
				  sample_workdir, the_workdir, 0),
			 FIELDS_STEP_WORKDIR.n);
}

static void every_field_of_a_copy_counts_or_has_a_reason(void **state)
{
	(void)state;
	assert_int_equal(try_rows(&FIELDS_STEP_COPY, STEP_COPY, sample_copy,
				  the_copy, 0),
			 FIELDS_STEP_COPY.n);
}

static void options_of_a_build_are_in_no_key(void **state)
{
	(void)state;
	assert_int_equal(try_rows(&FIELDS_BUILD_OPTIONS, STEP_COPY, sample_copy,
				  the_options, 0),
			 FIELDS_BUILD_OPTIONS.n);
}

/* Mounts without files behind them have no origin and source to change. */
static void every_field_of_a_mount_counts_or_has_a_reason(void **state)
{
	struct sample s;
	struct field rows[32];
	SCOPED_BENCH b;
	size_t n_tried = 0;

	(void)state;
	bench_make(&b, CONTEXT);
	sample_run(&s, &b);
	for (size_t i = 0; i < ARRAY_LEN(s.mounts); i++) {
		const bool reads = s.mounts[i].kind == MOUNT_BIND ||
				   s.mounts[i].kind == MOUNT_CACHE;
		struct fields own = {FIELDS_STEP_MOUNT.of, rows, 0};

		for (size_t k = 0; k < FIELDS_STEP_MOUNT.n; k++)
			if (reads || FIELDS_STEP_MOUNT.v[k].told_by == NULL)
				rows[own.n++] = FIELDS_STEP_MOUNT.v[k];
		n_tried += try_rows(&own, s.mounts[i].kind, sample_run,
				    the_mount, i);
	}
	assert_true(n_tried >= 6 * (FIELDS_STEP_MOUNT.n - 3));
}

static void every_field_of_a_source_counts(void **state)
{
	struct digest before;
	struct sample s;
	SCOPED_BENCH b;

	(void)state;
	bench_make(&b, CONTEXT);
	sample_copy(&s, &b);
	before = key_of(&b, &s.step, NULL);
	for (size_t row = 0; row < FIELDS_STEP_SOURCE.n; row++) {
		const struct field *f = &FIELDS_STEP_SOURCE.v[row];
		struct digest after;

		sample_copy(&s, &b);
		/* the heredoc: its words are free */
		change_value(f, (char *)the_source(&s, &b, 2) + f->offset);
		s.sources[2].path =
			s.sources[2].is_inline ? s.sources[2].path : STR("f");
		after = key_of(&b, &s.step, NULL);
		if (digest_eq(&before, &after))
			fail_msg("step_source.%s does not count", f->name);
	}
}

/* --- more than fields --------------------------------------------------- */

static void kinds_of_mounts_and_steps_have_keys_of_their_own(void **state)
{
	struct digest before, after;
	struct sample s;
	SCOPED_BENCH b;

	(void)state;
	bench_make(&b, CONTEXT);
	sample_run(&s, &b);
	s.step.run.mounts = &s.mounts[3];
	s.step.run.n_mounts = 1;
	before = key_of(&b, &s.step, NULL);
	s.mounts[3].kind = MOUNT_SECRET;
	after = key_of(&b, &s.step, NULL);
	assert_false(digest_eq(&before, &after));
	s.mounts[3].kind = MOUNT_SSH;
	before = key_of(&b, &s.step, NULL);
	assert_false(digest_eq(&before, &after));
}

static void the_parent_counts_but_not_for_copy_link(void **state)
{
	const struct digest parents[] = {digest_of("a", 1), digest_of("b", 1)};
	struct digest keys[2][3];
	struct sample s;
	SCOPED_BENCH b;

	(void)state;
	bench_make(&b, CONTEXT);
	for (size_t i = 0; i < 2; i++) {
		for (size_t k = 0; k < 3; k++) {
			struct recipe *r;
			struct err e;

			sample_copy(&s, &b);
			s.step.copy.link = k > 0;
			s.step.copy.chmod =
				k > 1 ? (const struct mode_change *)&s : NULL;
			assert_ok(recipe_make(&b.build, &s.step, &parents[i],
					      &r, &e));
			keys[i][k] = r->digest;
			recipe_free(r);
		}
	}
	assert_false(digest_eq(&keys[0][0], &keys[1][0]));
	assert_true(digest_eq(&keys[0][1], &keys[1][1]));
	assert_false(digest_eq(&keys[0][2], &keys[1][2]));
}

static void the_same_files_of_a_context_and_a_stage_differ(void **state)
{
	struct digest before, after;
	struct sample s;
	SCOPED_BENCH b;

	(void)state;
	bench_make(&b, "sub/x=0 tool=0");
	sample_copy(&s, &b);
	s.sources[0].path = STR("tool");
	s.sources[1].path = STR("sub");
	before = key_of(&b, &s.step, NULL);
	/* --chown hides the owners, but a context's files lose capabilities */
	s.step.copy.origin = from_stage(&b, 0);
	after = key_of(&b, &s.step, NULL);
	assert_false(digest_eq(&before, &after));
}

static void files_that_change_meanwhile_are_noticed(void **state)
{
	static const char *const changes[] = {"f=other", "dir/new=1",
					      "dir/a=2"};
	const struct digest parent = digest_of("parent", 6);

	(void)state;
	for (size_t kind = 0; kind < 2; kind++) {
		for (size_t i = 0; i < ARRAY_LEN(changes) - kind; i++) {
			struct recipe *r;
			struct sample s;
			struct err e;
			SCOPED_BENCH b;

			bench_make(&b, CONTEXT);
			(kind ? sample_run : sample_copy)(&s, &b);
			/* archives are read like other files */
			s.step.copy.unpack = kind == 0;
			assert_ok(recipe_make(&b.build, &s.step, &parent, &r,
					      &e));
			assert_false(recipe_inputs_changed(r));
			put_tree(b.context.fd, changes[i + kind]);
			assert_true(recipe_inputs_changed(r));
			recipe_free(r);
		}
	}
}

static void a_source_that_goes_away_has_changed(void **state)
{
	const struct digest parent = digest_of("parent", 6);
	struct recipe *r;
	struct sample s;
	struct err e;
	SCOPED_BENCH b;

	(void)state;
	bench_make(&b, CONTEXT);
	sample_copy(&s, &b);
	assert_ok(recipe_make(&b.build, &s.step, &parent, &r, &e));
	assert_int_equal(unlinkat(b.context.fd, "f", 0), 0);
	assert_true(recipe_inputs_changed(r));
	recipe_free(r);
}

static void a_source_that_is_missing_is_an_error(void **state)
{
	const struct digest parent = digest_of("parent", 6);
	struct recipe *r;
	struct sample s;
	struct err e;
	SCOPED_BENCH b;

	(void)state;
	bench_make(&b, CONTEXT);
	sample_copy(&s, &b);
	s.sources[1].path = STR("nowhere");
	assert_int_equal(recipe_make(&b.build, &s.step, &parent, &r, &e), -1);
	assert_error(&e, ERR_NOT_FOUND, "nowhere");
	assert_null(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_of_a_step_counts_or_has_a_reason),
		cmocka_unit_test(every_field_of_a_run_counts_or_has_a_reason),
		cmocka_unit_test(every_field_of_a_mount_counts_or_has_a_reason),
		cmocka_unit_test(every_field_of_a_copy_counts_or_has_a_reason),
		cmocka_unit_test(every_field_of_a_source_counts),
		cmocka_unit_test(every_field_of_a_workdir_counts),
		cmocka_unit_test(options_of_a_build_are_in_no_key),
		cmocka_unit_test(
			kinds_of_mounts_and_steps_have_keys_of_their_own),
		cmocka_unit_test(the_parent_counts_but_not_for_copy_link),
		cmocka_unit_test(
			the_same_files_of_a_context_and_a_stage_differ),
		cmocka_unit_test(files_that_change_meanwhile_are_noticed),
		cmocka_unit_test(a_source_that_goes_away_has_changed),
		cmocka_unit_test(a_source_that_is_missing_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
