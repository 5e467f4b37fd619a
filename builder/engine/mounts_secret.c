/*
 * Secrets and ssh agents. A secret's value is in no key, record, log or layer;
 * as a file it lies in memory, without a name outside of the step, and is gone
 * with it, however it ends. A step that has one leaves no core files.
 */
#include "builder/engine/mounts.h"

#include "base/io.h"
#include "base/path.h"
#include "builder/sandbox/memory_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
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

static int write_secret(int fd, const struct step_mount *m,
			const struct buf *value, struct err *e)
{
	if (io_write_all(fd, value->p, value->n, "a secret", e) < 0)
		return -1;
	if (fchown(fd, m->uid, m->gid) < 0 ||
	    fchmod(fd, m->has_mode ? m->mode : 0400) < 0)
		return err_sys(e, "set a secret's owner and mode");
	return 0;
}

/*
 * Where nothing can be mounted the executor copies it into the step's root, for
 * as long as the step runs; until then it has no name either.
 */
static int copied_value(struct run_mount *out, const struct step_mount *m,
			const struct buf *value, struct err *e)
{
	out->source_fd = memfd_create("secret", MFD_CLOEXEC);
	if (out->source_fd < 0)
		return err_sys(e, "keep a secret in memory");
	return write_secret(out->source_fd, m, value, e);
}

static int mount_value(struct run_mount *out, const struct step_mount *m,
		       const struct buf *value, struct err *e)
{
	SCOPED_FD int fd = -1;

	if (memory_file_make(&fd, &out->source_fd) < 0)
		return err_sys(e, "keep a secret in memory");
	out->detached = true;
	return write_secret(fd, m, value, e);
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
	all->has_secrets = true;
	result = read_value(secret, &value, e);
	if (result == 0 && m->env.n)
		all->env = str_list_add(a, all->env,
					arena_printf(a, "%.*s=%.*s",
						     STR_ARG(m->env),
						     STR_ARG(buf_str(&value))));
	/* env= alone makes no file */
	if (result == 0 && (!m->env.n || m->target.n)) {
		bool copied = c->build->opt->tier == TIER_CHROOT;

		result = (copied ? copied_value : mount_value)(out, m, &value,
							       e) < 0
				 ? -1
				 : 1;
		out->readonly = true;
		out->target =
			m->target.n
				? arena_c(a, path_join(a, STR("/"), m->target))
				: arena_printf(a, "/run/secrets/%.*s",
					       STR_ARG(path_base(m->id)))
					  .p;
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
