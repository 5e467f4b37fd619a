#include "tests/cache/support.h"

#include "base/io.h"
#include "cache/tree.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

/* Writes each entry's path as it comes; ")" when a folder is left. */
struct recorder {
	struct tree_visitor visitor;
	struct buf text;
	bool show_rel;
};

static int record_entry(struct tree_visitor *v, const struct tree_entry *entry,
			struct err *e)
{
	struct recorder *r = (struct recorder *)v;
	struct str path = r->show_rel ? entry->rel : entry->path;
	size_t depth = entry->path.n != 0;

	(void)e;
	for (size_t i = 0; i < entry->path.n; i++)
		depth += entry->path.p[i] == '/';
	assert_int_equal(entry->depth, depth);
	buf_printf(&r->text, "%s%.*s%s", r->text.n ? " " : "", STR_ARG(path),
		   S_ISDIR(entry->st->st_mode) ? "(" : "");
	return 0;
}

static int record_leave(struct tree_visitor *v, const struct tree_entry *entry,
			struct err *e)
{
	struct recorder *r = (struct recorder *)v;

	(void)e;
	(void)entry;
	buf_add_c(&r->text, " )");
	return 0;
}

/* Excludes paths by their last component: "-…" out, "?…" descend. */
static enum tree_verdict check_name(struct tree_filter *f,
				    const struct tree_entry *entry)
{
	(void)f;
	if (str_starts(str_from(entry->name), "-"))
		return TREE_OUT;
	return str_starts(str_from(entry->name), "?") ? TREE_DESCEND : TREE_IN;
}

static int walk(const struct view *view, const char *path, bool filtered,
		bool show_rel, struct buf *out)
{
	struct tree_filter by_name = {check_name};
	struct tree_filter *const filters[] = {&by_name};
	const struct tree tree = {*view, filters, filtered ? 1 : 0};
	struct recorder r = {.visitor = {record_entry, record_leave},
			     .text = BUF_INIT(1u << 20),
			     .show_rel = show_rel};
	struct err e;
	int found = tree_walk(&tree, str_from(path), &r.visitor, &e);

	if (found < 0)
		fail_msg("%s: %s", path, e.msg);
	buf_add_str(out, buf_str(&r.text));
	buf_release(&r.text);
	return found;
}

static void assert_walk(const struct view *view, const char *path,
			bool filtered, const char *expected)
{
	SCOPED_BUF struct buf out = BUF_INIT(1u << 20);
	int found = walk(view, path, filtered, false, &out);

	assert_string_equal(buf_c(&out), expected);
	assert_int_equal(found, *expected != '\0');
}

static void
parents_come_before_children_and_siblings_in_byte_order(void **state)
{
	SCOPED_LAYERS l;

	(void)state;
	layers_make_plain(&l, "b=1 a/z=1 a/b/c=1 a.txt=1 a-b=1 Z=1");
	assert_walk(&l.view, "", false,
		    "( Z a( a/b( a/b/c ) a/z ) a-b a.txt b )");
}

static void a_walk_may_begin_below_the_root_and_at_a_file(void **state)
{
	SCOPED_LAYERS l;
	SCOPED_BUF struct buf rel = BUF_INIT(1000);

	(void)state;
	layers_make_plain(&l, "a/b/c=1 a/b/d/e=1 a/x=1");
	assert_walk(&l.view, "a/b", false, "a/b( a/b/c a/b/d( a/b/d/e ) )");
	assert_walk(&l.view, "a/b/c", false, "a/b/c");
	assert_walk(&l.view, "a/none", false, "");
	assert_walk(&l.view, "none/b", false, "");
	assert_walk(&l.view, "a/x/y", false, "");
	assert_int_equal(walk(&l.view, "a/b", false, true, &rel), 1);
	assert_string_equal(buf_c(&rel), "( c d( d/e ) )");
}

static void layers_are_walked_as_one(void **state)
{
	SCOPED_LAYERS l;

	(void)state;
	layers_make(&l, "d/a=1 d/gone=1 e/old=1", "d/b=2 d/gone! e~ e/new=2",
		    NULL);
	assert_walk(&l.view, "", false, "( d( d/a d/b ) e( e/new ) )");
}

static void a_view_of_nothing_has_nothing(void **state)
{
	const struct view none = {0};

	(void)state;
	assert_walk(&none, "", false, "");
	assert_walk(&none, "a/b", false, "");
}

