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
#include "base/startup.h"
#include "base/subprocess.h"
#include "builder/sandbox/capabilities.h"
#include "builder/sandbox/running.h"
#include "builder/sandbox/sandbox_prepare.h"
#include "builder/sandbox/sandbox_stubs.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	SMALL_STACK_BYTES = 16 * 1024,
	STACK_BYTES = 128 * 1024, /* the deepest walk holds six paths */
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
		 struct running *r, struct err *e)
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
	r->pidfd = b.pidfd;
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

static unsigned count_throttles(void)
{
	char path[80];
	unsigned n = 0;

	for (unsigned cpu = 0;; cpu++) {
		(void)snprintf(path, sizeof(path),
			       "/sys/devices/system/cpu/cpu%u", cpu);
		if (access(path, F_OK) < 0)
			return n;
		(void)strcat(path, "/thermal_throttle");
		if (access(path, F_OK) == 0)
			n = cpu + 1;
	}
}

/* What is asked of the machine once, and not by those who run nothing. */
static void learn(struct sandbox_executor *x)
{
	if (x->learned)
		return;
	x->facts.n_throttles = count_throttles();
	x->learned = true;
}

static int start(struct sandbox_executor *x, const struct run_spec *spec,
		 struct sandbox_facts *facts, struct err *e)
{
	int failed;

	(void)pthread_mutex_lock(&x->lock);
	failed = sandbox_guard_start(&x->guard, e);
	learn(x);
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
	SCOPED(run_pipes_close) struct run_pipes pipes = RUN_PIPES_NONE;
	SCOPED(running_release) struct running running = RUNNING_NONE;

	if (run_pipes_open(&pipes, c->plan->spec, e) < 0)
		return -1;
	c->terminal_fd = pipes.terminal[1];
	c->stdout_fd = pipes.out[1];
	c->stderr_fd = pipes.err[1];
	c->parent_fds[0] = pipes.out[0];
	c->parent_fds[1] = pipes.err[0];
	if (spawn(x, c, &running, e) < 0)
		return -1;
	/* or the overlay would outlive the command */
	sandbox_prepared_release(prepared);
	run_pipes_close_far(&pipes);
	if (c->failure.code != ERR_NONE)
		return child_failed(c, out, e);
	return running_watch(&running, c->plan->spec, &pipes, out, e);
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

static void add_limit(struct sandbox_facts *facts, int resource)
{
	struct rlimit old;

	if (startup_limit(resource, &old))
		facts->limits[facts->n_limits++] = (struct run_limit){
			resource, old.rlim_cur, old.rlim_max};
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
	add_limit(&x->facts, RLIMIT_NOFILE);
	add_limit(&x->facts, RLIMIT_CORE);
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
