/*
 * The operations that mount. Each opens its mount point first, which the image
 * may have made anything of, and from there on names nothing by a path: new
 * file systems are made detached and attached to the descriptor, and what lies
 * in /proc, /dev and /sys is reached from the descriptors of the very mounts.
 */
#include "builder/sandbox/sandbox_perform.h"

#include "base/mem.h"
#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

const char *sandbox_name_in_place(const struct sandbox_op *op)
{
	const char *rest = op->target + strlen(sandbox_place_path(op->in));

	return rest[0] == '/' ? rest + 1 : rest;
}

static int clone_tree(int fd, unsigned flags)
{
	return (int)syscall(SYS_open_tree, fd, "",
			    OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC |
				    AT_EMPTY_PATH | flags);
}

/* tree over the spot; and it is noted. 0 or -1 with errno. */
static int attach(struct sandbox_child *c, int tree,
		  const struct sandbox_spot *spot, const char *at, bool is_tree)
{
	const struct sandbox_mounted mounted = {
		.parent = spot->mount, .at = at, .tree = is_tree};

	if (syscall(SYS_move_mount, tree, "", spot->fd, "",
		    MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return -1;
	return sandbox_note_mount(c, tree, &mounted);
}

/* What nobody but us chose must be where it is meant to be. */
static const char *certain_path(const struct sandbox_op *op)
{
	return op->in || op->makes ? op->target : NULL;
}

/* --- new file systems --------------------------------------------------- */

enum { OPTION_MAX = 64 };

/* "key" or "key=value", of n bytes. */
static int set_option(int fs, const char *text, size_t n)
{
	char option[OPTION_MAX];
	char *value;

	if (n >= sizeof(option)) {
		errno = E2BIG;
		return -1;
	}
	memcpy(option, text, n);
	option[n] = '\0';
	value = strchr(option, '=');
	if (!value)
		return (int)syscall(SYS_fsconfig, fs, FSCONFIG_SET_FLAG, option,
				    NULL, 0);
	*value++ = '\0';
	return (int)syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, option,
			    value, 0);
}

static int set_options(int fs, const char *options)
{
	while (options && *options) {
		size_t n = strcspn(options, ",");

		if (set_option(fs, options, n) < 0)
			return -1;
		options += n + (options[n] == ',');
	}
	return 0;
}

static unsigned attributes_of(unsigned long flags)
{
	static const struct {
		unsigned long flag;
		unsigned attribute;
	} pairs[] = {
		{MS_RDONLY, MOUNT_ATTR_RDONLY},
		{MS_NOSUID, MOUNT_ATTR_NOSUID},
		{MS_NODEV, MOUNT_ATTR_NODEV},
		{MS_NOEXEC, MOUNT_ATTR_NOEXEC},
		{MS_STRICTATIME, MOUNT_ATTR_STRICTATIME},
	};
	unsigned out = 0;

	for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
		if (flags & pairs[i].flag)
			out |= pairs[i].attribute;
	return out;
}

static int make_file_system(const struct sandbox_op *op, const char *options)
{
	int fs = (int)syscall(SYS_fsopen, op->type, FSOPEN_CLOEXEC);
	int made = -1;
	int sys;

	if (fs < 0)
		return -1;
	if (syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "source", op->name,
		    0) == 0 &&
	    (!(op->flags & MS_RDONLY) || set_option(fs, "ro", 2) == 0) &&
	    set_options(fs, options) == 0 &&
	    syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
		made = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC,
				    attributes_of(op->flags));
	sys = errno;
	(void)close(fs);
	errno = sys;
	return made;
}

/* A detached mount; -1 with errno. */
static int make_mount(struct sandbox_child *c, const struct sandbox_op *op)
{
	int made = make_file_system(op, op->data);

	/* group 5 is not mapped in every user namespace */
	if (made < 0 && errno == EINVAL && strcmp(op->type, "devpts") == 0)
		made = make_file_system(op,
					"newinstance,ptmxmode=0666,mode=0620");
	return made < 0 && op->source >= 0 ? c->source_fds[op->source] : made;
}

static bool is_source(const struct sandbox_child *c,
		      const struct sandbox_op *op, int made)
{
	return op->source >= 0 && made == c->source_fds[op->source];
}

/* 0 with *out open, 1 where an optional one's can't be seen, -1. */
static int open_spot(struct sandbox_child *c, const struct sandbox_op *op,
		     struct sandbox_spot *out)
{
	int opened = sandbox_open_target(c, op, out);

	if (opened == 0)
		return 0;
	if (opened == -2)
		return -1; /* and the rule is told */
	if (op->optional && (errno == ENOENT || errno == EACCES))
		return 1;
	return sandbox_fail(c, "make the mount point", op->target);
}

static void keep_place(struct sandbox_child *c, const struct sandbox_op *op,
		       int fd)
{
	if (op->makes)
		c->place_fds[op->makes] = fd;
}

int sandbox_do_mount(struct sandbox_child *c, const struct sandbox_op *op)
{
	struct sandbox_spot spot;
	int opened = open_spot(c, op, &spot);
	int made;

	if (opened)
		return opened < 0 ? -1 : 0;
	made = make_mount(c, op);
	if (made < 0)
		return op->optional ? 0 : sandbox_fail(c, "mount", op->target);
	if (attach(c, made, &spot, certain_path(op), is_source(c, op, made)) <
	    0)
		return sandbox_fail(c, "mount", op->target);
	keep_place(c, op, made);
	return 0;
}