static void what_is_out_is_not_entered(void **state)
{
	SCOPED_LAYERS l;

	(void)state;
	layers_make_plain(&l, "a=1 -b=1 -c/d=1 e/-f=1 e/g=1");
	assert_walk(&l.view, "", true, "( a e( e/g ) )");
}

static void a_folder_that_is_out_comes_with_its_first_content(void **state)
{
	SCOPED_LAYERS l;

	(void)state;
	layers_make_plain(&l, "?a/-x=1 ?a/in=1 ?a/in2=1 ?b/-x=1 "
			      "?c/?d/?e/in=1 ?c/?d/?empty/?none/ ?f=1");
	assert_walk(&l.view, "", true,
		    "( ?a( ?a/in ?a/in2 ) "
		    "?c( ?c/?d( ?c/?d/?e( ?c/?d/?e/in ) ) ) )");
}

static void a_walk_below_something_that_is_out_finds_nothing(void **state)
{
	SCOPED_LAYERS l;

	(void)state;
	layers_make_plain(&l, "-a/b=1 ?c/d/e=1 ?c/?x/?y/");
	assert_walk(&l.view, "-a/b", true, "");
	assert_walk(&l.view, "?c/d", true, "?c/d( ?c/d/e )");
	assert_walk(&l.view, "?c/?x", true, "");
}

/* Says "in" to all and counts how often it was asked for each path. */
struct counting_filter {
	struct tree_filter filter;
	struct buf asked;
};

static enum tree_verdict count_check(struct tree_filter *f,
				     const struct tree_entry *entry)
{
	struct counting_filter *c = (struct counting_filter *)f;

	buf_printf(&c->asked, "%.*s;", STR_ARG(entry->path));
	return TREE_IN;
}

static void a_filter_is_asked_of_parents_before_children_once(void **state)
{
	SCOPED_LAYERS l;
	struct counting_filter f = {{count_check}, BUF_INIT(1000)};
	struct tree_filter *const filters[] = {&f.filter};
	struct recorder r = {.visitor = {record_entry, NULL},
			     .text = BUF_INIT(1000)};
	struct tree tree;
	struct err e;

	(void)state;
	layers_make_plain(&l, "a/b/c=1 a/b/d=1 a/e=1");
	tree = (struct tree){l.view, filters, 1};
	assert_int_equal(tree_walk(&tree, STR("a/b"), &r.visitor, &e), 1);
	assert_string_equal(buf_c(&f.asked), "a;a/b;a/b/c;a/b/d;");
	buf_release(&f.asked);
	buf_release(&r.text);
}

static void links_are_visited_not_followed(void **state)
{
	SCOPED_LAYERS l;

	(void)state;
	layers_make_plain(&l, "d/f=1 link->d loop->.");
	assert_walk(&l.view, "", false, "( d( d/f ) link loop )");
}

static int fail_at_b(struct tree_visitor *v, const struct tree_entry *entry,
		     struct err *e)
{
	(void)v;
	if (str_eq_c(entry->rel, "b"))
		return err_set(e, ERR_FAILED, "enough");
	assert_false(str_eq_c(entry->rel, "c"));
	return 0;
}

static void an_error_of_the_visitor_ends_the_walk(void **state)
{
	SCOPED_LAYERS l;
	struct tree_visitor visitor = {.entry = fail_at_b};
	struct tree tree;
	struct err e;

	(void)state;
	layers_make_plain(&l, "a=1 b=1 c=1");
	tree = (struct tree){.view = l.view};
	assert_int_equal(tree_walk(&tree, STR(""), &visitor, &e), -1);
	assert_error(&e, ERR_FAILED, "enough");
}

static void folders_nested_too_deep_are_an_error(void **state)
{
	SCOPED_LAYERS l;
	struct recorder r = {.visitor = {record_entry, NULL},
			     .text = BUF_INIT(1u << 24)};
	struct tree tree;
	struct err e;
	int fd;

	(void)state;
	layers_make_plain(&l, "");
	fd = dup(l.fds[0]);
	for (int i = 0; i < 2100; i++) {
		int inner;

		assert_ok(io_mkdir(fd, "d", 0755, &e));
		inner = io_open_dir(fd, "d", &e);
		(void)close(fd);
		fd = inner;
	}
	(void)close(fd);
	tree = (struct tree){.view = l.view};
	/* by the limit, or because the descriptors ran out first */
	assert_int_equal(tree_walk(&tree, STR(""), &r.visitor, &e), -1);
	assert_true(e.code == ERR_LIMIT || e.code == ERR_SYS);
	buf_release(&r.text);
	/* deeper than the descriptors that a recursive removal may open */
	assert_int_equal(renameat(l.fds[0], "d", l.fds[0], "top"), 0);
	while (path_exists(l.fds[0], "top/d")) {
		assert_int_equal(renameat(l.fds[0], "top/d", l.fds[0], "next"),
				 0);
		assert_int_equal(unlinkat(l.fds[0], "top", AT_REMOVEDIR), 0);
		assert_int_equal(renameat(l.fds[0], "next", l.fds[0], "top"),
				 0);
	}
}

