/*
 * The overlay is attached, and becomes the root of all targets, though not yet
 * the process's (that is sandbox_leave.c).
 *
 * The parent hands over a mount that is attached nowhere. It is put over "/",
 * which is always there; everything from here on is found from its descriptor.
 * The machine's root must stay until /proc and /sys are mounted: a user
 * namespace gets those only while it sees them elsewhere.
 *
 * Kernels before 6.8 can't take layers one by one, and what fsconfig takes at
 * once has 256 bytes; so there the child mounts with mount(2). Its options have
 * one page, so the layers are named by descriptor numbers from within
 * /proc/self/fd. overlayfs only accepts layers of the caller's own mount
 * namespace, so the child opens them again.
 */
#include "builder/sandbox/sandbox_perform.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { OPTIONS_MAX = 4096 }; /* the kernel copies one page */

struct options {
	char text[OPTIONS_MAX];
	size_t n;
};

static int add_text(struct options *o, const char *s)
{
	size_t n = strlen(s);

	if (o->n + n + 1 > sizeof(o->text)) {
		errno = E2BIG;
		return -1;
	}
	memcpy(o->text + o->n, s, n + 1);
	o->n += n;
	return 0;
}

static int add_number(struct options *o, int n)
{
	char digits[16];
	size_t i = sizeof(digits);

	digits[--i] = '\0';
	do
		digits[--i] = (char)('0' + n % 10);
	while ((n /= 10) > 0);
	return add_text(o, digits + i);
}

/* before, then the number under which path is open now. */
static int add_layer(struct options *o, const char *before, const char *path)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	return add_text(o, before) < 0 ? -1 : add_number(o, fd);
}

static int mount_by_path(struct sandbox_child *c)
{
	const struct sandbox_layer_paths *paths = c->layer_paths;
	struct options o = {.n = 0};
	size_t i;

	for (i = 0; i < paths->n_lowers; i++)
		if (add_layer(&o, i ? ":" : "lowerdir=", paths->lowers[i]) < 0)
			return sandbox_fail(c, "open the layer",
					    paths->lowers[i]);
	if (add_layer(&o, ",upperdir=", paths->upper) < 0 ||
	    add_layer(&o, ",workdir=", paths->work) < 0 ||
	    add_text(&o, ",userxattr,volatile,metacopy=off,index=off") < 0)
		return sandbox_fail(c, "open the layer", paths->upper);
	if (chdir("/proc/self/fd") < 0)
		return sandbox_fail(c, "enter", "/proc/self/fd");
	if (mount("overlay", paths->merged, "overlay", 0, o.text) < 0)
		return sandbox_fail(c, "mount the overlay", NULL);
	c->root_fd = open(paths->merged, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (c->root_fd < 0)
		return sandbox_fail(c, "open", paths->merged);
	return 0;
}

/* What the rules and the proof know the root by. */
static int identify(struct sandbox_child *c)
{
	const struct sandbox_mounted root = {.at = "/"};
	struct statx st;

	if (statx(c->root_fd, "", AT_EMPTY_PATH, STATX_MNT_ID | STATX_INO,
		  &st) < 0 ||
	    sandbox_note_mount(c, c->root_fd, &root) < 0)
		return -1;
	c->root = (struct sandbox_identity){st.stx_mnt_id, st.stx_ino};
	c->place_fds[SANDBOX_PLACE_ROOT] = c->root_fd;
	return 0;
}

/* What MS_* says, for either way to make it. */
static int restrict_root(struct sandbox_child *c, const struct sandbox_op *op)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_NODEV};

	if (!(op->flags & MS_NODEV))
		return 0;
	return (int)syscall(SYS_mount_setattr, c->root_fd, "", AT_EMPTY_PATH,
			    &attr, sizeof(attr));
}

int sandbox_enter_root(struct sandbox_child *c, const struct sandbox_op *op)
{
	c->old_root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (c->old_root_fd < 0)
		return sandbox_fail(c, "open", "/");
	if (c->layer_paths) {
		if (mount_by_path(c) < 0)
			return -1;
	} else if (syscall(SYS_move_mount, c->root_fd, "", AT_FDCWD, "/",
			   MOVE_MOUNT_F_EMPTY_PATH) < 0) {
		return sandbox_fail(c, "attach the root", NULL);
	}
	if (restrict_root(c, op) < 0 || identify(c) < 0)
		return sandbox_fail(c, "identify the root", NULL);
	return 0;
}
