#include "builder/files/user.h"

#include "base/vec.h"

#include <string.h>

/* name:password:uid:gid:gecos:home:shell, or name:password:gid:members */
struct row {
	struct str field[7];
};

enum comments {
	COMMENTS_ARE_ROWS, /* passwd: "#name" is a name */
	COMMENTS_ARE_SKIPPED,
};

/* Missing fields are empty. */
static bool next_row(struct str *text, enum comments comments, struct row *row)
{
	struct str line;

	while (text->n) {
		bool more = true;

		(void)str_cut(*text, '\n', &line, text);
		line = str_trim(line);
		if (line.n == 0 ||
		    (comments == COMMENTS_ARE_SKIPPED && line.p[0] == '#'))
			continue;
		*row = (struct row){0};
		for (size_t i = 0; more && i < ARRAY_LEN(row->field); i++)
			more = str_cut(line, ':', &row->field[i], &line);
		return true;
	}
	return false;
}

/* Go's Atoi: a sign and digits; larger numbers than any id are its limits. */
static bool parse_number(struct str s, int64_t *out)
{
	bool negative = str_starts(s, "-");
	struct str digits = str_skip(s, negative || str_starts(s, "+"));
	uint64_t value;

	if (!str_to_u64(digits, INT64_MAX, &value))
		return false;
	*out = negative ? -(int64_t)value : (int64_t)value;
	return true;
}

/* A field that is no number is 0. */
static int64_t number_of(struct str field)
{
	int64_t value;

	return parse_number(field, &value) ? value : 0;
}

static int to_id(int64_t number, uint32_t *out, struct err *e)
{
	if (number < 0 || number > INT32_MAX)
		return err_set(e, ERR_INVALID,
			       "user or group %lld is not in the range from 0 "
			       "to 2147483647",
			       (long long)number);
	*out = (uint32_t)number;
	return 0;
}

struct accounts {
	struct buf passwd;
	struct buf group;
};

static void accounts_release(struct accounts *acc)
{
	buf_release(&acc->passwd);
	buf_release(&acc->group);
}

/* Files that are missing, or no regular ones, are empty. */
static int accounts_read(const struct view *root, struct accounts *acc,
			 struct err *e)
{
	*acc = (struct accounts){.passwd = BUF_INIT(USER_FILE_MAX_BYTES),
				 .group = BUF_INIT(USER_FILE_MAX_BYTES)};
	if (view_read_file(root, STR("etc/passwd"), &acc->passwd, e) < 0)
		return err_wrap(e, "/etc/passwd");
	if (view_read_file(root, STR("etc/group"), &acc->group, e) < 0)
		return err_wrap(e, "/etc/group");
	return 0;
}

struct account {
	struct str name;
	int64_t uid;
	int64_t gid;
	struct str home;
};

/* By name, or by number where uid is given. The first of several. */
static bool find_user(const struct accounts *acc, struct str name,
		      const int64_t *uid, struct account *out)
{
	struct str text = buf_str(&acc->passwd);
	struct row row;

	while (next_row(&text, COMMENTS_ARE_ROWS, &row)) {
		*out = (struct account){
			.name = row.field[0],
			.uid = number_of(row.field[2]),
			.gid = number_of(row.field[3]),
			.home = row.field[5],
		};
		if (uid ? out->uid == *uid : str_eq(out->name, name))
			return true;
	}
	return false;
}

static bool find_group(const struct accounts *acc, struct str name,
		       int64_t *gid)
{
	struct str text = buf_str(&acc->group);
	struct row row;

	while (next_row(&text, COMMENTS_ARE_SKIPPED, &row))
		if (str_eq(row.field[0], name)) {
			*gid = number_of(row.field[2]);
			return true;
		}
	return false;
}

static bool is_member(struct str members, struct str name)
{
	struct str member;

	while (members.n) {
		(void)str_cut(members, ',', &member, &members);
		if (str_eq(member, name))
			return true;
	}
	return false;
}

/* The group itself and, for a user by that name, those it is a member of. */
static int set_groups(const struct accounts *acc, struct str name,
		      struct arena *a, struct user_ids *out, struct err *e)
{
	struct str text = buf_str(&acc->group);
	VEC(uint32_t) groups = {0};
	struct row row;
	int result = 0;
	uint32_t gid = 0;
	uint32_t *copy;

	*vec_push(&groups) = out->gid;
	while (result == 0 && name.n &&
	       next_row(&text, COMMENTS_ARE_SKIPPED, &row)) {
		if (!is_member(row.field[3], name))
			continue;
		result = to_id(number_of(row.field[2]), &gid, e);
		if (result == 0 && gid != out->gid)
			*vec_push(&groups) = gid;
	}
	copy = arena_new_array(a, groups.n, uint32_t);
	memcpy(copy, groups.v, groups.n * sizeof(*copy));
	out->groups = copy;
	out->n_groups = groups.n;
	vec_release(&groups);
	return result;
}

