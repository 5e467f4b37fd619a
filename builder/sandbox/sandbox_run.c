/*
 * The executor: prepare, clone, watch, clean up.
 *
 * clone with CLONE_VM and CLONE_VFORK, as posix_spawn does it: nothing of
 * the parent's memory is copied, and the child's result is simply there when
 * the parent goes on, which is when the command runs or the child gave up. The
 * child has a stack of its own and blocks all signals, so no handler of ours
 * ever runs in it.
 */
#include "builder/sandbox/sandbox.h"

#include "base/io.h"
#include "base/subprocess.h"
#include "builder/sandbox/capabilities.h"
#include "builder/sandbox/sandbox_prepare.h"
#include "builder/sandbox/sandbox_stubs.h"
#include "builder/sandbox/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	SMALL_STACK_BYTES = 16 * 1024,
	STACK_BYTES = 128 * 1024, /* the deepest walk holds six paths */
	OUTPUT_BYTES = 64 * 1024,
	IDMAP_BYTES = 64 * 1024,
};

/* --- ids ---------------------------------------------------------------- */

/* Lines of "<first inside> <first outside> <count>". */
static void parse_id_map(struct str text, struct sandbox_ids *out)
{
	struct str line;
	bool more = true;

	while (more && out->n_ranges < ARRAY_LEN(out->ranges)) {
		unsigned first, n;

		more = str_cut(text, '\n', &line, &text);
		if (line.n && sscanf(line.p, "%u %*u %u", &first, &n) == 2) {
			out->ranges[out->n_ranges].first = first;
			out->ranges[out->n_ranges++].n = n;
		}
	}
}

static int read_id_map(const char *path, struct sandbox_ids *out, struct err *e)
{
	SCOPED_BUF struct buf text = BUF_INIT(IDMAP_BYTES);

	if (out->n_ranges)
		return 0;
	if (io_read_file(AT_FDCWD, path, &text, e) < 0)
		return -1;
	parse_id_map((struct str){buf_c(&text), text.n}, out);
	return 0;
}

static int check_id(const struct sandbox_ids *ids, uint32_t id,
		    const char *what, const char *file, struct err *e)
{
	size_t i;

	for (i = 0; i < ids->n_ranges; i++)
		if (id >= ids->ranges[i].first &&
		    id - ids->ranges[i].first < ids->ranges[i].n)
			return 0;
	return err_set(e, ERR_UNSUPPORTED,
		       "%s %u has no subordinate id: the range in %s is too "
		       "small; enlarge it, or build as root",
		       what, id, file);
}

static int check_ids(struct sandbox_executor *x, const struct run_spec *spec,
		     struct err *e)
{
	int failed;
	size_t i;

	(void)pthread_mutex_lock(&x->lock);
	failed = read_id_map("/proc/self/uid_map", &x->uids, e) < 0 ||
		 read_id_map("/proc/self/gid_map", &x->gids, e) < 0;
	(void)pthread_mutex_unlock(&x->lock);
	if (failed ||
	    check_id(&x->uids, spec->uid, "user", "/etc/subuid", e) < 0 ||
	    check_id(&x->gids, spec->gid, "group", "/etc/subgid", e) < 0)
		return -1;
	for (i = 0; i < spec->n_groups; i++)
		if (check_id(&x->gids, spec->groups[i], "group", "/etc/subgid",
			     e) < 0)
			return -1;
	return 0;
}

/* --- the child ---------------------------------------------------------- */

struct pipes {
	int out[2];
	int err[2];
	int terminal[2]; /* a socket pair; -1 where there is no terminal */
};

static void pipes_close(struct pipes *p)
{
	int i;

	for (i = 0; i < 2; i++) {
		scoped_close(&p->out[i]);
		scoped_close(&p->err[i]);
		scoped_close(&p->terminal[i]);
	}
}

struct job {
	int pidfd; /* -1: none */
};

/* Wait for the end of the job's process; the descriptor stays. */
static int job_wait(const struct job *j, siginfo_t *info)
{
	int failed;

	do
		failed = waitid(P_PIDFD, (id_t)j->pidfd, info, WEXITED);
	while (failed && errno == EINTR);
	return failed;
}

/* Whatever happens, no process is left. */
static void job_release(struct job *j)
{
	siginfo_t info;

	if (j->pidfd < 0)
		return;
	(void)syscall(SYS_pidfd_send_signal, j->pidfd, SIGKILL, NULL, 0);
	(void)job_wait(j, &info); /* where it was not waited for before */
	scoped_close(&j->pidfd);
	j->pidfd = -1;
}

/*
 * A pid namespace can only be made from within its parent namespace, which is
 * the guard's, and a process is within one from birth only. So the first
 * process of three turns its next child to the guard's namespace, the second is
 * born there, and the third is the child. Each is given to our process as its
 * parent, and all but the third share its descriptors, for the pidfd to arrive.
 */
