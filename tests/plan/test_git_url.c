#include "tests/base/support.h"

#include "parser/git_url.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *choice_text(enum git_choice c)
{
	return c == GIT_UNSAID ? "" : c == GIT_YES ? "yes" : "no";
}

/* "remote ref folder checksum keep-git-dir submodules commit-times", "none" or
 * "error: …" */
static struct str describe(struct arena *a, int parsed,
			   const struct git_url *git, const struct err *e)
{
	if (parsed < 0)
		return arena_printf(a, "error: %s", e->msg);
	if (parsed == 0)
		return STR("none");
	return arena_printf(
		a, "%.*s|%.*s|%.*s|%.*s|%s|%s|%s", STR_ARG(git->remote),
		STR_ARG(git->ref), STR_ARG(git->folder), STR_ARG(git->checksum),
		choice_text(git->keep_git_dir), choice_text(git->submodules),
		choice_text(git->commit_times));
}

struct expected {
	const char *text;
	const char *meaning;
};

static void assert_means(const struct expected *table, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		SCOPED_ARENA struct arena a = {0};
		struct git_url git;
		struct err e = {0};
		int parsed =
			git_url_parse(&a, str_from(table[i].text), &git, &e);
		struct str got = describe(&a, parsed, &git, &e);

		if (!str_eq_c(got, table[i].meaning))
			fail_msg("%s: %.*s, not %s", table[i].text,
				 STR_ARG(got), table[i].meaning);
	}
}

static void git_sources_are_told_by_their_form(void **state)
{
	static const struct expected table[] = {
		{"https://example.com/", "none"},
		{"https://example.com/foo", "none"},
		{"https://example.com/foo.git",
		 "https://example.com/foo.git||||||"},
		{"https://example.com/foo.git/", "none"},
		{"https://example.com/foo.git.bar", "none"},
		{"http://example.com/foo.git:#branch", "none"},
		{"https://foo:bar@example.com/b.git",
		 "https://foo:bar@example.com/b.git||||||"},
		{"git://example.com/foo", "git://example.com/foo||||||"},
		{"ssh://git@example.com/foo",
		 "ssh://git@example.com/foo||||||"},
		{"git@example.com:moby/buildkit",
		 "git@example.com:moby/buildkit||||||"},
		{"custom.xyz/moby/buildkit.git", "none"},
		{"user@host", "none"},
		{"a/b@c:d", "none"},
		{"./.git", "none"},
		{".git", "none"},
		{"", "none"},
	};

	(void)state;
	assert_means(table, ARRAY_LEN(table));
}

static void fragment_and_query_say_what_of_it(void **state)
{
	static const struct expected table[] = {
		{"https://h/x.git#release/1.2",
		 "https://h/x.git|release/1.2|||||"},
		{"https://h/x.git#baz/qux:quux/q",
		 "https://h/x.git|baz/qux|quux/q||||"},
		{"https://h/x.git#:myfolder", "https://h/x.git||myfolder||||"},
		{"https://h/x.git?ref=v1.0.0&subdir=/sub",
		 "https://h/x.git|v1.0.0|/sub||||"},
		{"git://h/x?branch=b", "git://h/x|refs/heads/b|||||"},
		{"git://h/x?tag=refs/tags/t", "git://h/x|refs/tags/t|||||"},
		{"git://h/x?subdir=a%20b%2fc", "git://h/x||a b/c||||"},
		{"git://h/x?checksum=abc", "git://h/x|abc||abc|||"},
		{"git://h/x?ref=r&commit=abc", "git://h/x|r||abc|||"},
		{"git://h/x?keep-git-dir", "git://h/x||||yes||"},
		{"git://h/x?keep-git-dir=0&submodules=false&mtime=commit",
		 "git://h/x||||no|no|yes"},
		{"git@h:x?branch=b#:s", "git@h:x|refs/heads/b|s||||"},
		{"git://h/x?ref=a#a", "git://h/x|a|||||"},
	};

	(void)state;
	assert_means(table, ARRAY_LEN(table));
}

static void what_can_not_be_meant_is_refused(void **state)
{
	static const struct expected table[] = {
		{"git://h/x?ref=",
		 "error: git://h/x: query \"ref\" has no value"},
		{"git://h/x?ref=a&ref=b",
		 "error: git://h/x: query \"ref\" has multiple values"},
		{"git://h/x?depth=1",
		 "error: git://h/x: unexpected query \"depth\""},
		{"git://h/x?ref=a#b",
		 "error: git://h/x: ref conflicts: \"b\" vs \"a\""},
		{"git://h/x?subdir=a#:b",
		 "error: git://h/x: subdir conflicts: \"b\" vs \"a\""},
		{"git://h/x?tag=a&branch=b",
		 "error: git://h/x: branch conflicts with tag"},
		{"git://h/x?submodules=maybe",
		 "error: git://h/x: invalid submodules value: \"maybe\""},
		{"git://h/x?mtime=now",
		 "error: git://h/x: invalid mtime value: "
		 "\"now\": neither commit nor checkout"},
		{"git://h/x#--upload-pack=x",
		 "error: --upload-pack=x: no name of a git ref"},
	};

	(void)state;
	assert_means(table, ARRAY_LEN(table));
}

static void a_context_may_be_a_repository_on_this_machine(void **state)
{
	SCOPED_ARENA struct arena a = {0};
	struct temp_dir dir;
	struct git_url git;
	struct err e;
	const char *plain;
	const char *named;

	(void)state;
	temp_dir_make(&dir);
	assert_int_equal(mkdirat(dir.fd, "repo", 0755), 0);
	plain = arena_printf(&a, "%s/repo", dir.path).p;
	named = arena_printf(&a, "file://%s#v1:sub", plain).p;
	assert_int_equal(git_url_parse_context(&a, str_from(plain), &git, &e),
			 0);
	assert_int_equal(git_url_parse_context(&a, str_from(named), &git, &e),
			 1);
	assert_true(str_eq_c(git.remote, plain));
	assert_true(str_eq_c(git.ref, "v1"));
	assert_true(str_eq_c(git.folder, "sub"));
	/* without file://, too, as long as no folder has that very name */
	named += strlen("file://");
	assert_int_equal(git_url_parse_context(&a, str_from(named), &git, &e),
			 1);
	assert_true(str_eq_c(git.remote, plain));
	assert_int_equal(mkdirat(dir.fd, "repo#v1:sub", 0755), 0);
	assert_int_equal(git_url_parse_context(&a, str_from(named), &git, &e),
			 0);
	temp_dir_remove(&dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(git_sources_are_told_by_their_form),
		cmocka_unit_test(fragment_and_query_say_what_of_it),
		cmocka_unit_test(what_can_not_be_meant_is_refused),
		cmocka_unit_test(a_context_may_be_a_repository_on_this_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
