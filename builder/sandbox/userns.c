/*
 * Entering a user namespace in place. The maps must be written from outside by
 * newuidmap and newgidmap, so a helper is forked while we are still outside; it
 * waits for a byte, runs both on us, and sends back its error, if any.
 */
#include "builder/sandbox/userns.h"

#include "base/io.h"
#include "base/subprocess.h"
#include "builder/sandbox/userns_subid.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SUBID_FILE_MAX = 4 * 1024 * 1024, OUTPUT_MAX = 4096 };

const char *tier_name(enum tier tier)
{
	switch (tier) {
	case TIER_ROOT: return "root";
	case TIER_USERNS: return "rootless";
	case TIER_CHROOT: return "chroot";
	}
	return "";
}

static bool has_sys_admin(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2] = {{0}};

	return syscall(SYS_capget, &header, data) == 0 &&
	       data[0].effective & 1U << CAP_SYS_ADMIN;
}

enum tier tier_probe(void)
{
	if (geteuid() != 0)
		return TIER_USERNS;
	return has_sys_admin() ? TIER_ROOT : TIER_CHROOT;
}

/* --- what is to be mapped ------------------------------------------------ */

struct subordinates {
	const char *file;    /* /etc/subuid */
	const char *program; /* newuidmap */
	uint32_t own;	     /* what becomes 0 inside */
	struct subid_ranges ranges;
};

static int read_ranges(struct subordinates *s, const char *user, struct err *e)
{
	SCOPED_BUF struct buf text = BUF_INIT(SUBID_FILE_MAX);

	if (io_read_file(AT_FDCWD, s->file, &text, e) < 0 ||
	    buf_check(&text, s->file, e) < 0)
		return -1;
	subid_parse(buf_str(&text), str_from(user), getuid(), &s->ranges);
	if (s->ranges.n)
		return 0;
	return err_set(e, ERR_UNSUPPORTED,
		       "user '%s' has no range in %s; as root: usermod "
		       "--add-subuids 100000-165535 --add-subgids "
		       "100000-165535 %s",
		       user, s->file, user);
}

static int read_subordinates(struct subordinates s[2], struct err *e)
{
	const struct passwd *pw = getpwuid(getuid());
	char number[16];
	const char *user = number;

	(void)snprintf(number, sizeof(number), "%u", getuid());
	if (pw)
		user = pw->pw_name;
	s[0] = (struct subordinates){
		"/etc/subuid", "newuidmap", getuid(), {.n = 0}};
	s[1] = (struct subordinates){
		"/etc/subgid", "newgidmap", getgid(), {.n = 0}};
	if (read_ranges(&s[0], user, e) < 0)
		return -1;
	return read_ranges(&s[1], user, e);
}

/* --- the helper ---------------------------------------------------------- */

enum { ARGS_MAX = 3 + 3 * (1 + SUBID_RANGES_MAX), NUMBER_MAX = 12 };

