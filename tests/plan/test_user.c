#include "tests/cache/support.h"

#include "builder/files/user.h"

#include <string.h>

static const char PASSWD[] = "\n"
			     "root:x:0:0:root:/root:/bin/sh\n"
			     "app:x:1000:1001:An App,,,:/home/app:/bin/sh\n"
			     "# a comment\n"
			     "#commented:x:1003:1003::/c:\n"
			     "  spaced:x:1002:1002::/home/spaced:/bin/sh  \n"
			     "short:x:7:8\n"
			     "bad:x:seven:8::/:/bin/sh\n"
			     "fewer:x\n"
			     "app:x:6666:6666::/second:/bin/sh\n"
			     "42:x:9042:9042::/numeric-name:/bin/sh\n"
			     "max:x:2147483647:2147483647::/:\n"
			     "second:x:1000:50::/second:\n"
			     "toolarge:x:2147483648:0::/:\n";

static const char GROUP[] = "root:x:0:\n"
			    "#staff:x:1:app\n"
			    "staff:x:50:app,other\n"
			    "wheel:x:10:other,app\n"
			    "app:x:1001:app\n"
			    "apprentice:x:11:apple\n"
			    "nomembers:x:12\n"
			    "bad:x:x:app\n";

static void make_root(struct layers *l)
{
	layers_make(l, "etc/", NULL);
	put_file(l->fds[0], "etc/passwd", str_from(PASSWD), 0644);
	put_file(l->fds[0], "etc/group", str_from(GROUP), 0644);
}

/* "uid:gid [groups] home", or the error. */
static void process_text(const struct view *root, const char *spec,
			 struct buf *out)
{
	SCOPED_ARENA struct arena a = {0};
	struct user_ids ids;
	struct err e;

	if (user_for_process(root, &a, str_from(spec), &ids, &e) < 0) {
		buf_add_c(out, e.msg);
		return;
	}
	buf_printf(out, "%u:%u [", ids.uid, ids.gid);
	for (size_t i = 0; i < ids.n_groups; i++)
		buf_printf(out, "%s%u", i ? " " : "", ids.groups[i]);
	buf_printf(out, "] %.*s", STR_ARG(ids.home));
}

static void assert_process(const struct view *root, const char *spec,
			   const char *expected)
{
	SCOPED_BUF struct buf out = BUF_INIT(4000);

	process_text(root, spec, &out);
	if (strcmp(buf_c(&out), expected) != 0)
		fail_msg("'%s' is '%s', expected '%s'", spec, buf_c(&out),
			 expected);
}

static void users_are_looked_up_by_name_and_number(void **state)
{
	static const struct {
		const char *spec;
		const char *expected;
	} table[] = {
		{"", "0:0 [0] /root"},
		{"root", "0:0 [0] /root"},
		{"0", "0:0 [0] /root"},
		{"root:root", "0:0 [0] /root"},
		{"app", "1000:1001 [1001 50 10 0] /home/app"},
		{"1000", "1000:1001 [1001 50 10 0] /home/app"},
		{"spaced", "1002:1002 [1002] /home/spaced"},
		{"short", "7:8 [8] "},
		/* a number that is nobody's */
		{"4711", "4711:0 [0] /"},
		/* digits are a number, whoever has them for a name */
		{"42", "42:0 [0] /"},
		{"2147483647", "2147483647:2147483647 [2147483647] /"},
		/* with a group: no others */
		{"app:staff", "1000:50 [50] /home/app"},
		{"app:50", "1000:50 [50] /home/app"},
		{"1000:777", "1000:777 [777] /home/app"},
		{"4711:wheel", "4711:10 [10] /"},
		{"app:", "1000:1001 [1001 50 10 0] /home/app"},
		{":staff", "0:50 [50] /root"},
		{"nobody", "unable to find user nobody: no such entry in "
			   "/etc/passwd of the image"},
		/* passwd has no comments, and what is no number is 0 */
		{"#commented", "1003:1003 [1003] /c"},
		{"bad", "0:8 [8] /root"},
		{"fewer", "0:0 [0] /root"},
		{"toolarge", "user or group 2147483648 is not in the range "
			     "from 0 to 2147483647"},
		/* the home is that of the number's first name */
		{"second", "1000:50 [50] /home/app"},
		{"app:none", "unable to find group none: no such entry in "
			     "/etc/group of the image"},
		{"app:#staff", "unable to find group #staff: no such entry in "
			       "/etc/group of the image"},
		{"app:bad", "1000:0 [0] /home/app"},
		{"2147483648", "user or group 2147483648 is not in the range "
			       "from 0 to 2147483647"},
		{"-1", "user or group -1 is not in the range from 0 to "
		       "2147483647"},
		{"2147483648:1", "user or group 2147483648 is not in the "
				 "range from 0 to 2147483647"},
		{"app:nomembers", "1000:12 [12] /home/app"},
	};
	SCOPED_LAYERS l;

	(void)state;
	make_root(&l);
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		assert_process(&l.view, table[i].spec, table[i].expected);
}

