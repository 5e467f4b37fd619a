/*
 * What a step's mount points leave in the upper folder, taken away again.
 *
 * BuildKit does the same after each step: what it had to make for resolv.conf,
 * hosts and mounts goes where it is still empty, with the folders around it;
 * /proc, /dev and /sys stay where the base had none.
 */
#include "builder/sandbox/sandbox_prepare.h"

#include "base/path.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_folder_of(int upper_fd, const char *path, const char **name)
{
	struct str folder = path_dir(str_from(path));
	char text[PATH_MAX];

	if (folder.n >= sizeof(text))
		return -1;
	memcpy(text, folder.p, folder.n);
	text[folder.n] = '\0';
	*name = path_base(str_from(path)).p;
	return path_open_nofollow(upper_fd, text, O_RDONLY | O_DIRECTORY, 0);
}

static void remove_created(int upper_fd, const struct sandbox_created *created)
{
	const char *name;
	struct stat st;
	SCOPED_FD int folder = open_folder_of(upper_fd, created->path, &name);
	bool gone;

	if (folder < 0 || fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	if (S_ISDIR(st.st_mode))
		gone = unlinkat(folder, name, AT_REMOVEDIR) == 0;
	else
		gone = S_ISREG(st.st_mode) && st.st_size == 0 &&
		       unlinkat(folder, name, 0) == 0;
	if (gone)
		(void)futimens(folder, created->folder_times);
}

static bool in_layers(const struct run_spec *spec, const char *path)
{
	size_t i;

	for (i = 0; i < spec->n_lowers; i++) {
		int fd = path_open_nofollow(spec->lower_fds[i], path,
					    O_PATH | O_NOFOLLOW, 0);

		if (fd < 0)
			continue;
		(void)close(fd);
		return true;
	}
	return false;
}

/*
 * A folder that only the stubs have is copied up when something is made in it,
 * and is left empty when that is deleted again. No link is followed: the
 * command may have put one in the place of a folder.
 */
static void remove_folders(int upper_fd, const struct run_spec *spec,
			   const char *path)
{
	char folder[PATH_MAX];
	char *slash;

	if (strlen(path) >= sizeof(folder))
		return;
	memcpy(folder, path, strlen(path) + 1);
	while ((slash = strrchr(folder, '/')) != NULL) {
		const char *name;
		SCOPED_FD int around = -1;

		*slash = '\0';
		around = open_folder_of(upper_fd, folder, &name);
		if (around < 0 ||
		    faccessat(around, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (in_layers(spec, folder) ||
		    unlinkat(around, name, AT_REMOVEDIR) < 0)
			return;
	}
}

void sandbox_clean_upper(const struct sandbox_plan *plan,
			 const struct sandbox_created *created,
			 size_t n_created)
{
	const struct run_spec *spec = plan->spec;
	SCOPED_FD int upper_fd =
		openat(spec->draft_fd, "upper",
		       O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	size_t i;

	if (upper_fd < 0)
		return;
	for (i = n_created; i > 0; i--)
		remove_created(upper_fd, &created[i - 1]);
	for (i = plan->n_stubs; i > 0; i--)
		remove_folders(upper_fd, spec, plan->stubs[i - 1].path);
}