static int process_group(const struct accounts *acc, struct str group,
			 uint32_t *gid, struct err *e)
{
	int64_t number;

	if (!parse_number(group, &number) && !find_group(acc, group, &number))
		return err_set(e, ERR_NOT_FOUND,
			       "unable to find group %.*s: no such entry in "
			       "/etc/group of the image",
			       STR_ARG(group));
	return to_id(number, gid, e);
}

/* *member is whose supplementary groups count. */
static int process_user(const struct accounts *acc, struct str name,
			struct user_ids *out, struct str *member, struct err *e)
{
	struct account account = {0};
	int64_t number = 0;
	bool numeric = name.n == 0 || parse_number(name, &number);
	bool found = find_user(acc, name, numeric ? &number : NULL, &account);

	if (!found && !numeric)
		return err_set(e, ERR_NOT_FOUND,
			       "unable to find user %.*s: no such entry in "
			       "/etc/passwd of the image",
			       STR_ARG(name));
	if (!found)
		return to_id(number, &out->uid, e);
	*member = account.name;
	if (to_id(account.uid, &out->uid, e) < 0)
		return -1;
	return to_id(account.gid, &out->gid, e);
}

static bool owner_id(struct str s, uint32_t *out)
{
	uint64_t value = 0;

	if (!str_eq_c(s, "root") && !str_to_u64(s, UINT32_MAX, &value))
		return false;
	*out = (uint32_t)value;
	return true;
}

static int process_ids(const struct accounts *acc, struct arena *a,
		       struct str spec, struct user_ids *out, struct err *e)
{
	struct str name;
	struct str group;
	struct str member = {0};
	bool has_group = str_cut(spec, ':', &name, &group) && group.n;

	/* where both are numbers, or "root", nothing is looked up */
	if (has_group && owner_id(name, &out->uid) &&
	    owner_id(group, &out->gid)) {
		if (to_id(out->uid, &out->uid, e) < 0 ||
		    to_id(out->gid, &out->gid, e) < 0)
			return -1;
	} else {
		if (process_user(acc, name, out, &member, e) < 0)
			return -1;
		if (has_group && process_group(acc, group, &out->gid, e) < 0)
			return -1;
		if (has_group)
			member = (struct str){0};
	}
	return set_groups(acc, member, a, out, e);
}

/* runc looks for the id, whoever was named. */
static struct str home_of(const struct accounts *acc, struct arena *a,
			  uint32_t uid)
{
	const int64_t number = uid;
	struct account account;

	return find_user(acc, (struct str){0}, &number, &account)
		       ? arena_str(a, account.home)
		       : STR("/");
}

int user_for_process(const struct view *root, struct arena *a, struct str spec,
		     struct user_ids *out, struct err *e)
{
	struct accounts acc;
	int result = accounts_read(root, &acc, e);

	*out = (struct user_ids){0};
	if (result == 0)
		result = process_ids(&acc, a, spec, out, e);
	if (result == 0)
		out->home = home_of(&acc, a, out->uid);
	accounts_release(&acc);
	return result;
}

/* What the user's part gives: a number is the group's, too. */
static int owner_user(const struct accounts *acc, struct str name,
		      uint32_t *uid, uint32_t *gid, struct err *e)
{
	struct account account;

	if (owner_id(name, uid)) {
		*gid = *uid;
		return 0;
	}
	*uid = *gid = 0;
	if (!find_user(acc, name, NULL, &account))
		return 0;
	if (to_id(account.uid, uid, e) < 0)
		return -1;
	return to_id(account.gid, gid, e);
}

/* A group that is not there leaves what the user gave, an empty one is 0. */
static int owner_group(const struct accounts *acc, struct str name,
		       uint32_t *gid, struct err *e)
{
	int64_t number;

	if (name.n == 0)
		*gid = 0; /* "user:" */
	if (name.n == 0 || owner_id(name, gid) ||
	    !find_group(acc, name, &number))
		return 0;
	return to_id(number, gid, e);
}

static bool needs_files(struct str name, struct str group, bool has_group)
{
	uint32_t id;

	return !owner_id(name, &id) || (has_group && !owner_id(group, &id));
}

int user_for_owner(const struct view *root, struct str spec, uint32_t *uid,
		   uint32_t *gid, struct err *e)
{
	struct accounts acc = {0};
	struct str name;
	struct str group;
	bool has_group = str_cut(spec, ':', &name, &group);
	int result = 0;

	if (needs_files(name, group, has_group)) {
		if (root->n_layers == 0)
			return err_set(e, ERR_NOT_FOUND,
				       "unable to find %.*s: the root "
				       "file system is empty, and with "
				       "--link counts as empty; write "
				       "numbers",
				       STR_ARG(spec));
		result = accounts_read(root, &acc, e);
	}
	if (result == 0)
		result = owner_user(&acc, name, uid, gid, e);
	if (result == 0 && has_group)
		result = owner_group(&acc, group, gid, e);
	accounts_release(&acc);
	return result;
}
