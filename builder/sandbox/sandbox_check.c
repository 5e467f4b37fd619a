/*
 * What a mount may lie over. Links are resolved within the root, so no target
 * lies outside of it; these rules are about what is inside.
 *
 * - /proc, /dev and /sys are folders of the image, as runc has it for proc and
 *   sysfs: where the image made a link of one, every path of ours below it, and
 *   every program's, would mean something else.
 * - No target is the root itself, whatever links it was found by: a mount there
 *   covers the image for some names and not for others (".." of the root leads
 *   to it, "/" does not).
 * - Nothing of the spec lies in /proc, which is as runc has it, too: what is
 *   read there is believed.
 */
#include "builder/sandbox/sandbox_perform.h"

#include "base/path.h"

#include <fcntl.h>
#include <sys/stat.h>

int sandbox_find_target(struct sandbox_child *c, const struct sandbox_op *op)
{
	int place = c->place_fds[op->in];
	const char *name = sandbox_name_in_place(op);

	if (op->makes)
		return path_open_nofollow(place, name, O_PATH | O_NOFOLLOW, 0);
	return path_open_in_root(place, name, O_PATH, 0);
}

/* What lies in /proc, if there is one yet. */
static bool is_in_proc(const struct sandbox_child *c, const struct statx *st)
{
	int fd = c->place_fds[SANDBOX_PLACE_PROC];
	struct statx proc;

	return fd >= 0 && statx(fd, "", AT_EMPTY_PATH, 0, &proc) == 0 &&
	       st->stx_dev_major == proc.stx_dev_major &&
	       st->stx_dev_minor == proc.stx_dev_minor;
}

int sandbox_check_target(struct sandbox_child *c, const struct sandbox_op *op,
			 const struct statx *st)
{
	if (op->makes && !S_ISDIR(st->stx_mode))
		return sandbox_refuse(c, op->target,
				      "must be a folder in the image: a link "
				      "or a file can't be mounted on");
	if (st->stx_mnt_id == c->root.mount && st->stx_ino == c->root.inode)
		return sandbox_refuse(c, op->target,
				      "is the root itself here: nothing can be "
				      "mounted on it");
	if (op->in != SANDBOX_PLACE_PROC && is_in_proc(c, st))
		return sandbox_refuse(c, op->target,
				      "lies in /proc: nothing can be mounted "
				      "there");
	return 0;
}
