/*
 * Secrets and ssh agents. A secret's value is in no key, record, log or layer;
 * as a file it lies on a tmpfs of the host for as long as the step runs.
 */
#include "builder/engine/mounts.h"

#include "base/io.h"
#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* As BuildKit: session/secrets, MaxSecretSize. */
enum { SECRET_MAX_BYTES = 500 * 1024 };

static const struct build_secret *find_secret(const struct build_options *opt,
					      struct str id)
{
	for (size_t i = 0; i < opt->n_secrets; i++)
		if (str_eq_c(id, opt->secrets[i].id))
			return &opt->secrets[i];
	return NULL;
}

static int read_value(const struct build_secret *secret, struct buf *out,
		      struct err *e)
{
	const char *value;
	int found;

	if (!secret->env) {
		found = io_read_file(AT_FDCWD, secret->path, out, e);
		if (found == 0)
			return err_set(e, ERR_NOT_FOUND,
				       "secret %s: %s: there "
				       "is no such file",
				       secret->id, secret->path);
		return found < 0 ? -1 : 0;
	}
	value = getenv(secret->env);
	if (!value)
		return err_set(e, ERR_NOT_FOUND, "secret %s: $%s is not set",
			       secret->id, secret->env);
	buf_add_c(out, value);
	return buf_check(out, "secret", e);
}

/* A tmpfs where there is one; else the draft, which goes with the step. */
static char *secret_path(const struct step_run_context *c)
{
	SCOPED_BUF struct buf name = BUF_INIT(256);

	io_unique_name(&name, "imgbuild-secret-");
	if (access("/dev/shm", W_OK) == 0)
		return xasprintf("/dev/shm/%s", buf_c(&name));
	return xasprintf("%s/%s/%s", c->build->store->path, c->draft->name,
			 buf_c(&name));
}

static int write_secret(struct mounts *all, struct step_run_context *c,
			const struct step_mount *m, const struct buf *value,
			struct err *e)
{
	char *path = secret_path(c);
	SCOPED_FD int fd = -1;

	*vec_push(&all->files) = path;
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
	if (fd < 0)
		return err_sys(e, "keep a secret at %s", path);
	if (io_write_all(fd, value->p, value->n, "a secret", e) < 0)
		return -1;
	if (fchown(fd, m->uid, m->gid) < 0 ||
	    fchmod(fd, m->has_mode ? m->mode : 0400) < 0)
		return err_sys(e, "set a secret's owner and mode");
	return TAKE_FD(fd);
}

static int missing(const struct step_mount *m, struct str id, const char *flag,
		   struct err *e)
{
	if (!m->required)
		return 0;
	return err_set(e, ERR_NOT_FOUND, "%.*s: not given; use %s", STR_ARG(id),
		       flag);
}

int mount_secret_open(struct mounts *all, struct step_run_context *c,
		      const struct step_mount *m, struct arena *a,
		      struct run_mount *out, struct err *e)
{
	const struct build_secret *secret = find_secret(c->build->opt, m->id);
	struct buf value = BUF_INIT(SECRET_MAX_BYTES);
	int result;

	if (!secret)
		return missing(m, m->id, "--secret id=ID,src=FILE", e);
	result = read_value(secret, &value, e);
	if (result == 0 && m->env.n)
		all->env = str_list_add(a, all->env,
					arena_printf(a, "%.*s=%.*s",
						     STR_ARG(m->env),
						     STR_ARG(buf_str(&value))));
	/* env= alone makes no file */
	if (result == 0 && (!m->env.n || m->target.n)) {
		out->source_fd = write_secret(all, c, m, &value, e);
		out->readonly = true;
		out->target =
			m->target.n
				? arena_c(a, path_join(a, STR("/"), m->target))
				: arena_printf(a, "/run/secrets/%.*s",
					       STR_ARG(path_base(m->id)))
					  .p;
		result = out->source_fd < 0 ? -1 : 1;
	}
	if (value.p)
		explicit_bzero(value.p, value.n);
	buf_release(&value);
	return result;
}

static const struct build_ssh *find_ssh(const struct build_options *opt,
					struct str id)
{
	const struct build_ssh *found = NULL;

	for (size_t i = 0; i < opt->n_ssh; i++)
		if (str_eq_c(id, opt->ssh[i].id))
			found = &opt->ssh[i];
	return found;
}

/* A socket of the mount's own, with its owner and mode, in the draft. */
static int open_agent(struct mounts *all, struct step_run_context *c,
		      const struct step_mount *m, const struct build_ssh *ssh,
		      struct err *e)
{
	SCOPED_PTR char *name = xasprintf("ssh-%zu", all->forwards.n);
	const struct forward_options opt = {
		.to = ssh->socket,
		.uid = m->uid,
		.gid = m->gid,
		.mode = m->has_mode ? m->mode : 0600,
	};
	struct forward *f;
	struct stat st;
	int fd;

	if (stat(ssh->socket, &st) < 0)
		return err_sys(e, "ssh agent at %s", ssh->socket);
	if (!S_ISSOCK(st.st_mode))
		return err_set(e, ERR_INVALID,
			       "%s is not an agent's socket: add the key to an "
			       "agent (ssh-add) and name that",
			       ssh->socket);
	if (forward_start(&f, c->draft->fd, name, &opt, e) < 0)
		return -1;
	*vec_push(&all->forwards) = f;
	fd = openat(c->draft->fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? err_sys(e, "open %s", name) : fd;
}

/* As BuildKit numbers them: by their place among the step's ssh mounts. */
static unsigned ssh_index(const struct step_run *run,
			  const struct step_mount *m)
{
	unsigned n = 0;

	for (const struct step_mount *other = run->mounts; other < m; other++)
		n += other->kind == MOUNT_SSH;
	return n;
}

/*
 * $SSH_AUTH_SOCK names the first one, whether or not it was given, where ENV
 * does not say otherwise.
 */
static void name_agent(struct mounts *all, const struct step_run *run,
		       struct arena *a, const char *target)
{
	if (!env_get(run->env, STR("SSH_AUTH_SOCK"), &(struct str){0}))
		all->env = str_list_add(
			a, all->env,
			arena_printf(a, "SSH_AUTH_SOCK=%s", target));
}

int mount_ssh_open(struct mounts *all, struct step_run_context *c,
		   const struct step_mount *m, struct arena *a,
		   struct run_mount *out, struct err *e)
{
	const struct build_ssh *ssh = find_ssh(c->build->opt, m->id);
	unsigned index = ssh_index(&c->step->run, m);

	out->target =
		m->target.n
			? arena_c(a, m->target)
			: arena_printf(a, "/run/buildkit/ssh_agent.%u", index)
				  .p;
	if (index == 0)
		name_agent(all, &c->step->run, a, out->target);
	if (!ssh)
		return missing(m, m->id, "--ssh ID[=SOCKET]", e);
	out->movable = true; /* a socket can't be copied */
	out->source_fd = open_agent(all, c, m, ssh, e);
	return out->source_fd < 0 ? -1 : 1;
}
