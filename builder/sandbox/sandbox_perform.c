#include "builder/sandbox/sandbox_perform.h"

#include "base/path.h"
#include "builder/sandbox/capabilities.h"
#include "builder/sandbox/seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/keyctl.h>
#include <linux/mount.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static void add_text(char *msg, const char *s)
{
	size_t have = strlen(msg);
	size_t n = strlen(s);

	if (n > ERR_MSG_MAX - 1 - have)
		n = ERR_MSG_MAX - 1 - have;
	memcpy(msg + have, s, n);
	msg[have + n] = '\0';
}

void sandbox_exit(int code)
{
	(void)syscall(SYS_exit_group, code);
}

int sandbox_fail(struct sandbox_child *c, const char *what, const char *object)
{
	c->failure.code = ERR_SYS;
	c->failure.sys = errno;
	c->failure.msg[0] = '\0';
	add_text(c->failure.msg, what);
	if (object) {
		add_text(c->failure.msg, " ");
		add_text(c->failure.msg, object);
	}
	return -1;
}

int sandbox_refuse(struct sandbox_child *c, const char *object, const char *why)
{
	(void)sandbox_fail(c, object, why);
	c->failure.code = ERR_INVALID;
	c->failure.sys = 0;
	return -1;
}

/* --- namespaces --------------------------------------------------------- */

static int do_loopback(struct sandbox_child *c)
{
	struct ifreq request = {.ifr_name = "lo"};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return sandbox_fail(c, "open a socket for lo", NULL);
	request.ifr_flags = IFF_UP | IFF_RUNNING;
	if (ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		return sandbox_fail(c, "set lo up", NULL);
	(void)close(fd);
	return 0;
}

/*
 * Nobody's keys of the machine: those of the session go with it, and what
 * belongs to the user is found by way of it. A kernel without keys has none;
 * and a filter around us that refuses the call refuses it to the command, too.
 */
static int do_keyring(struct sandbox_child *c)
{
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 &&
	    errno != ENOSYS && errno != EPERM)
		return sandbox_fail(c, "make a keyring", NULL);
	return 0;
}

/* As linux/landlock.h has it from 6.12 on. */
struct scope {
	uint64_t handled_access_fs;
	uint64_t handled_access_net;
	uint64_t scoped;
};

enum { SCOPE_ABSTRACT_UNIX_SOCKET = 1 };

/*
 * Sockets without a path belong to the network namespace, which by default is
 * the machine's, and have no owner who could refuse: services of the machine
 * listen on some. Where the kernel has no such scope the step goes without.
 */
static int do_scope(struct sandbox_child *c)
{
	const struct scope scope = {.scoped = SCOPE_ABSTRACT_UNIX_SOCKET};
	int rules = (int)syscall(SYS_landlock_create_ruleset, &scope,
				 sizeof(scope), 0);

	if (rules < 0)
		return 0;
	if (syscall(SYS_landlock_restrict_self, rules, 0) < 0)
		return sandbox_fail(c, "scope sockets", NULL);
	(void)close(rules);
	return 0;
}

/* --- the process -------------------------------------------------------- */

static int do_cwd(struct sandbox_child *c, const struct sandbox_op *op)
{
	int fd = sandbox_open_cwd(c, op);

	if (fd < 0 || fchdir(fd) < 0)
		return sandbox_fail(c, "enter the working directory",
				    op->target);
	(void)close(fd);
	return 0;
}

/*
 * Whatever the tier made of it, it must be the null device: what hides files is
 * cloned from it, too.
 */
static int do_stdin(struct sandbox_child *c, const struct sandbox_op *op)
{
	struct stat st;

	c->null_fd = openat(c->place_fds[op->in], sandbox_name_in_place(op),
			    O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);
	if (c->null_fd < 0 || fstat(c->null_fd, &st) < 0 ||
	    dup2(c->null_fd, STDIN_FILENO) < 0)
		return sandbox_fail(c, "open", op->target);
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
		return sandbox_refuse(c, op->target, "is not the null device");
	return 0;
}

/* Owned by the user, so that opening /dev/stdout works (runc does it too). */
static int do_output(struct sandbox_child *c)
{
	const struct run_spec *spec = c->plan->spec;

	if (fchown(c->stdout_fd, spec->uid, spec->gid) < 0 ||
	    fchown(c->stderr_fd, spec->uid, spec->gid) < 0)
		return sandbox_fail(c, "give the output to the user", NULL);
	if (dup2(c->stdout_fd, STDOUT_FILENO) < 0 ||
	    dup2(c->stderr_fd, STDERR_FILENO) < 0)
		return sandbox_fail(c, "set the output", NULL);
	return 0;
}