static int run_mapper(const struct subordinates *s, pid_t pid, struct err *e)
{
	SCOPED_BUF struct buf output = BUF_INIT(OUTPUT_MAX);
	char numbers[ARGS_MAX][NUMBER_MAX];
	const char *argv[ARGS_MAX];
	uint32_t inside = 1;
	size_t n = 0;
	int status;
	size_t i;

#define NUMBER(value)                                               \
	(snprintf(numbers[n], NUMBER_MAX, "%u", (unsigned)(value)), \
	 argv[n] = numbers[n], n++)
	argv[n++] = s->program;
	NUMBER(pid);
	NUMBER(0);
	NUMBER(s->own);
	NUMBER(1);
	for (i = 0; i < s->ranges.n; i++) {
		NUMBER(inside);
		NUMBER(s->ranges.v[i].first);
		NUMBER(s->ranges.v[i].n);
		inside += s->ranges.v[i].n;
	}
#undef NUMBER
	argv[n] = NULL;
	if (subprocess_run(argv, &output, &status, e) < 0) {
		if (e->code != ERR_NOT_FOUND)
			return -1;
		return err_set(e, ERR_UNSUPPORTED,
			       "%s is not installed; install the package "
			       "'uidmap' (shadow-utils elsewhere), or build as "
			       "root",
			       s->program);
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return err_set(e, ERR_UNSUPPORTED, "%s refused the range of %s: %.*s",
		       s->program, s->file,
		       STR_ARG(str_trim(buf_str(&output))));
}

/* In the helper: wait for the go-ahead, map, and send the error if any. */
static void help(int socket_fd, const struct subordinates s[2], pid_t pid)
{
	struct err e = {.code = ERR_NONE};
	char go;

	if (read(socket_fd, &go, 1) != 1)
		_exit(0); /* there is no namespace */
	if (run_mapper(&s[0], pid, &e) == 0)
		(void)run_mapper(&s[1], pid, &e);
	_exit(write(socket_fd, &e, sizeof(e)) != sizeof(e));
}

/* --- errors that say what to do ------------------------------------------- */

static bool is_setting(const char *path, char value)
{
	SCOPED_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[2] = "";

	return fd >= 0 && read(fd, text, 2) > 0 && text[0] == value &&
	       (text[1] == '\n' || text[1] == '\0');
}

static const struct obstacle {
	const char *path;
	char value;
	const char *remedy;
} obstacles[] = {
	{"/proc/sys/kernel/unprivileged_userns_clone", '0',
	 "sysctl kernel.unprivileged_userns_clone=1"},
	{"/proc/sys/user/max_user_namespaces", '0',
	 "sysctl user.max_user_namespaces=15000"},
	{"/proc/sys/kernel/apparmor_restrict_unprivileged_userns", '1',
	 "sysctl kernel.apparmor_restrict_unprivileged_userns=0"},
};

static int explain(struct err *e)
{
	int sys = errno;
	size_t i;

	for (i = 0; i < ARRAY_LEN(obstacles); i++)
		if (is_setting(obstacles[i].path, obstacles[i].value))
			return err_set(e, ERR_UNSUPPORTED,
				       "this machine forbids user namespaces "
				       "to ordinary users; as root: %s (or "
				       "build as root)",
				       obstacles[i].remedy);
	errno = sys;
	(void)err_sys(e, "make a user namespace (inside a container it may be "
			 "forbidden by seccomp; build as root there)");
	e->code = ERR_UNSUPPORTED;
	return -1;
}

/* --- entering --------------------------------------------------------------
 */

static int be_mapped(int socket_fd, struct err *e)
{
	struct err answer;
	size_t got;

	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return explain(e);
	if (io_write_all(socket_fd, "g", 1, "the id mapper", e) < 0 ||
	    io_read_full(socket_fd, &answer, sizeof(answer), &got,
			 "the id mapper", e) < 0)
		return -1;
	if (got != sizeof(answer))
		return err_set(e, ERR_FAILED, "the id mapper died");
	if (answer.code != ERR_NONE) {
		*e = answer;
		return -1;
	}
	if (!has_sys_admin()) { /* AppArmor gives a namespace without rights */
		errno = EPERM;
		return explain(e);
	}
	return 0;
}

static int enter(struct err *e)
{
	struct subordinates s[2];
	int sockets[2];
	int failed;
	pid_t us = getpid();
	pid_t helper;

	if (read_subordinates(s, e) < 0)
		return -1;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) < 0)
		return err_sys(e, "make a socket pair");
	helper = fork();
	if (helper == 0) {
		(void)close(sockets[0]);
		help(sockets[1], s, us);
	}
	(void)close(sockets[1]);
	if (helper < 0)
		failed = err_sys(e, "fork");
	else
		failed = be_mapped(sockets[0], e);
	(void)close(sockets[0]);
	if (helper > 0)
		(void)process_wait(helper, NULL);
	return failed;
}

int userns_enter(enum tier tier, struct err *e)
{
	static bool entered;

	if (tier != TIER_USERNS || entered)
		return 0;
	if (enter(e) < 0)
		return err_wrap(e, "rootless build");
	entered = true;
	return 0;
}
