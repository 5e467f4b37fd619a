#include "cache/store_folder.h"

#include "base/io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* 1: kept files have a check, snapshots a seal. Before there was no number. */
enum { STORE_VERSION = 1, VERSION_MAX_BYTES = 32, PRIVATE_MODE = 0700 };

static const char FOREIGN[] = "IMGBUILD_ALLOW_FOREIGN_STORE";

static char *default_path(struct err *e)
{
	const char *root = getenv("IMGBUILD_ROOT");
	const char *data = getenv("XDG_DATA_HOME");
	const char *home = getenv("HOME");

	if (root && *root)
		return xstrdup(root);
	if (geteuid() == 0)
		return xstrdup("/var/lib/imgbuild");
	if (data && *data)
		return xasprintf("%s/imgbuild", data);
	if (home && *home)
		return xasprintf("%s/.local/share/imgbuild", home);
	err_set(e, ERR_NOT_FOUND,
		"no place for the store: set IMGBUILD_ROOT or HOME");
	return NULL;
}

/* --- whose it is ---------------------------------------------------------- */

/* What a store has at its top, also one whose making was cut short. */
static bool is_own_name(const char *name)
{
	static const char *const names[] = {
		".",	     "..",	"oci-layout", "index.json", "blobs",
		"snapshots", "steps",	"variants",   "stat",	    "listings",
		"traces",    "origins", "mounts",     "logs",	    "locks",
		"tmp",	     "version", "seals",      "lost+found",
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	/* a replacement that was cut short, and a copy kept beside */
	return strncmp(name, "index.json.", 11) == 0 ||
	       strncmp(name, "oci-layout.", 11) == 0 ||
	       strncmp(name, "version.", 8) == 0;
}

/* So that a home or the machine's root is not made 0700 by a slip. */
static int refuse_others_things(int fd, const char *path, struct err *e)
{
	int own = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	DIR *dir = own < 0 ? NULL : fdopendir(own);
	struct dirent *entry;
	int result = 0;

	if (!dir) {
		err_sys(e, "list %s", path);
		scoped_close(&own);
		return -1;
	}
	while (result == 0 && (entry = readdir(dir)))
		if (!is_own_name(entry->d_name))
			result = err_set(e, ERR_INVALID,
					 "%s is no store: there is %s in it; "
					 "set IMGBUILD_ROOT to a folder of its "
					 "own",
					 path, entry->d_name);
	(void)closedir(dir);
	return result;
}

static int make_private(int fd, const char *path, const struct stat *st,
			struct err *e)
{
	struct stat now;

	if ((st->st_mode & 07777) == PRIVATE_MODE)
		return 0;
	if (refuse_others_things(fd, path, e) < 0)
		return -1;
	if (fchmod(fd, PRIVATE_MODE) < 0 || fstat(fd, &now) < 0)
		return err_sys(e, "make the store %s private (mode 0700)",
			       path);
	if (now.st_mode & 077)
		return err_set(e, ERR_UNSUPPORTED,
			       "the store %s can't be private: its file system "
			       "keeps no modes",
			       path);
	return 0;
}

static int check_owner(int fd, const char *path, struct err *e)
{
	const char *allowed = getenv(FOREIGN);
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(e, "stat %s", path);
	if (st.st_uid == geteuid())
		return make_private(fd, path, &st, e);
	/* its mode is its owner's affair */
	if (allowed && *allowed)
		return 0;
	return err_set(e, ERR_INVALID,
		       "the store %s belongs to user %u, who could change what "
		       "is built: set IMGBUILD_ROOT to another, or %s=1 to use "
		       "it",
		       path, (unsigned)st.st_uid, FOREIGN);
}

/* --- opening -------------------------------------------------------------- */

bool store_folder_exists(const char *path)
{
	struct err e;
	SCOPED_PTR char *where = path ? xstrdup(path) : default_path(&e);
	SCOPED_PTR char *version =
		where ? xasprintf("%s/version", where) : NULL;

	return version && access(version, F_OK) == 0;
}

static int open_folder(const char *where, struct err *e)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
	int fd = open(where, flags);

	if (fd < 0 && errno == ENOENT) {
		if (io_mkdir_all(AT_FDCWD, where, 0755, e) < 0)
			return err_wrap(e,
					"create the store (set IMGBUILD_ROOT "
					"to put it elsewhere)");
		fd = open(where, flags);
	}
	if (fd < 0)
		return err_sys(e,
			       "open the store %s (set IMGBUILD_ROOT to use "
			       "another)",
			       where);
	return fd;
}

int store_folder_open(const char *path, char **path_out, struct err *e)
{
	SCOPED_PTR char *where = path ? xstrdup(path) : default_path(e);
	SCOPED_FD int fd = -1;

	if (!where)
		return -1;
	fd = open_folder(where, e);
	if (fd < 0 || check_owner(fd, where, e) < 0)
		return -1;
	*path_out = realpath(where, NULL);
	if (!*path_out)
		return err_sys(e, "store %s", where);
	return TAKE_FD(fd);
}

/* --- version -------------------------------------------------------------- */

int store_version_check(int fd, struct err *e)
{
	SCOPED_BUF struct buf text = BUF_INIT(VERSION_MAX_BYTES);
	struct err unreadable;
	char *end;
	long version;

	/* a damaged one is written anew */
	if (io_read_file(fd, "version", &text, &unreadable) <= 0)
		return 0;
	version = strtol(buf_c(&text), &end, 10);
	if (end == text.p || (*end && *end != '\n') || version < 0)
		return 0;
	if (version > STORE_VERSION)
		return err_set(e, ERR_UNSUPPORTED,
			       "it was written by a newer imgbuild (version "
			       "%ld; this one knows up to %d): use that, or "
			       "set IMGBUILD_ROOT to another folder",
			       version, STORE_VERSION);
	return version == STORE_VERSION;
}

int store_version_put(int fd, struct err *e)
{
	char text[VERSION_MAX_BYTES];
	int n = snprintf(text, sizeof(text), "%d\n", STORE_VERSION);

	return io_replace_file(fd, "version", (struct str){text, (size_t)n},
			       IO_DURABLE, e);
}
