#include "tests/base/support.h"

#include "base/io.h"
#include "base/vec.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

static const char OPAQUE[] = "user.overlay.opaque";

void temp_dir_make(struct temp_dir *t)
{
	/* not /tmp: user attributes want a real file system */
	const char *base = getenv("TEST_TMPDIR");

	(void)snprintf(t->path, sizeof(t->path), "%s/imgbuild-test-XXXXXX",
		       base ? base : "/var/tmp");
	assert_non_null(mkdtemp(t->path));
	t->fd = open(t->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(t->fd >= 0);
}

void temp_dir_remove(struct temp_dir *t)
{
	struct err e;

	(void)close(t->fd);
	(void)io_remove_tree(AT_FDCWD, t->path, &e);
}

void put_file(int dirfd, const char *path, struct str content, mode_t mode)
{
	SCOPED_FD int fd = openat(
		dirfd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct err e;

	if (fd < 0)
		fail_msg("%s: %s", path, strerror(errno));
	assert_ok(io_write_all(fd, content.p, content.n, path, &e));
	assert_int_equal(fchmod(fd, mode), 0);
}

static void put_parents(int dirfd, const char *path)
{
	SCOPED_PTR char *parent = xstrdup(path);
	char *slash = strrchr(parent, '/');
	struct err e;

	if (!slash)
		return;
	*slash = '\0';
	assert_ok(io_mkdir_all(dirfd, parent, 0755, &e));
}

static void put_opaque(int dirfd, const char *path)
{
	struct err e;
	int fd;

	assert_ok(io_mkdir_all(dirfd, path, 0755, &e));
	fd = io_open_dir(dirfd, path, &e);
	assert_true(fd >= 0);
	if (fsetxattr(fd, OPAQUE, "y", 1, 0) < 0)
		fail_msg("%s: %s (TEST_TMPDIR names a folder on a file system "
			 "with user attributes)",
			 path, strerror(errno));
	(void)close(fd);
}

static void put_item(int dirfd, char *item)
{
	char *arrow = strstr(item, "->");
	char *equals = strchr(item, '=');
	char *last = item + strlen(item) - 1;
	char kind = *last;
	struct err e;

	if (arrow && (!equals || arrow < equals)) {
		*arrow = '\0';
		put_parents(dirfd, item);
		assert_int_equal(symlinkat(arrow + 2, dirfd, item), 0);
		return;
	}
	if (equals) {
		*equals = '\0';
		put_parents(dirfd, item);
		put_file(dirfd, item, str_from(equals + 1), 0644);
		return;
	}
	*last = '\0';
	put_parents(dirfd, item);
	switch (kind) {
	case '/': assert_ok(io_mkdir_all(dirfd, item, 0755, &e)); break;
	case '|': assert_int_equal(mkfifoat(dirfd, item, 0644), 0); break;
	case '!': assert_int_equal(mknodat(dirfd, item, S_IFCHR, 0), 0); break;
	case '~': put_opaque(dirfd, item); break;
	default: fail_msg("'%s%c' is no item of a tree", item, kind);
	}
}

void put_tree(int dirfd, const char *text)
{
	struct str rest = str_from(text);
	struct str item;

	while (rest.n) {
		(void)str_cut(rest, ' ', &item, &rest);
		if (item.n) {
			SCOPED_PTR char *copy = str_dup(item);

			put_item(dirfd, copy);
		}
	}
}

int put_folder(int dirfd, const char *name, const char *text)
{
	struct err e;
	int fd;

	assert_ok(io_mkdir(dirfd, name, 0755, &e));
	fd = io_open_dir(dirfd, name, &e);
	assert_true(fd >= 0);
	put_tree(fd, text);
	return fd;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_opaque(int fd)
{
	char value = 0;

	return fgetxattr(fd, OPAQUE, &value, 1) == 1 && value == 'y';
}

static void add_folder(struct buf *out, int dirfd, const char *prefix);

static void add_entry(struct buf *out, int dirfd, const char *prefix,
		      const char *name)
{
	SCOPED_PTR char *path = xasprintf("%s%s", prefix, name);
	SCOPED_PTR char *below = xasprintf("%s/", path);
	SCOPED_BUF struct buf content = BUF_INIT(1u << 20);
	char target[PATH_MAX] = "";
	struct stat st = stat_of(dirfd, name);
	struct err e;
	int fd;

	buf_printf(out, "%s%s", out->n ? " " : "", path);
	switch (st.st_mode & S_IFMT) {
	case S_IFDIR:
		fd = io_open_dir(dirfd, name, &e);
		assert_true(fd >= 0);
		buf_add_char(out, is_opaque(fd) ? '~' : '/');
		add_folder(out, fd, below);
		(void)close(fd);
		break;
	case S_IFLNK:
		assert_true(readlinkat(dirfd, name, target,
				       sizeof(target) - 1) >= 0);
		buf_printf(out, "->%s", target);
		break;
	case S_IFIFO: buf_add_char(out, '|'); break;
	case S_IFCHR: buf_add_c(out, st.st_rdev ? "(device)" : "!"); break;
	default:
		assert_ok(io_read_file(dirfd, name, &content, &e));
		buf_printf(out, "=%s", buf_c(&content));
	}
}

static void add_folder(struct buf *out, int dirfd, const char *prefix)
{
	int copy = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fdopendir(copy);
	VEC(char *) names = {0};
	struct dirent *entry;

	assert_non_null(dir);
	while ((entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			*vec_push(&names) = xstrdup(entry->d_name);
	if (names.n)
		qsort(names.v, names.n, sizeof(*names.v), compare_names);
	for (size_t i = 0; i < names.n; i++) {
		add_entry(out, dirfd, prefix, names.v[i]);
		free(names.v[i]);
	}
	vec_release(&names);
	(void)closedir(dir);
}

void tree_text(struct buf *out, int dirfd)
{
	add_folder(out, dirfd, "");
}

void assert_tree(int dirfd, const char *expected)
{
	SCOPED_BUF struct buf text = BUF_INIT(1u << 20);

	tree_text(&text, dirfd);
	assert_string_equal(buf_c(&text), expected);
}

bool path_exists(int dirfd, const char *path)
{
	struct stat st;

	return fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

void assert_file(int dirfd, const char *path, const char *content)
{
	SCOPED_BUF struct buf found = BUF_INIT(1u << 20);
	struct err e = {0};

	if (io_read_file(dirfd, path, &found, &e) != 1)
		fail_msg("%s: not there (%s)", path, e.msg);
	assert_string_equal(buf_c(&found), content);
}

struct stat stat_of(int dirfd, const char *path)
{
	struct stat st;

	if (fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		fail_msg("%s: %s", path, strerror(errno));
	return st;
}

void set_mtime(int dirfd, const char *path, int64_t seconds)
{
	const struct timespec times[2] = {{.tv_sec = seconds},
					  {.tv_sec = seconds}};

	assert_int_equal(utimensat(dirfd, path, times, AT_SYMLINK_NOFOLLOW), 0);
}

void skip_unless_root(void)
{
	if (geteuid() == 0)
		return;
	print_message("needs root: owners, capabilities, devices\n");
	skip();
}

void skip_as_root(void)
{
	if (geteuid() != 0)
		return;
	print_message("needs an ordinary user: root passes every check\n");
	skip();
}

void assert_error(const struct err *e, enum err_code code, const char *text)
{
	if (e->code != code || !strstr(e->msg, text))
		fail_msg("error %d '%s', expected %d with '%s'", e->code,
			 e->msg, code, text);
}