struct birth {
	const struct sandbox_guard *guard;
	struct sandbox_child *child;
	char *stack_ends[3];
	pid_t second;
	int pidfd;
	int sys; /* errno of what failed */
};

enum { BIRTH_FLAGS = CLONE_VM | CLONE_VFORK };

static int third_main(void *arg)
{
	const struct birth *b = arg;

	sandbox_perform(b->child);
	sandbox_exit(127);
	return 0;
}

static int second_main(void *arg)
{
	struct birth *b = arg;
	int flags = BIRTH_FLAGS | CLONE_PARENT | CLONE_PIDFD |
		    (int)b->child->plan->namespaces;

	if (clone(third_main, b->stack_ends[2], flags, b, &b->pidfd) < 0)
		b->sys = errno;
	sandbox_exit(0);
	return 0;
}

static int first_main(void *arg)
{
	struct birth *b = arg;

	if (sandbox_guard_enter(b->guard) == 0)
		b->second = clone(
			second_main, b->stack_ends[1],
			BIRTH_FLAGS | CLONE_PARENT | CLONE_FILES | SIGCHLD, b);
	if (b->second <= 0)
		b->sys = errno;
	sandbox_exit(0);
	return 0;
}

static int give_birth(struct birth *b)
{
	pid_t first = clone(first_main, b->stack_ends[0],
			    BIRTH_FLAGS | CLONE_FILES | SIGCHLD, b);

	if (first < 0)
		return -1;
	(void)process_wait(first, NULL);
	if (b->second > 0)
		(void)process_wait(b->second, NULL);
	errno = b->sys;
	return b->pidfd < 0 ? -1 : 0;
}

/*
 * Start the child; returns when it executes the command or has given up.
 * PR_SET_DUMPABLE belongs to the memory that all share, and a child's change
 * of ids clears it; what it was is known from before the first child.
 */
