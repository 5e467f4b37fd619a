#include "builder/sandbox/overlay.h"

#include "base/mem.h"

#include <errno.h>
#include <linux/mount.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * userxattr in both tiers: one form of marks on disk, so a store can be used by
 * both; it rules redirect_dir out by itself, and refuses to hear even "off" for
 * it.
 */
static const char *const overlay_off[] = {"metacopy", "index"};

static int set_flag(int fs, const char *key)
{
	return (int)syscall(SYS_fsconfig, fs, FSCONFIG_SET_FLAG, key, NULL, 0);
}

static int set_string(int fs, const char *key, const char *value)
{
	return (int)syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, key, value,
			    0);
}

/* Descriptors since 6.13, their names in /proc since 6.8. */
static int set_folder(int fs, const char *key, int fd)
{
	char path[32];

	if (syscall(SYS_fsconfig, fs, FSCONFIG_SET_FD, key, NULL, fd) == 0)
		return 0;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return set_string(fs, key, path);
}

/* What the kernel said about it, as fsopen(2) "Message retrieval" has it. */
static int overlay_error(int fs, struct err *e)
{
	char text[256];
	int sys = errno;
	ssize_t n = read(fs, text, sizeof(text) - 1);

	errno = sys;
	if (n <= 0)
		return err_sys(e, "mount the layers with overlayfs");
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return err_sys(e, "mount the layers with overlayfs (%s)",
		       n > 2 ? text + 2 : text);
}

static int set_layers(int fs, const struct overlay *o)
{
	for (size_t i = 0; i < o->n_lowers; i++)
		if (set_folder(fs, "lowerdir+", o->lower_fds[i]) < 0)
			return -1;
	if (o->upper_fd < 0)
		return 0;
	/* volatile: a draft that is cut off is thrown away */
	if (set_folder(fs, "upperdir", o->upper_fd) < 0 ||
	    set_folder(fs, "workdir", o->work_fd) < 0)
		return -1;
	return set_flag(fs, "volatile");
}

static int set_options(int fs)
{
	if (set_flag(fs, "userxattr") < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(overlay_off); i++)
		if (set_string(fs, overlay_off[i], "off") < 0)
			return -1;
	return set_string(fs, "source", "overlay");
}

/*
 * EINVAL comes from kernels that don't know lowerdir+, some of them only at the
 * end; and for layers that were opened in another mount namespace, which by
 * path are found in ours.
 */
int overlay_mount(const struct overlay *o, int *out, struct err *e)
{
	SCOPED_FD int fs = (int)syscall(SYS_fsopen, "overlay", FSOPEN_CLOEXEC);

	if (fs < 0)
		return err_sys(e, "open overlayfs (is the module loaded?)");
	if (set_layers(fs, o) < 0 || set_options(fs) < 0 ||
	    syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return errno == EINVAL ? 0 : overlay_error(fs, e);
	*out = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, 0);
	return *out < 0 ? overlay_error(fs, e) : 1;
}
