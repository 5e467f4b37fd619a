/*
 * docker's lists and ours, held against each other: what moby publishes is in
 * tests/golden/moby, and so is each difference with its reason. All others are
 * printed, and fail the test; so does a row that is not true any more.
 */
#include "base/io.h"
#include "base/mem.h"
#include "base/strmap.h"
#include "builder/sandbox/capabilities.h"
#include "builder/sandbox/sandbox.h"
#include "builder/sandbox/seccomp_gen_profile.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { NAMES_MAX = 600, TEXT_MAX = 1 << 18 };

struct names {
	struct str v[NAMES_MAX];
	size_t n;
};

struct world {
	struct arena arena;
	struct str differences;
	unsigned n_rows; /* of differences */
	unsigned n_used; /* rows that were true */
	unsigned n_others;
};

static struct world w;

static struct str read_file(const char *name)
{
	struct buf text = BUF_INIT(TEXT_MAX);
	const char *root = getenv("IMGBUILD_SOURCE_ROOT");
	struct str out;
	struct err e;
	SCOPED_PTR char *path =
		xasprintf("%s/tests/golden/moby/%s", root ? root : ".", name);

	if (io_read_file(AT_FDCWD, path, &text, &e) != 1)
		fail_msg("no %s", path);
	out = arena_str(&w.arena, buf_str(&text));
	buf_release(&text);
	return out;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The words of a file, but for lines that begin with #. */
static void read_names(const char *file, struct names *out)
{
	struct str text = read_file(file);
	struct str line;
	bool more = true;

	while (more) {
		more = str_cut(text, '\n', &line, &text);
		if (str_starts(line, "#"))
			continue;
		for (size_t i = 0, end; i < line.n; i = end + 1) {
			for (end = i; end < line.n && !is_blank(line.p[end]);)
				end++;
			if (end > i)
				out->v[out->n++] = str_sub(line, i, end);
			assert_true(out->n < NAMES_MAX);
		}
	}
}

static void add(struct names *list, const char *name)
{
	list->v[list->n++] = str_from(arena_c(&w.arena, str_from(name)));
}

static bool has(const struct names *list, struct str name)
{
	for (size_t i = 0; i < list->n; i++)
		if (str_eq(list->v[i], name))
			return true;
	return false;
}

/* "LIST +NAME reason": whether there is such a row. */
static bool is_explained(const char *list, char sign, struct str name)
{
	SCOPED_PTR char *want =
		xasprintf("\n%s %c%.*s ", list, sign, STR_ARG(name));

	return memmem(w.differences.p, w.differences.n, want, strlen(want)) !=
	       NULL;
}

static void report(const char *list, char sign, struct str name)
{
	if (is_explained(list, sign, name)) {
		w.n_used++;
		return;
	}
	print_message("%s %c%.*s\n", list, sign, STR_ARG(name));
	w.n_others++;
}

static void compare(const char *list, const struct names *ours)
{
	static struct names theirs;
	SCOPED_PTR char *file = xasprintf("%s.txt", list);

	theirs.n = 0;
	read_names(file, &theirs);
	assert_true(theirs.n > 0);
	for (size_t i = 0; i < ours->n; i++)
		if (!has(&theirs, ours->v[i]))
			report(list, '+', ours->v[i]);
	for (size_t i = 0; i < theirs.n; i++)
		if (!has(ours, theirs.v[i]))
			report(list, '-', theirs.v[i]);
	assert_int_equal(w.n_others, 0);
}

static int set_up(void **state)
{
	(void)state;
	w.n_others = 0;
	if (!w.differences.n)
		w.differences = read_file("differences.txt");
	return 0;
}

static void capabilities_are_dockers(void **state)
{
	static struct names ours;

	(void)state;
	for (unsigned i = 0; i < 64; i++)
		if (capabilities_default() >> i & 1)
			add(&ours, capability_name(i));
	compare("capabilities", &ours);
}

/* Of the architecture that this is; the others' are not in the program. */
static bool is_other_architectures(struct str name)
{
	static const char *const names[] = {
		"arch_prctl",
		"modify_ldt",
		"uretprobe",
		"arm_fadvise64_64",
		"arm_sync_file_range",
		"sync_file_range2",
		"breakpoint",
		"cacheflush",
		"set_tls",
		"swapcontext",
		"riscv_flush_icache",
		"riscv_hwprobe",
		"s390_pci_mmio_read",
		"s390_pci_mmio_write",
		"s390_runtime_instr",
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (str_eq_c(name, names[i]))
			return true;
	return false;
}

static void system_calls_are_dockers(void **state)
{
	static struct names ours, theirs;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(allowed); i++)
		add(&ours, allowed[i]);
	for (size_t i = 0; i < ARRAY_LEN(allowed_numbers); i++)
		add(&ours, allowed_numbers[i].name);
	read_names("syscalls.txt", &theirs);
	for (size_t i = 0; i < theirs.n; i++)
		if (is_other_architectures(theirs.v[i]) &&
		    !has(&ours, theirs.v[i]))
			ours.v[ours.n++] = theirs.v[i];
	compare("syscalls", &ours);
}

static void add_number(struct names *list, uint32_t number)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "%u", number);
	add(list, text);
}