static void without_files_only_numbers_are_known(void **state)
{
	const struct view none = {0};
	SCOPED_LAYERS l;

	(void)state;
	layers_make(&l, "", NULL);
	assert_process(&l.view, "", "0:0 [0] /");
	assert_process(&l.view, "5:6", "5:6 [6] /");
	assert_process(&l.view, "root",
		       "unable to find user root: no such entry in "
		       "/etc/passwd of the image");
	assert_process(&none, "5", "5:0 [0] /");
}

static void what_is_no_file_is_an_empty_one(void **state)
{
	SCOPED_LAYERS l;

	(void)state;
	layers_make(&l, "etc/passwd/x=1 etc/group|", NULL);
	assert_process(&l.view, "5:6", "5:6 [6] /");
}

static void files_come_from_the_image_never_from_the_host(void **state)
{
	SCOPED_LAYERS l;

	(void)state;
	layers_make(&l,
		    "etc/passwd->../../../../../../etc/passwd "
		    "etc/group->/proc/self/root/etc/group",
		    NULL);
	assert_process(&l.view, "root", "/etc/passwd: passwd: too many links");
}

static void links_inside_the_root_are_followed(void **state)
{
	SCOPED_LAYERS l;

	(void)state;
	layers_make(&l,
		    "etc->/private/etc private/etc/passwd->../../data/p "
		    "data/p=app:x:5:6::/h:",
		    NULL);
	assert_process(&l.view, "app", "5:6 [6] /h");
}

static void the_highest_layer_says_who_is_who(void **state)
{
	SCOPED_LAYERS l;

	(void)state;
	layers_make(&l, "etc/passwd=app:x:1:1::/low:",
		    "etc/passwd=app:x:2:2::/high:", NULL);
	assert_process(&l.view, "app", "2:2 [2] /high");
}

static void files_that_are_too_large_are_an_error(void **state)
{
	SCOPED_LAYERS l;
	SCOPED_PTR char *large = xmalloc(USER_FILE_MAX_BYTES + 1);
	SCOPED_ARENA struct arena a = {0};
	struct user_ids ids;
	struct err e;

	(void)state;
	layers_make(&l, "etc/", NULL);
	memset(large, 'x', USER_FILE_MAX_BYTES + 1);
	put_file(l.fds[0], "etc/passwd",
		 (struct str){large, USER_FILE_MAX_BYTES + 1}, 0644);
	assert_int_equal(user_for_process(&l.view, &a, STR("app"), &ids, &e),
			 -1);
	assert_error(&e, ERR_LIMIT, "/etc/passwd");
}