static int spawn(const struct sandbox_executor *x, struct sandbox_child *c,
		 struct job *j, struct err *e)
{
	size_t n = 2 * SMALL_STACK_BYTES + STACK_BYTES;
	char *stacks = mmap(NULL, n, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	struct birth b = {.guard = &x->guard, .child = c, .pidfd = -1};
	sigset_t all, before;
	int failed;

	if (stacks == MAP_FAILED)
		return err_sys(e, "make a stack");
	b.stack_ends[0] = stacks + SMALL_STACK_BYTES;
	b.stack_ends[1] = stacks + 2 * SMALL_STACK_BYTES;
	b.stack_ends[2] = stacks + n;
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	failed = give_birth(&b);
	if (failed)
		(void)err_sys(e, "make namespaces for the step");
	j->pidfd = b.pidfd;
	if (x->dumpable == 1)
		(void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	(void)munmap(stacks, n);
	return failed;
}

/* The child left out what isn't safe there: the words for its errno. */
static int child_failed(const struct sandbox_child *c, struct run_result *out,
			struct err *e)
{
	out->exit_code = c->exit_code;
	*e = c->failure;
	if (c->failure.code == ERR_NOT_FOUND)
		return err_set(e, ERR_NOT_FOUND,
			       "%s: no such program in the image",
			       c->failure.msg);
	if (c->failure.sys == 0)
		return err_set(e, c->failure.code, "%s", c->failure.msg);
	errno = c->failure.sys;
	(void)err_sys(e, "%s", c->failure.msg);
	e->code = c->failure.code;
	return -1;
}

/* --- output ------------------------------------------------------------- */

struct watch {
	const struct run_spec *spec;
	struct terminal terminal;
	const struct job *job;
	char *bytes;	      /* OUTPUT_BYTES */
	struct pollfd fds[6]; /* by WATCH_* */
	bool cancelled;
};

enum {
	WATCH_OUT,
	WATCH_ERR,
	WATCH_CANCEL,
	WATCH_PID,
	WATCH_KEYS,	/* the user's terminal, and … */
	WATCH_TERMINAL, /* … the command's */
	WATCH_N,
};

static void forward(struct watch *w, int which)
{
	struct pollfd *p = &w->fds[which];
	ssize_t n = read(p->fd, w->bytes, OUTPUT_BYTES);

	if (n > 0 && w->spec->output)
		w->spec->output(w->spec->output_ctx,
				which == WATCH_OUT ? RUN_STDOUT : RUN_STDERR,
				w->bytes, (size_t)n);
	if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
		p->fd = -1;
}

static void cancel(struct watch *w)
{
	/* its namespace dies with it, down to the last process */
	(void)syscall(SYS_pidfd_send_signal, w->job->pidfd, SIGKILL, NULL, 0);
	w->cancelled = true;
	w->fds[WATCH_CANCEL].fd = -1;
}

static void pass_on(struct watch *w)
{
	if (w->fds[WATCH_KEYS].revents && !terminal_pass_keys(&w->terminal))
		w->fds[WATCH_KEYS].fd = -1;
	if (w->fds[WATCH_TERMINAL].revents &&
	    !terminal_pass_output(&w->terminal))
		w->fds[WATCH_TERMINAL].fd = -1;
	terminal_follow_size(&w->terminal);
}

/*
 * Until both pipes are at their end and the command is gone. A namespace ends
 * with its PID 1, and that is reaped last, so nobody writes after that.
 */
static int watch(struct watch *w, struct err *e)
{
	int i;

	const bool joined = w->terminal.fd >= 0;

	while (w->fds[WATCH_OUT].fd >= 0 || w->fds[WATCH_ERR].fd >= 0 ||
	       w->fds[WATCH_PID].fd >= 0 || w->fds[WATCH_TERMINAL].fd >= 0) {
		if (poll(w->fds, WATCH_N, joined ? TERMINAL_SIZE_MS : -1) < 0) {
			if (errno == EINTR)
				continue;
			return err_sys(e, "wait for the command");
		}
		for (i = WATCH_OUT; i <= WATCH_ERR; i++)
			if (w->fds[i].revents)
				forward(w, i);
		if (joined)
			pass_on(w);
		if (w->fds[WATCH_CANCEL].revents)
			cancel(w);
		if (w->fds[WATCH_PID].revents)
			w->fds[WATCH_PID].fd = -1;
	}
	return 0;
}

static int reap(const struct job *j, struct run_result *out, struct err *e)
{
	siginfo_t info;

	if (job_wait(j, &info) < 0)
		return err_sys(e, "wait for the command");
	if (info.si_code == CLD_EXITED) {
		out->exit_code = info.si_status;
	} else {
		out->signal = info.si_status;
		out->exit_code = 128 + out->signal;
	}
	return 0;
}

/* The command's terminal came through the socket, where it asked for one. */
static int join_terminal(struct watch *w, const struct pipes *pipes,
			 struct err *e)
{
	int fd;

	if (!w->spec->terminal)
		return 0;
	fd = terminal_receive(pipes->terminal[0]);
	if (fd < 0)
		return err_set(e, ERR_FAILED, "the step made no terminal");
	if (terminal_join(&w->terminal, w->spec->terminal, fd, e) < 0)
		return -1;
	w->fds[WATCH_KEYS].fd = w->spec->terminal->in_fd;
	w->fds[WATCH_TERMINAL].fd = fd;
	return 0;
}

static int watch_job(struct job *j, const struct run_spec *spec,
		     const struct pipes *pipes, struct run_result *out,
		     struct err *e)
{
	int failed;

	SCOPED_PTR char *bytes = xmalloc(OUTPUT_BYTES);
	struct watch w = {
		.spec = spec,
		.job = j,
		.bytes = bytes,
		.terminal = TERMINAL_NONE,
		.fds =
			{
				{.fd = pipes->out[0], .events = POLLIN},
				{.fd = pipes->err[0], .events = POLLIN},
				{.fd = spec->cancel_fd, .events = POLLIN},
				{.fd = j->pidfd, .events = POLLIN},
				{.fd = -1, .events = POLLIN},
				{.fd = -1, .events = POLLIN},
			},
	};

	failed = join_terminal(&w, pipes, e) < 0 || watch(&w, e) < 0 ||
		 reap(j, out, e) < 0;
	terminal_release(&w.terminal);
	if (failed)
		return -1;
	if (w.cancelled)
		return err_set(e, ERR_CANCELLED, "the step was cancelled");
	return 0;
}

/* --- run ---------------------------------------------------------------- */

/*
 * What limits the step's devices. With version 2 a process that is in another
 * group for its limits can't be in ours: then that one must do it.
 */
static enum sandbox_devices choose_devices(struct sandbox_executor *x,
					   const struct run_spec *spec)
{
	if (x->facts.tier != TIER_ROOT || spec->insecure)
		return SANDBOX_DEVICES_BOUND;
	if (spec->cgroup_alone)
		return devices_limit_group(spec->cgroup_alone)
			       ? SANDBOX_DEVICES_LIMITED
			       : SANDBOX_DEVICES_BOUND;
	if (!x->devices_tried)
		(void)devices_group_make(&x->devices);
	x->devices_tried = true;
	return x->devices.path ? SANDBOX_DEVICES_GROUP : SANDBOX_DEVICES_BOUND;
}

static int start(struct sandbox_executor *x, const struct run_spec *spec,
		 struct sandbox_facts *facts, struct err *e)
{
	int failed;

	(void)pthread_mutex_lock(&x->lock);
	failed = sandbox_guard_start(&x->guard, e);
	*facts = x->facts;
	if (!failed)
		facts->devices = choose_devices(x, spec);
	(void)pthread_mutex_unlock(&x->lock);
	return failed;
}

static int run_child(const struct sandbox_executor *x, struct sandbox_child *c,
		     struct sandbox_prepared *prepared, struct run_result *out,
		     struct err *e)
{
	SCOPED(pipes_close) struct pipes pipes = {{-1, -1}, {-1, -1}, {-1, -1}};
	SCOPED(job_release) struct job job = {.pidfd = -1};

	if (pipe2(pipes.out, O_CLOEXEC) < 0 || pipe2(pipes.err, O_CLOEXEC) < 0)
		return err_sys(e, "make pipes for the output");
	if (c->plan->spec->terminal &&
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pipes.terminal) <
		    0)
		return err_sys(e, "make a socket for the terminal");
	c->terminal_fd = pipes.terminal[1];
	c->stdout_fd = pipes.out[1];
	c->stderr_fd = pipes.err[1];
	c->parent_fds[0] = pipes.out[0];
	c->parent_fds[1] = pipes.err[0];
	if (spawn(x, c, &job, e) < 0)
		return -1;
	/* or the overlay would outlive the command */
	sandbox_prepared_release(prepared);
	scoped_close(&pipes.out[1]);
	scoped_close(&pipes.err[1]);
	scoped_close(&pipes.terminal[1]);
	pipes.out[1] = pipes.err[1] = pipes.terminal[1] = -1;
	if (c->failure.code != ERR_NONE)
		return child_failed(c, out, e);
	return watch_job(&job, c->plan->spec, &pipes, out, e);
}

static int sandbox_run(struct executor *executor, const struct run_spec *spec,
		       struct run_result *out, struct err *e)
{
	struct sandbox_executor *x = (struct sandbox_executor *)executor;
	SCOPED_PREPARED struct sandbox_prepared prepared = {.root_fd = -1};
	SCOPED_ARENA struct arena a = {0};
	SCOPED_PTR struct sandbox_created *created = NULL;
	SCOPED_PTR struct sandbox_mounted *mounts = NULL;
	SCOPED_FD int stubs_fd = -1;
	struct sandbox_facts facts;
	struct sandbox_plan plan;
	struct sandbox_child child;
	int failed;

