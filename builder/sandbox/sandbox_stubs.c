#include "builder/sandbox/sandbox_stubs.h"

#include "base/io.h"
#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEY_MAX = 16 * 1024 * 1024 };

/* One that was made before. */
struct sandbox_stubs {
	struct sandbox_stubs *next;
	char *key;
	size_t key_n;
	int fd;
};

/* --- making ------------------------------------------------------------ */

/* A folder with this mode, whatever the umask of the process is. */
static int make_folder(int dirfd, const char *name, mode_t mode)
{
	if (mkdirat(dirfd, name, mode) < 0)
		return errno == EEXIST ? 0 : -1;
	return fchmodat(dirfd, name, mode, 0);
}

/* The folders of path up to its last component; the last one's fd. */
static int open_stub_folder(int stubs_fd, struct str folder)
{
	int fd = openat(stubs_fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct str component;
	char name[NAME_MAX + 1];

	while (fd >= 0 && path_next(&folder, &component)) {
		int next = -1;

		if (component.n <= NAME_MAX) {
			memcpy(name, component.p, component.n);
			name[component.n] = '\0';
			if (make_folder(fd, name, 0755) == 0)
				next = path_open_nofollow(
					fd, name, O_PATH | O_DIRECTORY, 0);
		}
		(void)close(fd);
		fd = next;
	}
	return fd;
}

static int write_stub(int folder_fd, const char *name, const char *content,
		      struct err *e)
{
	SCOPED_FD int fd = openat(
		folder_fd, name,
		O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);

	if (fd < 0 || fchmod(fd, 0644) < 0)
		return err_sys(e, "make %s for the step", name);
	return content ? io_write_all(fd, content, strlen(content), name, e)
		       : 0;
}

static bool is_folder(const struct sandbox_plan *plan,
		      const struct sandbox_stub *stub)
{
	struct stat st;

	if (stub->content)
		return false;
	return stub->folder ||
	       (fstat(plan->spec->mounts[stub->source_mount].source_fd, &st) ==
			0 &&
		S_ISDIR(st.st_mode));
}

/*
 * Stubs of mounts may fail, as where one target lies below another that is a
 * file; the child then meets the target as it is.
 */
static int make_stub(int stubs_fd, const struct sandbox_plan *plan,
		     const struct sandbox_stub *stub, struct err *e)
{
	struct str path = str_from(stub->path);
	SCOPED_FD int folder_fd = open_stub_folder(stubs_fd, path_dir(path));
	const char *name = path_base(path).p;
	struct err ignored;

	if (folder_fd < 0 && stub->content)
		return err_sys(e, "make /%s for the step", stub->path);
	if (folder_fd < 0)
		return 0;
	if (is_folder(plan, stub))
		(void)make_folder(folder_fd, name, 0755);
	else if (stub->content)
		return write_stub(folder_fd, name, stub->content, e);
	else
		(void)write_stub(folder_fd, name, NULL, &ignored);
	return 0;
}

static int make_stubs(int stubs_fd, const struct sandbox_plan *plan,
		      struct err *e)
{
	size_t i;

	for (i = 0; i < plan->n_stubs; i++)
		if (make_stub(stubs_fd, plan, &plan->stubs[i], e) < 0)
			return -1;
	return 0;
}

static int make_in(int folder_fd, const char *name,
		   const struct sandbox_plan *plan, struct err *e)
{
	SCOPED_FD int fd = -1;

	if (io_mkdir(folder_fd, name, 0755, e) < 0)
		return -1;
	fd = io_open_dir(folder_fd, name, e);
	if (fd < 0 || fchmod(fd, 0755) < 0)
		return err_sys(e, "open %s", name);
	if (make_stubs(fd, plan, e) < 0)
		return -1;
	return TAKE_FD(fd);
}

/* --- keeping ----------------------------------------------------------- */

static void add_key(struct buf *key, const struct sandbox_plan *plan)
{
	size_t i;

	for (i = 0; i < plan->n_stubs; i++) {
		const struct sandbox_stub *stub = &plan->stubs[i];

		buf_add(key, stub->path, strlen(stub->path) + 1);
		if (stub->content)
			buf_add(key, stub->content, strlen(stub->content) + 1);
		else
			buf_add_c(key, is_folder(plan, stub) ? "/" : ".");
		buf_add_char(key, '\0');
	}
}

static int find(const struct sandbox_executor *x, const struct buf *key)
{
	const struct sandbox_stubs *s;

	for (s = x->stubs; s; s = s->next)
		if (s->key_n == key->n &&
		    (key->n == 0 || memcmp(s->key, key->p, key->n) == 0))
			return s->fd;
	return -1;
}

static int make_and_keep(struct sandbox_executor *x,
			 const struct sandbox_plan *plan, const struct buf *key,
			 struct err *e)
{
	SCOPED_BUF struct buf name = BUF_INIT(NAME_MAX);
	struct sandbox_stubs *s;
	int fd;

	io_unique_name(&name, "stubs-");
	fd = make_in(x->folder_fd, buf_c(&name), plan, e);
	if (fd < 0)
		return -1;
	s = xcalloc(1, sizeof(*s));
	s->key = str_dup(buf_str(key));
	s->key_n = key->n;
	s->fd = fd;
	s->next = x->stubs;
	x->stubs = s;
	return fd;
}

static int open_kept(struct sandbox_executor *x,
		     const struct sandbox_plan *plan, const struct buf *key,
		     struct err *e)
{
	int fd = find(x, key);

	if (fd < 0)
		fd = make_and_keep(x, plan, key, e);
	if (fd < 0)
		return -1;
	fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return fd < 0 ? err_sys(e, "open the mount points") : fd;
}

int sandbox_stubs_open(struct sandbox_executor *x,
		       const struct sandbox_plan *plan, struct err *e)
{
	SCOPED_BUF struct buf key = BUF_INIT(KEY_MAX);
	int fd;

	if (x->folder_fd < 0)
		return make_in(plan->spec->draft_fd, "stubs", plan, e);
	add_key(&key, plan);
	if (buf_check(&key, "mount points", e) < 0)
		return -1;
	(void)pthread_mutex_lock(&x->lock);
	fd = open_kept(x, plan, &key, e);
	(void)pthread_mutex_unlock(&x->lock);
	return fd;
}

void sandbox_stubs_release(struct sandbox_executor *x)
{
	struct sandbox_stubs *s;

	while ((s = x->stubs) != NULL) {
		x->stubs = s->next;
		(void)close(s->fd);
		free(s->key);
		free(s);
	}
}