static void families_of_sockets_are_dockers(void **state)
{
	static struct names ours;

	(void)state;
	for (uint32_t family = 0; family <= LAST_FAMILY; family++) {
		bool refused = false;

		for (size_t i = 0; i < ARRAY_LEN(refused_families); i++)
			refused |= refused_families[i] == family;
		if (!refused)
			add_number(&ours, family);
	}
	compare("families", &ours);
}

static void personalities_are_dockers(void **state)
{
	static struct names ours;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(personalities); i++)
		add_number(&ours, personalities[i]);
	compare("personalities", &ours);
}

/* The targets of the plan's operations of one kind. */
static void add_targets(struct names *out, enum sandbox_op_kind kind)
{
	static const char *const argv[] = {"true", NULL};
	static const char *const env[] = {"PATH=/bin", NULL};
	const struct run_spec spec = {.argv = argv, .env = env, .cwd = "/"};
	const struct sandbox_facts facts = {.tier = TIER_ROOT,
					    .n_throttles = 2};
	struct sandbox_plan plan;
	struct err e;

	assert_int_equal(sandbox_compile(&w.arena, &spec, &facts, &plan, &e),
			 0);
	for (size_t i = 0; i < plan.n_ops; i++)
		if (plan.ops[i].kind == kind)
			add(out, plan.ops[i].target);
}

static void masked_paths_are_dockers(void **state)
{
	static struct names ours;

	(void)state;
	add_targets(&ours, SANDBOX_MASK);
	compare("masked", &ours);
}

static void read_only_paths_are_dockers(void **state)
{
	static struct names ours;

	(void)state;
	add_targets(&ours, SANDBOX_READONLY);
	compare("readonly", &ours);
}

/* Last: every row has been looked for by now. */
static void every_row_of_the_differences_is_true(void **state)
{
	struct str rest = w.differences;
	struct str line;
	bool more = true;
	unsigned n = 0;

	(void)state;
	while (more) {
		more = str_cut(rest, '\n', &line, &rest);
		n += line.n > 0 && line.p[0] != '#';
	}
	assert_int_equal(n, w.n_used);
}

#define TEST(f) cmocka_unit_test_setup(f, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(capabilities_are_dockers),
		TEST(system_calls_are_dockers),
		TEST(families_of_sockets_are_dockers),
		TEST(personalities_are_dockers),
		TEST(masked_paths_are_dockers),
		TEST(read_only_paths_are_dockers),
		TEST(every_row_of_the_differences_is_true),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	arena_release(&w.arena);
	return failed;
}