/* Hand a descriptor over to the parent. */
static int send_fd(int socket_fd, int fd)
{
	char byte = 0;
	struct iovec data = {&byte, 1};
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {.bytes = {0}};
	struct msghdr message = {.msg_iov = &data,
				 .msg_iovlen = 1,
				 .msg_control = control.bytes,
				 .msg_controllen = sizeof(control.bytes)};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	return sendmsg(socket_fd, &message, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

/* Of the step's own devpts, so that it has a name there. */
static int do_terminal(struct sandbox_child *c, const struct sandbox_op *op)
{
	const struct run_spec *spec = c->plan->spec;
	int master = openat(c->place_fds[op->in], sandbox_name_in_place(op),
			    O_RDWR | O_NOCTTY | O_CLOEXEC | O_NOFOLLOW);
	int locked = 0;
	int fd;

	if (master < 0 || ioctl(master, TIOCSPTLCK, &locked) < 0)
		return sandbox_fail(c, "make a terminal", NULL);
	fd = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 || fchown(fd, spec->uid, (gid_t)-1) < 0)
		return sandbox_fail(c, "open the terminal", NULL);
	if (send_fd(c->terminal_fd, master) < 0)
		return sandbox_fail(c, "hand the terminal over", NULL);
	if (ioctl(fd, TIOCSCTTY, 0) < 0 || dup2(fd, STDIN_FILENO) < 0 ||
	    dup2(fd, STDOUT_FILENO) < 0 || dup2(fd, STDERR_FILENO) < 0)
		return sandbox_fail(c, "use the terminal", NULL);
	return 0;
}

static int do_limit(struct sandbox_child *c, const struct sandbox_op *op)
{
	struct rlimit limit = {.rlim_cur = op->first, .rlim_max = op->second};

	if (setrlimit((__rlimit_resource_t)op->number, &limit) < 0)
		return sandbox_fail(c, "set a resource limit", NULL);
	return 0;
}

/*
 * System calls, not libc's functions: those would change every thread of the
 * process that they think they are in.
 */
static int do_ids(struct sandbox_child *c)
{
	const struct run_spec *spec = c->plan->spec;

	if (c->plan->spec->insecure && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return sandbox_fail(c, "keep capabilities", NULL);
	if (syscall(SYS_setgroups, spec->n_groups, spec->groups) < 0)
		return sandbox_fail(c, "set the groups of the user", NULL);
	if (syscall(SYS_setresgid, spec->gid, spec->gid, spec->gid) < 0)
		return sandbox_fail(c, "set the group of the user", NULL);
	if (syscall(SYS_setresuid, spec->uid, spec->uid, spec->uid) < 0)
		return sandbox_fail(c, "set the user", NULL);
	return 0;
}

static int do_caps(struct sandbox_child *c, const struct sandbox_op *op)
{
	if (capabilities_set(op->first, op->second) < 0 ||
	    (op->second && capabilities_raise_ambient(op->first) < 0))
		return sandbox_fail(c, "set capabilities", NULL);
	return 0;
}

/*
 * Twice, since changing ids clears the death signal. Where the parent died
 * before, nobody would send it any more. getppid can't tell, a parent outside
 * this pid namespace is always 0; but its end of our pipe is closed then.
 */
static int die_with_parent(struct sandbox_child *c)
{
	struct pollfd output = {.fd = c->stdout_fd, .events = POLLOUT};

	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return sandbox_fail(c, "set the death signal", NULL);
	if (poll(&output, 1, 0) > 0 && output.revents & POLLERR)
		sandbox_exit(128 + SIGKILL);
	return 0;
}

static void default_signals(void)
{
	struct sigaction action = {.sa_handler = SIG_DFL};
	sigset_t none;
	int i;

	for (i = 1; i < NSIG; i++)
		if (i != SIGKILL && i != SIGSTOP)
			(void)sigaction(i, &action, NULL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* The file is there but exec says there is none: its interpreter is missing. */
static int not_executed(struct sandbox_child *c, const char *program)
{
	int sys = errno;

	c->exit_code = 126;
	if (sys == ENOENT) {
		c->exit_code = 127;
		errno = sys;
		(void)sandbox_fail(c, "the interpreter (#! line or loader) of",
				   program);
	} else {
		(void)sandbox_fail(c, "execute", program);
	}
	c->failure.code = sys == ENOENT ? ERR_NOT_FOUND : ERR_FAILED;
	return -1;
}

static int do_exec(struct sandbox_child *c)
{
	const struct run_spec *spec = c->plan->spec;
	const char *const *programs = c->plan->programs;
	const char *refused = NULL;
	int refusal = 0;
	size_t i;

	(void)umask(022);
	(void)syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC);
	if (die_with_parent(c) < 0)
		return -1;
	default_signals();
	for (i = 0; programs[i]; i++) {
		if (!sandbox_is_of_step(c, programs[i])) {
			c->exit_code = 126;
			return sandbox_refuse(c, programs[i],
					      "is not a program of the image");
		}
		(void)execve(programs[i], (char *const *)(void *)spec->argv,
			     (char *const *)(void *)spec->env);
		if (errno == ENOTDIR ||
		    (errno == ENOENT && access(programs[i], F_OK) < 0))
			continue;
		refusal = errno;
		refused = programs[i];
		if (errno != EACCES)
			break;
	}
	if (refused) {
		errno = refusal;
		return not_executed(c, refused);
	}
	errno = ENOENT;
	(void)sandbox_fail(c, spec->argv[0], NULL);
	c->failure.code = ERR_NOT_FOUND;
	c->exit_code = 127;
	return -1;
}

static int enter_group(struct sandbox_child *c, int fd)
{
	if (write(fd, "0", 1) != 1)
		return sandbox_fail(c, "enter the control group", NULL);
	return 0;
}

static int perform(struct sandbox_child *c, const struct sandbox_op *op)
{
	switch (op->kind) {
	case SANDBOX_CGROUP:
		return enter_group(c, c->plan->spec->cgroup_fds[op->number]);
	case SANDBOX_DEVICES: return enter_group(c, c->devices_fd);
	case SANDBOX_CGROUP_TOP:
		if (unshare(CLONE_NEWCGROUP) < 0)
			return sandbox_fail(c, "make a cgroup namespace", NULL);
		return 0;
	case SANDBOX_SESSION:
		(void)setsid(); /* fails only for a leader */
		return 0;
	case SANDBOX_KEYRING: return do_keyring(c);
	case SANDBOX_SCOPE: return do_scope(c);
	case SANDBOX_HOSTNAME:
		if (sethostname(op->target, strlen(op->target)) < 0)
			return sandbox_fail(c, "set the host name", op->target);
		return 0;
	case SANDBOX_LOOPBACK: return do_loopback(c);
	case SANDBOX_PRIVATE:
		if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
			return sandbox_fail(c, "make mounts private", NULL);
		return 0;
	case SANDBOX_ROOT: return sandbox_enter_root(c, op);
	case SANDBOX_MOUNT: return sandbox_do_mount(c, op);
	case SANDBOX_BIND: return sandbox_do_bind(c, op);
	case SANDBOX_DEVICE: return sandbox_do_device(c, op);
	case SANDBOX_SYMLINK: return sandbox_do_symlink(c, op);
	case SANDBOX_READONLY: return sandbox_do_readonly(c, op);
	case SANDBOX_MASK: return sandbox_do_mask(c, op);
	case SANDBOX_OLD_ROOT: return sandbox_leave_old_root(c);
	case SANDBOX_CWD: return do_cwd(c, op);
	case SANDBOX_STDIN: return do_stdin(c, op);
	case SANDBOX_OUTPUT: return do_output(c);
	case SANDBOX_TERMINAL: return do_terminal(c, op);
	case SANDBOX_DESCRIPTORS: return sandbox_close_descriptors(c);
	case SANDBOX_PROVE: return sandbox_prove(c);
	case SANDBOX_LIMIT: return do_limit(c, op);
	case SANDBOX_SECCOMP:
		if (seccomp_install_default() < 0)
			return sandbox_fail(c, "install the seccomp filter",
					    NULL);
		return 0;
	case SANDBOX_BOUNDING:
		if (capabilities_limit_bounding(op->first) < 0)
			return sandbox_fail(c, "limit capabilities", NULL);
		return 0;
	case SANDBOX_IDS: return do_ids(c);
	case SANDBOX_CAPS: return do_caps(c, op);
	case SANDBOX_EXEC: return do_exec(c);
	}
	return 0;
}

void sandbox_perform(struct sandbox_child *c)
{
	size_t i;

	(void)close(c->parent_fds[0]);
	(void)close(c->parent_fds[1]);
	(void)umask(0);
	if (die_with_parent(c) < 0)
		return;
	for (i = 0; i < c->plan->n_ops; i++)
		if (perform(c, &c->plan->ops[i]) < 0)
			return;
}
