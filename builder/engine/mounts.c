#include "builder/engine/mounts.h"

#include "base/io.h"
#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const KINDS[] = {
	[MOUNT_BIND] = "bind",	 [MOUNT_CACHE] = "cache",
	[MOUNT_TMPFS] = "tmpfs", [MOUNT_SECRET] = "secret",
	[MOUNT_SSH] = "ssh",
};

/* 1 open, 0 nothing to mount, -1. */
static int open_mount(struct mounts *all, struct step_run_context *c, size_t i,
		      struct arena *a, struct run_mount *out, struct err *e)
{
	const struct step_mount *m = &c->step->run.mounts[i];

	out->readonly = m->readonly;
	switch (m->kind) {
	case MOUNT_BIND: return mount_bind_open(c, i, out, e);
	case MOUNT_CACHE:
		out->movable = true;
		out->source_fd = mount_cache_open(all, c, i, e);
		return out->source_fd < 0 ? -1 : 1;
	case MOUNT_TMPFS:
		out->kind = RUN_MOUNT_TMPFS;
		out->size_bytes = m->size_bytes;
		return 1;
	case MOUNT_SECRET: return mount_secret_open(all, c, m, a, out, e);
	case MOUNT_SSH: return mount_ssh_open(all, c, m, a, out, e);
	}
	return 0;
}

/* A heredoc with #! is a file of its own, read-only, as BuildKit has it. */
static int open_script(struct step_run_context *c, struct run_mount *out,
		       struct err *e)
{
	const struct step_run *run = &c->step->run;
	SCOPED_ARENA struct arena a = {0};
	SCOPED_FD int dir = -1;
	SCOPED_FD int fd = -1;
	const char *name = arena_c(&a, run->script_name);

	if (io_mkdir(c->draft->fd, "pipes", 0755, e) < 0)
		return -1;
	dir = io_open_dir(c->draft->fd, "pipes", e);
	if (dir < 0)
		return -1;
	fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	if (fd < 0 || fchmod(fd, 0755) < 0)
		return err_sys(e, "create the script %s", name);
	if (io_write_all(fd, run->script.p, run->script.n, name, e) < 0)
		return -1;
	*out = (struct run_mount){.kind = RUN_MOUNT_BIND,
				  .target = "/dev/pipes",
				  .readonly = true,
				  .movable = true,
				  .source_fd = TAKE_FD(dir)};
	return 0;
}

int mounts_open(struct mounts *m, struct step_run_context *c, struct arena *a,
		struct err *e)
{
	const struct step_run *run = &c->step->run;

	*m = (struct mounts){0};
	m->v = arena_new_array(a, run->n_mounts + 1, struct run_mount);
	if (mount_caches_lock(m, c, a, e) < 0) {
		mounts_close(m);
		return -1;
	}
	for (size_t i = 0; i < run->n_mounts; i++) {
		struct run_mount *out = &m->v[m->n];
		int opened;

		out->source_fd = -1;
		out->target = arena_c(a, run->mounts[i].target);
		opened = open_mount(m, c, i, a, out, e);
		if (opened < 0) {
			mounts_close(m);
			return err_wrap(e, "--mount=type=%s",
					KINDS[run->mounts[i].kind]);
		}
		m->n += opened > 0;
	}
	if (run->script_name.n) {
		m->v[m->n].source_fd = -1;
		if (open_script(c, &m->v[m->n], e) < 0) {
			mounts_close(m);
			return -1;
		}
		m->n++;
	}
	return 0;
}

void mounts_close(struct mounts *m)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->v[i].kind == RUN_MOUNT_BIND)
			scoped_close(&m->v[i].source_fd);
	for (size_t i = 0; i < m->caches.n; i++)
		(void)close(m->caches.v[i].fd);
	vec_release(&m->caches);
	for (size_t i = 0; i < m->forwards.n; i++)
		forward_stop(m->forwards.v[i]);
	vec_release(&m->forwards);
	m->n = 0;
}