int sandbox_do_bind(struct sandbox_child *c, const struct sandbox_op *op)
{
	struct sandbox_spot spot;
	int tree = c->source_fds[op->source];

	if (open_spot(c, op, &spot) < 0)
		return -1;
	if (attach(c, tree, &spot, certain_path(op), true) < 0)
		return sandbox_fail(c, "mount", op->target);
	keep_place(c, op, tree);
	return 0;
}

/* --- in a place --------------------------------------------------------- */

/* The folder in a place that holds the device; made where missing. */
static int open_device_folder(struct sandbox_child *c,
			      const struct sandbox_op *op, const char **name)
{
	int place = c->place_fds[op->in];
	const char *path = sandbox_name_in_place(op);
	const char *slash = strrchr(path, '/');
	char folder[64];

	*name = slash ? slash + 1 : path;
	if (!slash)
		return fcntl(place, F_DUPFD_CLOEXEC, 3);
	if ((size_t)(slash - path) >= sizeof(folder)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(folder, path, (size_t)(slash - path));
	folder[slash - path] = '\0';
	if (mkdirat(place, folder, 0755) < 0 && errno != EEXIST)
		return -1;
	return path_open_nofollow(place, folder, O_PATH | O_DIRECTORY, 0);
}

static int bind_device(struct sandbox_child *c, const struct sandbox_op *op,
		       int folder, const char *name)
{
	struct sandbox_spot spot = {.fd = -1};
	struct statx st;

	if (mknodat(folder, name, S_IFREG | 0666, 0) == 0)
		spot.fd = path_open_nofollow(folder, name, O_PATH, 0);
	if (spot.fd < 0 ||
	    statx(spot.fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &st) < 0)
		return sandbox_fail(c, "make the mount point", op->target);
	spot.mount = st.stx_mnt_id;
	if (attach(c, c->source_fds[op->source], &spot, op->target, true) < 0)
		return sandbox_fail(c, "mount", op->target);
	(void)close(spot.fd);
	return 0;
}

int sandbox_do_device(struct sandbox_child *c, const struct sandbox_op *op)
{
	const char *name;
	int folder = open_device_folder(c, op, &name);
	int failed = 0;

	if (folder < 0)
		return sandbox_fail(c, "make the folder of", op->target);
	if (op->source >= 0)
		failed = bind_device(c, op, folder, name);
	else if (mknodat(folder, name, op->mode,
			 makedev(op->major, op->minor)) < 0)
		failed = sandbox_fail(c, "make the device", op->target);
	(void)close(folder);
	return failed;
}

int sandbox_do_symlink(struct sandbox_child *c, const struct sandbox_op *op)
{
	if (op->optional) {
		int there = path_open_in_root(c->root_fd, op->data, O_PATH, 0);

		if (there < 0)
			return 0;
		(void)close(there);
	}
	if (symlinkat(op->data, c->place_fds[op->in],
		      sandbox_name_in_place(op)) < 0)
		return sandbox_fail(c, "make the link", op->target);
	return 0;
}

int sandbox_do_readonly(struct sandbox_child *c, const struct sandbox_op *op)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};
	struct sandbox_spot spot;
	int opened = open_spot(c, op, &spot);
	int tree;

	if (opened)
		return opened < 0 ? -1 : 0;
	tree = clone_tree(spot.fd, AT_RECURSIVE);
	if (tree < 0 ||
	    syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH | AT_RECURSIVE,
		    &attr, sizeof(attr)) < 0 ||
	    attach(c, tree, &spot, NULL, true) < 0)
		return sandbox_fail(c, "make read-only", op->target);
	(void)close(tree);
	(void)close(spot.fd);
	return 0;
}

/* All masked folders show the same empty one. */
static int mask_folder(struct sandbox_child *c, const struct sandbox_spot *spot)
{
	static const struct sandbox_op empty = {
		.type = "tmpfs", .name = "tmpfs", .flags = MS_RDONLY};
	int tree;
	int failed;

	if (c->mask_fd < 0) {
		c->mask_fd = make_file_system(&empty, "size=4k,nr_inodes=1");
		return c->mask_fd < 0
			       ? -1
			       : attach(c, c->mask_fd, spot, NULL, false);
	}
	tree = clone_tree(c->mask_fd, 0);
	if (tree < 0)
		return -1;
	failed = attach(c, tree, spot, NULL, false);
	(void)close(tree);
	return failed;
}

static int mask_file(struct sandbox_child *c, const struct sandbox_spot *spot)
{
	int tree = clone_tree(c->null_fd, 0);
	int failed;

	if (tree < 0)
		return -1;
	failed = attach(c, tree, spot, NULL, false);
	(void)close(tree);
	return failed;
}

int sandbox_do_mask(struct sandbox_child *c, const struct sandbox_op *op)
{
	struct sandbox_spot spot;
	int opened = open_spot(c, op, &spot);
	struct stat st;
	int failed;

	if (opened)
		return opened < 0 ? -1 : 0;
	failed = fstat(spot.fd, &st) < 0 ||
		 (S_ISDIR(st.st_mode) ? mask_folder(c, &spot)
				      : mask_file(c, &spot)) < 0;
	if (failed)
		return sandbox_fail(c, "mask", op->target);
	(void)close(spot.fd);
	return 0;
}
