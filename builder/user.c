#include "builder/user.h"

#include "base/vec.h"

#include <string.h>

/* name:password:uid:gid:gecos:home:shell, or name:password:gid:members */
struct row {
	struct str field[7];
	size_t n;
};

static bool next_row(struct str *text, struct row *row)
{
	struct str line;

	while (text->n) {
		(void)str_cut(*text, '\n', &line, text);
		line = str_trim(line);
		if (line.n == 0 || line.p[0] == '#')
			continue;
		row->n = 0;
		while (row->n < ARRAY_LEN(row->field)) {
			bool more =
				str_cut(line, ':', &row->field[row->n], &line);

			row->n++;
			if (!more)
				break;
		}
		return true;
	}
	return false;
}

static bool parse_id(struct str s, uint32_t *out)
{
	uint64_t value;

	if (!str_to_u64(s, INT32_MAX, &value))
		return false;
	*out = (uint32_t)value;
	return true;
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
	uint32_t uid;
	uint32_t gid;
	struct str home;
};

/* By name, or by number where uid is given. */
static bool find_user(const struct accounts *acc, struct str name,
		      const uint32_t *uid, struct account *out)
{
	struct str text = buf_str(&acc->passwd);
	struct row row;

	while (next_row(&text, &row)) {
		if (row.n < 4 || !parse_id(row.field[2], &out->uid) ||
		    !parse_id(row.field[3], &out->gid))
			continue;
		if (uid ? out->uid != *uid : !str_eq(row.field[0], name))
			continue;
		out->name = row.field[0];
		out->home = row.n > 5 ? row.field[5] : (struct str){0};
		return true;
	}
	return false;
}

static bool find_group(const struct accounts *acc, struct str name,
		       uint32_t *gid)
{
	struct str text = buf_str(&acc->group);
	struct row row;

	while (next_row(&text, &row))
		if (row.n >= 3 && str_eq(row.field[0], name) &&
		    parse_id(row.field[2], gid))
			return true;
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
static void set_groups(const struct accounts *acc, struct str name,
		       struct arena *a, struct user_ids *out)
{
	struct str text = buf_str(&acc->group);
	VEC(uint32_t) groups = {0};
	struct row row;
	uint32_t gid;
	uint32_t *copy;

	*vec_push(&groups) = out->gid;
	while (name.n && next_row(&text, &row))
		if (row.n >= 4 && parse_id(row.field[2], &gid) &&
		    gid != out->gid && is_member(row.field[3], name))
			*vec_push(&groups) = gid;
	copy = arena_new_array(a, groups.n, uint32_t);
	if (groups.n)
		memcpy(copy, groups.v, groups.n * sizeof(*copy));
	out->groups = copy;
	out->n_groups = groups.n;
	vec_release(&groups);
}

static int process_ids(const struct accounts *acc, struct arena *a,
		       struct str spec, struct user_ids *out,
		       struct str *member, struct err *e)
{
	struct str name;
	struct str group;
	struct account account = {0};
	bool has_group = str_cut(spec, ':', &name, &group) && group.n;
	bool numeric = parse_id(name, &out->uid);
	bool found;

	if (name.n == 0)
		numeric = true;
	found = find_user(acc, name, numeric ? &out->uid : NULL, &account);
	if (!found && !numeric)
		return err_set(e, ERR_NOT_FOUND,
			       "unable to find user %.*s: no such entry in "
			       "/etc/passwd of the image",
			       STR_ARG(name));
	if (found) {
		out->uid = account.uid;
		out->gid = account.gid;
		out->home = arena_str(a, account.home);
	}
	if (!has_group) {
		if (found && spec.n)
			*member = account.name;
		return 0;
	}
	if (find_group(acc, group, &out->gid) || parse_id(group, &out->gid))
		return 0;
	return err_set(e, ERR_NOT_FOUND,
		       "unable to find group %.*s: no such entry in /etc/group "
		       "of the image",
		       STR_ARG(group));
}

int user_for_process(const struct view *root, struct arena *a, struct str spec,
		     struct user_ids *out, struct err *e)
{
	struct accounts acc;
	struct str member = {0};
	int result = accounts_read(root, &acc, e);

	*out = (struct user_ids){.home = STR("/")};
	if (result == 0)
		result = process_ids(&acc, a, spec, out, &member, e);
	if (result == 0)
		set_groups(&acc, member, a, out);
	accounts_release(&acc);
	return result;
}

static bool owner_id(struct str s, uint32_t *out)
{
	if (!str_eq_c(s, "root"))
		return parse_id(s, out);
	*out = 0;
	return true;
}

int user_for_owner(const struct view *root, struct str spec, uint32_t *uid,
		   uint32_t *gid, struct err *e)
{
	struct accounts acc = {0};
	struct account account;
	struct str name;
	struct str group;
	bool has_group = str_cut(spec, ':', &name, &group);
	bool numeric = owner_id(name, uid);
	bool group_numeric = has_group && owner_id(group, gid);

	if (numeric && !has_group)
		*gid = *uid;
	if (numeric && (!has_group || group_numeric))
		return 0;
	if (root->n_layers == 0)
		return err_set(e, ERR_NOT_FOUND,
			       "unable to find %.*s: the root "
			       "file system is empty",
			       STR_ARG(spec));
	if (accounts_read(root, &acc, e) < 0) {
		accounts_release(&acc);
		return -1;
	}
	if (!numeric) {
		*uid = 0;
		if (!has_group)
			*gid = 0;
		if (find_user(&acc, name, NULL, &account)) {
			*uid = account.uid;
			if (!has_group)
				*gid = account.gid;
		}
	}
	if (has_group && !group_numeric && !find_group(&acc, group, gid))
		*gid = numeric ? *uid : 0;
	accounts_release(&acc);
	return 0;
}