static void lines_of_any_length_and_bytes_are_survived(void **state)
{
	SCOPED_LAYERS l;
	SCOPED_BUF struct buf text = BUF_INIT(1u << 20);

	(void)state;
	layers_make(&l, "etc/", NULL);
	for (int i = 0; i < 100000; i++)
		buf_add_c(&text, ":");
	buf_add_c(&text, "\nnul:x:1:");
	buf_add_char(&text, '\0');
	buf_add_c(&text, "\n\xff\xfe:x:3:4::/bytes:\r\nlast:x:5:6::/end:");
	put_file(l.fds[0], "etc/passwd", buf_str(&text), 0644);
	assert_process(&l.view, "\xff\xfe", "3:4 [4] /bytes");
	assert_process(&l.view, "last", "5:6 [6] /end");
	assert_process(&l.view, "nul", "1:0 [0] ");
}

static void a_member_of_many_groups_gets_them_all(void **state)
{
	SCOPED_LAYERS l;
	SCOPED_ARENA struct arena a = {0};
	SCOPED_BUF struct buf text = BUF_INIT(1u << 20);
	struct user_ids ids;
	struct err e;

	(void)state;
	layers_make(&l, "etc/passwd=app:x:1:1::/:", NULL);
	for (int i = 0; i < 1000; i++)
		buf_printf(&text, "g%d:x:%d:a,app\n", i, 100 + i);
	put_file(l.fds[0], "etc/group", buf_str(&text), 0644);
	assert_ok(user_for_process(&l.view, &a, STR("app"), &ids, &e));
	assert_int_equal(ids.n_groups, 1001);
	assert_int_equal(ids.groups[0], 1);
	assert_int_equal(ids.groups[1000], 1099);
}

static void owners_of_copies_follow_buildkits_rules(void **state)
{
	static const struct {
		const char *spec;
		uint32_t uid;
		uint32_t gid;
	} table[] = {
		{"5", 5, 5}, /* a number alone is the group's too */
		{"5:6", 5, 6},
		{"app", 1000, 1001},
		{"app:staff", 1000, 50},
		{"app:7", 1000, 7},
		{"5:staff", 5, 50},
		{"root", 0, 0},
		{"root:root", 0, 0},
		/* names that are not there are root; beside a number, it */
		{"nobody", 0, 0},
		{"nobody:staff", 0, 50},
		{"app:none", 1000, 1001},
		{"app:", 1000, 0},
		{"bad", 0, 8},
		{"5:none", 5, 5},
	};
	SCOPED_LAYERS l;

	(void)state;
	make_root(&l);
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		uint32_t uid = 99;
		uint32_t gid = 99;
		struct err e;

		assert_ok(user_for_owner(&l.view, str_from(table[i].spec), &uid,
					 &gid, &e));
		if (uid != table[i].uid || gid != table[i].gid)
			fail_msg("%s is %u:%u", table[i].spec, uid, gid);
	}
}

static void owners_by_number_need_no_root(void **state)
{
	const struct view none = {0};
	uint32_t uid;
	uint32_t gid;
	struct err e;

	(void)state;
	assert_ok(user_for_owner(&none, STR("5:6"), &uid, &gid, &e));
	assert_int_equal(uid, 5);
	assert_int_equal(gid, 6);
	assert_int_equal(user_for_owner(&none, STR("app"), &uid, &gid, &e), -1);
	assert_error(&e, ERR_NOT_FOUND, "unable to find app");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(users_are_looked_up_by_name_and_number),
		cmocka_unit_test(without_files_only_numbers_are_known),
		cmocka_unit_test(what_is_no_file_is_an_empty_one),
		cmocka_unit_test(files_come_from_the_image_never_from_the_host),
		cmocka_unit_test(links_inside_the_root_are_followed),
		cmocka_unit_test(the_highest_layer_says_who_is_who),
		cmocka_unit_test(files_that_are_too_large_are_an_error),
		cmocka_unit_test(lines_of_any_length_and_bytes_are_survived),
		cmocka_unit_test(a_member_of_many_groups_gets_them_all),
		cmocka_unit_test(owners_of_copies_follow_buildkits_rules),
		cmocka_unit_test(owners_by_number_need_no_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