static struct digest hash_of(const struct view *view, const char *path,
			     enum tree_owner owner, struct statcache *cache)
{
	const struct tree tree = {.view = *view};
	struct sha256 s;
	struct digest d;
	struct err e;

	sha256_init(&s);
	if (tree_hash(&tree, str_from(path), owner, cache, &s, NULL, &e) < 0)
		fail_msg("%s: %s", path, e.msg);
	sha256_final(&s, &d);
	return d;
}

static bool same_hash(const char *a, const char *b)
{
	SCOPED_LAYERS la;
	SCOPED_LAYERS lb;
	struct digest da;
	struct digest db;

	layers_make_plain(&la, a);
	layers_make_plain(&lb, b);
	da = hash_of(&la.view, "", TREE_OWNER_IGNORED, NULL);
	db = hash_of(&lb.view, "", TREE_OWNER_IGNORED, NULL);
	return digest_eq(&da, &db);
}

static void the_hash_is_of_names_types_bytes_and_targets(void **state)
{
	static const char *const trees[] = {
		"",	    "a=",      "b=",	    "a/",	"a|",
		"a=1",	    "a=2",     "a->1",	    "a->2",	"a/b=1",
		"a/ b=1",   "a=1 b=2", "a=12",	    "a/b/ c=1", "a/b/c=1",
		"a/c=1 b/", "ab=1",    "a/ a/b->1", "a= b=1",	"a=1 b=",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(trees); i++)
		for (size_t k = 0; k < ARRAY_LEN(trees); k++)
			if (same_hash(trees[i], trees[k]) != (i == k))
				fail_msg("'%s' and '%s'", trees[i], trees[k]);
}

static void the_hash_does_not_depend_on_how_the_layers_came_about(void **state)
{
	SCOPED_LAYERS one;
	SCOPED_LAYERS many;
	struct digest a;
	struct digest b;

	(void)state;
	layers_make(&one, "d/a=1 d/b=2", NULL);
	layers_make(&many, "d/a=0 x=1", "d/a=1 x!", "d/b=2", NULL);
	a = hash_of(&one.view, "", TREE_OWNER_COUNTS, NULL);
	b = hash_of(&many.view, "", TREE_OWNER_COUNTS, NULL);
	assert_true(digest_eq(&a, &b));
}

static void the_hash_is_of_paths_from_where_the_walk_began(void **state)
{
	SCOPED_LAYERS l;
	struct digest a;
	struct digest b;

	(void)state;
	layers_make_plain(&l, "one/f=1 two/deep/f=1");
	a = hash_of(&l.view, "one", TREE_OWNER_IGNORED, NULL);
	b = hash_of(&l.view, "two/deep", TREE_OWNER_IGNORED, NULL);
	assert_true(digest_eq(&a, &b));
	a = hash_of(&l.view, "one/f", TREE_OWNER_IGNORED, NULL);
	assert_false(digest_eq(&a, &b));
	b = hash_of(&l.view, "two/deep/f", TREE_OWNER_IGNORED, NULL);
	assert_true(digest_eq(&a, &b));
}

static void the_mode_counts_and_the_times_do_not(void **state)
{
	SCOPED_LAYERS l;
	struct digest before;
	struct digest after;

	(void)state;
	layers_make_plain(&l, "d/f=1");
	before = hash_of(&l.view, "", TREE_OWNER_IGNORED, NULL);
	set_mtime(l.fds[0], "d/f", 12345);
	set_mtime(l.fds[0], "d", 12345);
	after = hash_of(&l.view, "", TREE_OWNER_IGNORED, NULL);
	assert_true(digest_eq(&before, &after));

	assert_int_equal(fchmodat(l.fds[0], "d/f", 0755, 0), 0);
	after = hash_of(&l.view, "", TREE_OWNER_IGNORED, NULL);
	assert_false(digest_eq(&before, &after));
	assert_int_equal(fchmodat(l.fds[0], "d/f", 0644, 0), 0);
	assert_int_equal(fchmodat(l.fds[0], "d", 0700, 0), 0);
	after = hash_of(&l.view, "", TREE_OWNER_IGNORED, NULL);
	assert_false(digest_eq(&before, &after));
}

