#include "tests/cache/support.h"

#include "base/io.h"
#include "base/path.h"
#include "cache/seal.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

void layers_make(struct layers *l, ...)
{
	const char *text;
	va_list ap;

	*l = (struct layers){.view.layer_fds = l->fds};
	temp_dir_make(&l->dir);
	va_start(ap, l);
	while ((text = va_arg(ap, const char *))) {
		char name[8];

		assert_true(l->view.n_layers < LAYERS_MAX);
		(void)snprintf(name, sizeof(name), "%zu", l->view.n_layers);
		l->fds[l->view.n_layers++] = put_folder(l->dir.fd, name, text);
	}
	va_end(ap);
}

void layers_make_plain(struct layers *l, const char *text)
{
	layers_make(l, text, NULL);
	l->view.plain = true;
}

void layers_remove(struct layers *l)
{
	for (size_t i = 0; i < l->view.n_layers; i++)
		(void)close(l->fds[i]);
	temp_dir_remove(&l->dir);
}

static void add_view_folder(struct buf *out, const struct view_dir *d,
			    const char *prefix);

static void add_view_entry(struct buf *out, const struct view_dir *d,
			   const char *prefix, const char *name)
{
	SCOPED_PTR char *path = xasprintf("%s%s", prefix, name);
	SCOPED_PTR char *below = xasprintf("%s/", path);
	SCOPED_VIEW_DIR struct view_dir inner = {0};
	SCOPED_BUF struct buf content = BUF_INIT(1u << 20);
	char target[PATH_MAX] = "";
	struct view_entry entry;
	struct err e;

	if (view_dir_find(d, name, &entry, &e) != 1)
		fail_msg("%s is listed, but not found", path);
	buf_printf(out, "%s%s", out->n ? " " : "", path);
	switch (entry.st.st_mode & S_IFMT) {
	case S_IFDIR:
		buf_add_char(out, '/');
		assert_ok(view_dir_enter(d, name, &entry, &inner, &e));
		add_view_folder(out, &inner, below);
		break;
	case S_IFLNK:
		assert_true(readlinkat(entry.dirfd, name, target,
				       sizeof(target) - 1) >= 0);
		buf_printf(out, "->%s", target);
		break;
	case S_IFIFO: buf_add_char(out, '|'); break;
	case S_IFCHR: buf_add_c(out, "!"); break;
	default:
		assert_int_equal(io_read_file(entry.dirfd, name, &content, &e),
				 1);
		buf_printf(out, "=%s", buf_c(&content));
	}
}

static void add_view_folder(struct buf *out, const struct view_dir *d,
			    const char *prefix)
{
	SCOPED_ARENA struct arena a = {0};
	struct str *names;
	size_t n_names;
	struct err e;

	assert_ok(view_dir_list(d, &a, &names, &n_names, &e));
	for (size_t i = 0; i < n_names; i++)
		add_view_entry(out, d, prefix, names[i].p);
}

void assert_view(const struct view *v, const char *expected)
{
	SCOPED_VIEW_DIR struct view_dir root = {0};
	SCOPED_BUF struct buf text = BUF_INIT(1u << 20);
	struct err e;

	assert_ok(view_open_root(v, &root, &e));
	add_view_folder(&text, &root, "");
	assert_string_equal(buf_c(&text), expected);
}

void temp_store_make(struct temp_store *t)
{
	struct err e;

	temp_dir_make(&t->dir);
	assert_ok(store_open(&t->store, t->dir.path, &e));
}

void temp_store_remove(struct temp_store *t)
{
	store_release(&t->store);
	temp_dir_remove(&t->dir);
}

void put_snapshot(const struct store *s, const struct digest *d,
		  const char *text)
{
	char hex[DIGEST_HEX_SIZE];
	SCOPED_FD int snapshots =
		openat(s->fd, "snapshots", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	SCOPED_FD int fd = put_folder(snapshots, digest_hex(d, hex), text);
	struct seal seal;
	struct stat st;
	struct err e;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	seal = seal_of(&st);
	assert_ok(seal_look(fd, &seal.seen, &e));
	assert_ok(seal_put(s, d, &seal, &e));
}