	*out = (struct run_result){0};
	if (start(x, spec, &facts, e) < 0)
		return -1;
	if (facts.tier == TIER_USERNS && check_ids(x, spec, e) < 0)
		return -1;
	if (sandbox_compile(&a, spec, &facts, &plan, e) < 0)
		return -1;
	stubs_fd = sandbox_stubs_open(x, &plan, e);
	if (stubs_fd < 0 ||
	    sandbox_prepare(&prepared, &a, &plan, stubs_fd, e) < 0)
		return -1;
	created = xcalloc(SANDBOX_CREATED_MAX, sizeof(*created));
	mounts = xcalloc(SANDBOX_MOUNTS_MAX, sizeof(*mounts));
	child = (struct sandbox_child){
		.plan = &plan,
		.source_fds = prepared.source_fds,
		.root_fd = prepared.root_fd,
		.layer_paths = prepared.by_path ? &prepared.paths : NULL,
		.created = created,
		.devices_fd = x->devices.enter_fd,
		.mounts = mounts,
		.place_fds = {-1, -1, -1, -1, -1},
		.old_root_fd = -1,
		.null_fd = -1,
		.mask_fd = -1,
	};
	failed = run_child(x, &child, &prepared, out, e);
	sandbox_clean_upper(&plan, created, child.n_created);
	return failed;
}

static void use_folder(struct executor *executor, int folder_fd)
{
	struct sandbox_executor *x = (struct sandbox_executor *)executor;

	x->folder_fd = folder_fd;
}

int sandbox_executor_init(struct sandbox_executor *x, enum tier tier,
			  struct err *e)
{
	*x = (struct sandbox_executor){
		.executor = {sandbox_run, use_folder},
		.facts.tier = tier,
		.facts.all_capabilities = capabilities_available(),
		.dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0),
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.guard = SANDBOX_GUARD_INIT,
		.devices = DEVICES_GROUP_INIT,
		.folder_fd = -1,
	};
	if (tier == TIER_ROOT) {
		if (read_id_map("/proc/self/uid_map", &x->uids, e) < 0)
			return -1;
		/* root of a namespace only: no device nodes, no sysfs */
		if (x->uids.n_ranges != 1 || x->uids.ranges[0].n != UINT32_MAX)
			x->facts.tier = TIER_USERNS;
	}
	return 0;
}

void sandbox_executor_release(struct sandbox_executor *x)
{
	sandbox_stubs_release(x);
	sandbox_guard_release(&x->guard);
	devices_group_release(&x->devices);
	(void)pthread_mutex_destroy(&x->lock);
}