static void needs_root_the_owner_counts_where_it_is_copied(void **state)
{
	SCOPED_LAYERS l;
	struct digest ignored[2];
	struct digest counted[3];

	(void)state;
	skip_unless_root();
	layers_make_plain(&l, "f=1");
	ignored[0] = hash_of(&l.view, "", TREE_OWNER_IGNORED, NULL);
	counted[0] = hash_of(&l.view, "", TREE_OWNER_COUNTS, NULL);
	assert_int_equal(fchownat(l.fds[0], "f", 0, 7, 0), 0);
	ignored[1] = hash_of(&l.view, "", TREE_OWNER_IGNORED, NULL);
	counted[1] = hash_of(&l.view, "", TREE_OWNER_COUNTS, NULL);
	assert_int_equal(fchownat(l.fds[0], "f", 7, 0, 0), 0);
	counted[2] = hash_of(&l.view, "", TREE_OWNER_COUNTS, NULL);
	assert_true(digest_eq(&ignored[0], &ignored[1]));
	assert_false(digest_eq(&counted[0], &counted[1]));
	assert_false(digest_eq(&counted[0], &counted[2]));
	assert_false(digest_eq(&counted[1], &counted[2]));
}

/* capabilities(7): VFS_CAP_REVISION_2 with cap_net_raw */
static const unsigned char CAPABILITY[20] = {1, 0, 0, 2, 0, 0x20};

static void needs_root_a_capability_counts(void **state)
{
	SCOPED_LAYERS l;
	SCOPED_FD int fd = -1;
	struct digest before;
	struct digest after;

	(void)state;
	skip_unless_root();
	layers_make_plain(&l, "f=1");
	before = hash_of(&l.view, "", TREE_OWNER_COUNTS, NULL);
	fd = openat(l.fds[0], "f", O_RDONLY | O_CLOEXEC);
	if (fsetxattr(fd, TREE_XATTR, CAPABILITY, sizeof(CAPABILITY), 0) < 0) {
		print_message("capabilities can't be set here\n");
		skip();
	}
	after = hash_of(&l.view, "", TREE_OWNER_COUNTS, NULL);
	assert_false(digest_eq(&before, &after));
}

static void other_attributes_do_not_count(void **state)
{
	SCOPED_LAYERS l;
	SCOPED_FD int fd = -1;
	struct digest before;
	struct digest after;

	(void)state;
	layers_make_plain(&l, "f=1");
	before = hash_of(&l.view, "", TREE_OWNER_COUNTS, NULL);
	fd = openat(l.fds[0], "f", O_RDONLY | O_CLOEXEC);
	assert_int_equal(fsetxattr(fd, "user.note", "x", 1, 0), 0);
	after = hash_of(&l.view, "", TREE_OWNER_COUNTS, NULL);
	assert_true(digest_eq(&before, &after));
}

static void sockets_count_as_the_empty_files_that_they_become(void **state)
{
	SCOPED_LAYERS l;
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	SCOPED_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct digest before;
	struct digest after;

	(void)state;
	layers_make_plain(&l, "f=1");
	before = hash_of(&l.view, "", TREE_OWNER_COUNTS, NULL);
	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s/0/socket",
		       l.dir.path);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	after = hash_of(&l.view, "", TREE_OWNER_COUNTS, NULL);
	assert_false(digest_eq(&before, &after));
}

static void a_large_file_is_hashed_whole(void **state)
{
	enum { SIZE = 600000 };
	SCOPED_LAYERS l;
	SCOPED_PTR char *bytes = xcalloc(SIZE, 1);
	struct digest before;
	struct digest after;

	(void)state;
	layers_make_plain(&l, "");
	put_file(l.fds[0], "f", (struct str){bytes, SIZE}, 0644);
	before = hash_of(&l.view, "f", TREE_OWNER_IGNORED, NULL);
	bytes[SIZE - 1] = 1;
	put_file(l.fds[0], "f", (struct str){bytes, SIZE}, 0644);
	after = hash_of(&l.view, "f", TREE_OWNER_IGNORED, NULL);
	assert_false(digest_eq(&before, &after));
}

static void a_file_in_the_stat_cache_is_not_opened(void **state)
{
	SCOPED_LAYERS l;
	struct statcache *cache;
	struct digest with;
	struct digest planted;
	struct digest without;
	struct stat st;
	const struct digest other = digest_of("other", 5);
	struct err e;

	(void)state;
	layers_make_plain(&l, "f=1");
	st = stat_of(l.fds[0], "f");
	without = hash_of(&l.view, "f", TREE_OWNER_IGNORED, NULL);

	cache = statcache_open(l.dir.fd, "stat");
	with = hash_of(&l.view, "f", TREE_OWNER_IGNORED, cache);
	assert_true(digest_eq(&with, &without));
	/* a wrong digest, so that it shows where it was taken from */
	statcache_put(cache, &st, &other, INT64_MAX);
	assert_ok(statcache_save(cache, &e));
	statcache_free(cache);

	cache = statcache_open(l.dir.fd, "stat");
	planted = hash_of(&l.view, "f", TREE_OWNER_IGNORED, cache);
	assert_false(digest_eq(&planted, &without));
	set_mtime(l.fds[0], "f", 12345);
	with = hash_of(&l.view, "f", TREE_OWNER_IGNORED, cache);
	assert_true(digest_eq(&with, &without));
	statcache_free(cache);
}

static struct digest seen_of(const struct view *view)
{
	const struct tree tree = {.view = *view};
	struct sha256 s;
	struct sha256 seen;
	struct digest d;
	struct err e;

	sha256_init(&s);
	sha256_init(&seen);
	assert_int_equal(tree_hash(&tree, STR(""), TREE_OWNER_IGNORED, NULL, &s,
				   &seen, &e),
			 1);
	sha256_final(&seen, &d);
	return d;
}

static void what_was_seen_tells_whether_a_file_changed_since(void **state)
{
	SCOPED_LAYERS l;
	struct digest before;
	struct digest after;

	(void)state;
	layers_make_plain(&l, "d/f=1");
	before = seen_of(&l.view);
	after = seen_of(&l.view);
	assert_true(digest_eq(&before, &after));
	/* the same content by another file */
	assert_int_equal(unlinkat(l.fds[0], "d/f", 0), 0);
	put_tree(l.fds[0], "d/f=1");
	after = seen_of(&l.view);
	assert_false(digest_eq(&before, &after));
}

static void a_file_that_can_not_be_read_is_an_error(void **state)
{
	SCOPED_LAYERS l;
	struct tree tree;
	struct sha256 s;
	struct err e;

	(void)state;
	skip_as_root();
	layers_make_plain(&l, "d/f=1");
	assert_int_equal(fchmodat(l.fds[0], "d/f", 0, 0), 0);
	tree = (struct tree){.view = l.view};
	sha256_init(&s);
	assert_int_equal(tree_hash(&tree, STR(""), TREE_OWNER_IGNORED, NULL, &s,
				   NULL, &e),
			 -1);
	assert_error(&e, ERR_SYS, "open d/f: Permission denied");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			parents_come_before_children_and_siblings_in_byte_order),
		cmocka_unit_test(a_walk_may_begin_below_the_root_and_at_a_file),
		cmocka_unit_test(layers_are_walked_as_one),
		cmocka_unit_test(a_view_of_nothing_has_nothing),
		cmocka_unit_test(what_is_out_is_not_entered),
		cmocka_unit_test(
			a_folder_that_is_out_comes_with_its_first_content),
		cmocka_unit_test(
			a_walk_below_something_that_is_out_finds_nothing),
		cmocka_unit_test(
			a_filter_is_asked_of_parents_before_children_once),
		cmocka_unit_test(links_are_visited_not_followed),
		cmocka_unit_test(an_error_of_the_visitor_ends_the_walk),
		cmocka_unit_test(folders_nested_too_deep_are_an_error),
		cmocka_unit_test(the_hash_is_of_names_types_bytes_and_targets),
		cmocka_unit_test(
			the_hash_does_not_depend_on_how_the_layers_came_about),
		cmocka_unit_test(
			the_hash_is_of_paths_from_where_the_walk_began),
		cmocka_unit_test(the_mode_counts_and_the_times_do_not),
		cmocka_unit_test(
			needs_root_the_owner_counts_where_it_is_copied),
		cmocka_unit_test(needs_root_a_capability_counts),
		cmocka_unit_test(other_attributes_do_not_count),
		cmocka_unit_test(
			sockets_count_as_the_empty_files_that_they_become),
		cmocka_unit_test(a_large_file_is_hashed_whole),
		cmocka_unit_test(a_file_in_the_stat_cache_is_not_opened),
		cmocka_unit_test(
			what_was_seen_tells_whether_a_file_changed_since),
		cmocka_unit_test(a_file_that_can_not_be_read_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
