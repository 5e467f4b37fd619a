/*
 * Runs a command and lets one system call of one program in it fail.
 *
 *   faults count -p PROGRAM -o REPORT COMMAND...
 *   faults inject -p PROGRAM -o REPORT -t SECONDS CALL N ERROR COMMAND...
 *
 * Only calls of processes and threads that execute PROGRAM count, so neither
 * what a RUN executes nor a helper does. `count` writes a line for each call:
 *
 *   CALL N SITE       the N-th of this name (from 1), and where it came from
 *
 * SITE is up to six addresses in PROGRAM, innermost first, as addr2line
 * takes them; they are what looks like return addresses on the stack, so deeper
 * ones may be stale. `inject` does not carry out the N-th CALL (with N+: nor
 * any later one) and gives ERROR instead; ERROR is a name as ENOSPC, or KILL,
 * which ends the process that calls. It writes:
 *
 *   hit SITE ARGUMENT   the fault happened (ARGUMENT: the call's first)
 *   exit CODE           what became of the command, or
 *   signal NUMBER       ..., or
 *   hang                it took longer than SECONDS and was killed
 *   left NAME           a process that outlived the command by a second
 *
 * The kernel stops the calling thread and asks (seccomp's user notification,
 * Linux 5.19), so the rest runs at full speed, and a call that is inspected
 * costs some microseconds. No privilege is dropped for that: run it as root.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	CALLS_MAX = 1024,    /* numbers of system calls lie below */
	SITE_DEPTH = 6,	     /* addresses of a call's site */
	CALL_BYTES = 7,	     /* the longest instruction of a call */
	STACK_BYTES = 16384, /* looked at for them */
	KILL = -1,	     /* in place of an errno */
	ORPHANS_MS = 1000,   /* what a dead command's processes may take */
};

/* These can't fail, or their failure is not one of a machine. */
static const int never_failing[] = {
	SYS_exit,
	SYS_exit_group,
	SYS_rt_sigreturn,
	SYS_getpid,
	SYS_gettid,
	SYS_getuid,
	SYS_geteuid,
	SYS_getgid,
	SYS_getegid,
	SYS_getppid,
	SYS_umask,
	SYS_clock_gettime,
	SYS_gettimeofday,
	SYS_futex,
	SYS_sched_yield,
	SYS_rt_sigaction,
	SYS_rt_sigprocmask,
	SYS_restart_syscall,
	SYS_set_robust_list,
	SYS_rseq,
	SYS_set_tid_address,
	SYS_arch_prctl,
};

struct supervisor {
	const char *program;
	struct stat program_st;
	FILE *report;
	int call; /* -1: count all */
	unsigned n;
	bool onwards; /* and all later ones */
	int error;
	unsigned timeout_s;
	unsigned counts[CALLS_MAX];
	int listener;
	uint64_t text_from, text_to, text_base; /* of PROGRAM, once known */
	bool hit;
};

static void die(const char *what)
{
	fprintf(stderr, "faults: %s: %s\n", what, strerror(errno));
	exit(125);
}

static void usage(void)
{
	fputs("usage: faults count -p PROGRAM -o REPORT COMMAND...\n"
	      "       faults inject -p PROGRAM -o REPORT [-t SECONDS] CALL "
	      "N[+] ERROR COMMAND...\n",
	      stderr);
	exit(125);
}

static int error_number(const char *name)
{
	static const struct {
		const char *name;
		int number;
	} errors[] = {
		{"KILL", KILL},	    {"ENOSPC", ENOSPC},
		{"EIO", EIO},	    {"EMFILE", EMFILE},
		{"ENOMEM", ENOMEM}, {"EPERM", EPERM},
		{"ENOSYS", ENOSYS}, {"EACCES", EACCES},
		{"EAGAIN", EAGAIN}, {"EINTR", EINTR},
		{"EDQUOT", EDQUOT}, {"EROFS", EROFS},
		{"EINVAL", EINVAL}, {"ENODEV", ENODEV},
		{"EXDEV", EXDEV},   {"EOPNOTSUPP", EOPNOTSUPP},
	};

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (strcmp(errors[i].name, name) == 0)
			return errors[i].number;
	fprintf(stderr, "faults: %s is no error that is known here\n", name);
	exit(125);
}

/* --- the filter --------------------------------------------------------- */

/* Ask for one call (the wanted one), or for all but those of a list. */
static int install_filter(int wanted)
{
	struct sock_filter program[CALLS_MAX];
	unsigned short n = 0;
	uint32_t others =
		wanted < 0 ? SECCOMP_RET_USER_NOTIF : SECCOMP_RET_ALLOW;
	uint32_t listed =
		wanted < 0 ? SECCOMP_RET_ALLOW : SECCOMP_RET_USER_NOTIF;
	const int *list = wanted < 0 ? never_failing : &wanted;
	size_t n_list = wanted < 0 ? sizeof(never_failing) / sizeof(int) : 1;
	struct sock_fprog filter = {.filter = program};

	program[n++] = (struct sock_filter)BPF_STMT(
		BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < n_list; i++) {
		program[n++] = (struct sock_filter)BPF_JUMP(
			BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)list[i], 0, 1);
		program[n++] =
			(struct sock_filter)BPF_STMT(BPF_RET | BPF_K, listed);
	}
	program[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, others);
	filter.len = n;
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
			    SECCOMP_FILTER_FLAG_NEW_LISTENER |
				    SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
			    &filter);
}

enum { NOT_YET = -1, TAKEN = -2 };

/*
 * The child can't send its descriptor, as sending is a call that is asked for;
 * it leaves the number in memory that both share, and turns round there until
 * it was taken: it is closed by exec.
 */
static int take_listener(pid_t child, volatile int *number)
{
	const struct timespec moment = {.tv_nsec = 50000};
	int pidfd = (int)syscall(SYS_pidfd_open, child, 0);
	int fd;

	if (pidfd < 0)
		die("pidfd_open");
	while (*number == NOT_YET)
		(void)nanosleep(&moment, NULL);
	if (*number < 0) {
		errno = -*number - 10;
		die("install a filter (as root, on Linux 5.19 or later)");
	}
	fd = (int)syscall(SYS_pidfd_getfd, pidfd, *number, 0);
	if (fd < 0)
		die("pidfd_getfd");
	(void)close(pidfd);
	*number = TAKEN;
	return fd;
}

static pid_t start(char **command, int call, int *listener)
{
	volatile int *number = mmap(NULL, sizeof(int), PROT_READ | PROT_WRITE,
				    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	if (number == MAP_FAILED)
		die("mmap");
	*number = NOT_YET;
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0) {
		int fd;

		(void)personality(ADDR_NO_RANDOMIZE);
		fd = install_filter(call);
		*number = fd < 0 ? -errno - 10 : fd;
		while (fd >= 0 && *number != TAKEN)
			;
		(void)execvp(command[0], command);
		_exit(127);
	}
	*listener = take_listener(pid, number);
	return pid;
}

/* --- where a call comes from -------------------------------------------- */

static bool is_program(const struct supervisor *s, uint32_t pid)
{
	char path[64];
	struct stat st;

	(void)snprintf(path, sizeof(path), "/proc/%u/exe", pid);
	return stat(path, &st) == 0 && st.st_dev == s->program_st.st_dev &&
	       st.st_ino == s->program_st.st_ino;
}

/* Addresses are not random here, so one process tells of all. */
static void find_text(struct supervisor *s, uint32_t pid)
{
	char line[4096];
	FILE *maps;

	(void)snprintf(line, sizeof(line), "/proc/%u/maps", pid);
	maps = fopen(line, "re");
	while (maps && fgets(line, sizeof(line), maps)) {
		unsigned long from, to, offset, inode;
		char mode[8];

		if (sscanf(line, "%lx-%lx %7s %lx %*s %lu", &from, &to, mode,
			   &offset, &inode) != 5 ||
		    inode != s->program_st.st_ino || mode[2] != 'x')
			continue;
		s->text_from = from;
		s->text_to = to;
		s->text_base = from - offset;
	}
	if (maps)
		(void)fclose(maps);
}

/* code: the bytes before an address. Does a call end there? */
static bool follows_call(const unsigned char code[CALL_BYTES])
{
	if (code[2] == 0xe8)
		return true;
	for (unsigned i = 0; i + 1 < CALL_BYTES; i++)
		if (code[i] == 0xff && (code[i + 1] & 0x38) == 0x10)
			return true;
	return false;
}

static size_t read_memory(uint32_t pid, uint64_t at, void *out, size_t n)
{
	struct iovec local = {out, n};
	struct iovec remote = {(void *)at, n};
	ssize_t got = process_vm_readv((pid_t)pid, &local, 1, &remote, 1, 0);

	return got < 0 ? 0 : (size_t)got;
}

/* A waiting thread's, from "NUMBER ARGUMENTS... SP PC". 0: can't be told */
static uint64_t stack_pointer(uint32_t pid)
{
	char text[512];
	unsigned long sp = 0;
	FILE *file;

	(void)snprintf(text, sizeof(text), "/proc/%u/syscall", pid);
	file = fopen(text, "re");
	if (!file)
		return 0;
	if (!fgets(text, sizeof(text), file) ||
	    sscanf(text, "%*s %*s %*s %*s %*s %*s %*s %lx", &sp) != 1)
		sp = 0;
	(void)fclose(file);
	return sp;
}

static bool is_return_address(const struct supervisor *s, uint32_t pid,
			      uint64_t at)
{
	unsigned char code[CALL_BYTES];

	return at >= s->text_from + CALL_BYTES && at < s->text_to &&
	       read_memory(pid, at - CALL_BYTES, code, CALL_BYTES) ==
		       CALL_BYTES &&
	       follows_call(code);
}

static void print_site(struct supervisor *s, uint32_t pid)
{
	static uint64_t stack[STACK_BYTES / sizeof(uint64_t)];
	uint64_t sp = stack_pointer(pid);
	unsigned found = 0;
	size_t n = 0;

	if (!s->text_from)
		find_text(s, pid);
	/* less where the stack ends earlier */
	for (size_t want = STACK_BYTES; n == 0 && want >= 256; want /= 2)
		n = read_memory(pid, sp, stack, want) / sizeof(uint64_t);
	for (size_t i = 0; i < n && found < SITE_DEPTH; i++)
		if (is_return_address(s, pid, stack[i]))
			fprintf(s->report, "%s0x%lx", found++ ? "," : "",
				(unsigned long)(stack[i] - s->text_base - 1));
	if (!found)
		fputs("-", s->report);
}

/* --- deciding ----------------------------------------------------------- */

static const char *call_name(int number)
{
	char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);

	return name ? name : "unknown";
}

/* The process that a thread is of. */
static pid_t process_of(uint32_t tid)
{
	char path[64], line[256];
	int pid = 0;
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%u/status", tid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "Tgid: %d", &pid) == 1)
			break;
	if (file)
		(void)fclose(file);
	return pid;
}

static bool is_wanted(const struct supervisor *s, unsigned n)
{
	return s->call >= 0 && (n == s->n || (s->onwards && n > s->n));
}

/*
 * Whatever close says, the file is no longer open. It is exchanged for
 * /dev/null, which comes to the same, but that the number isn't free.
 */
static void close_for(const struct supervisor *s,
		      const struct seccomp_notif *asked)
{
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct seccomp_notif_addfd add = {
		.id = asked->id,
		.flags = SECCOMP_ADDFD_FLAG_SETFD,
		.srcfd = (uint32_t)null_fd,
		.newfd = (uint32_t)asked->data.args[0],
		.newfd_flags = O_CLOEXEC,
	};

	(void)ioctl(s->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add);
	(void)close(null_fd);
}

static void decide(struct supervisor *s, const struct seccomp_notif *asked,
		   struct seccomp_notif_resp *answer)
{
	int number = asked->data.nr;
	unsigned n;

	answer->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	if (number < 0 || number >= CALLS_MAX || !is_program(s, asked->pid))
		return;
	n = ++s->counts[number];
	if (s->call < 0) {
		fprintf(s->report, "%s %u ", call_name(number), n);
		print_site(s, asked->pid);
		fputc('\n', s->report);
		return;
	}
	if (!is_wanted(s, n))
		return;
	if (!s->hit) {
		fputs("hit ", s->report);
		print_site(s, asked->pid);
		fprintf(s->report, " %lld\n", (long long)asked->data.args[0]);
	}
	s->hit = true;
	if (s->error == KILL) {
		(void)kill(process_of(asked->pid), SIGKILL);
		return;
	}
	answer->flags = 0;
	if (number == SYS_close)
		close_for(s, asked);
	/* brk has no errors: it gives the end that there is */
	if (number != SYS_brk)
		answer->error = -s->error;
}

static void answer_one(struct supervisor *s)
{
	struct seccomp_notif asked = {0};
	struct seccomp_notif_resp answer = {0};

	/* one that died meanwhile asks no more */
	if (ioctl(s->listener, SECCOMP_IOCTL_NOTIF_RECV, &asked) < 0)
		return;
	answer.id = asked.id;
	decide(s, &asked, &answer);
	(void)ioctl(s->listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
}

/* --- the end ------------------------------------------------------------ */

static uint64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Calls f for every process below us (its own orphans come to us). */
static void for_each_child(void (*f)(struct supervisor *s, pid_t pid),
			   struct supervisor *s)
{
	char path[64], line[4096];
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/self/task/%d/children",
		       (int)getpid());
	file = fopen(path, "re");
	if (file && fgets(line, sizeof(line), file))
		for (char *p = strtok(line, " \n"); p; p = strtok(NULL, " \n"))
			f(s, atoi(p));
	if (file)
		(void)fclose(file);
}

static void report_left(struct supervisor *s, pid_t pid)
{
	char path[64], name[256] = "";
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	file = fopen(path, "re");
	if (file) {
		if (fgets(name, sizeof(name), file))
			name[strcspn(name, "\n")] = '\0';
		(void)fclose(file);
	}
	fprintf(s->report, "left %s\n", name);
}

static void kill_one(struct supervisor *s, pid_t pid)
{
	(void)s;
	(void)kill(pid, SIGKILL);
}

/* Answers until the command ended: its wait status, or -1 where it hangs. */
static int serve(struct supervisor *s, pid_t pid)
{
	uint64_t end = now_ms() + s->timeout_s * 1000ull;
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd fds[2] = {{s->listener, POLLIN, 0}, {pidfd, POLLIN, 0}};
	int status = -1;

	for (;;) {
		uint64_t now = now_ms();

		if (now >= end)
			break;
		if (poll(fds, 2, (int)(end - now)) < 0 && errno != EINTR)
			die("poll");
		if (fds[0].revents & POLLIN)
			answer_one(s);
		else if (fds[1].revents && waitpid(pid, &status, 0) == pid)
			break;
	}
	(void)close(pidfd);
	return status;
}

/* What outlives the command: said, then ended. */
static void end_orphans(struct supervisor *s)
{
	uint64_t begin = now_ms();
	bool said = false;

	for (;;) {
		struct pollfd fd = {s->listener, POLLIN, 0};
		pid_t pid = waitpid(-1, NULL, WNOHANG);

		if (pid < 0)
			return;
		if (pid > 0)
			continue;
		if (!said && now_ms() - begin > ORPHANS_MS) {
			for_each_child(report_left, s);
			said = true;
		}
		if (said)
			for_each_child(kill_one, s);
		if (poll(&fd, 1, 2) > 0 && (fd.revents & POLLIN))
			answer_one(s);
	}
}

static void report_end(struct supervisor *s, int status)
{
	if (status < 0)
		fputs("hang\n", s->report);
	else if (WIFSIGNALED(status))
		fprintf(s->report, "signal %d\n", WTERMSIG(status));
	else
		fprintf(s->report, "exit %d\n", WEXITSTATUS(status));
}

static int run(struct supervisor *s, char **command)
{
	pid_t pid;
	int status;

	(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
	pid = start(command, s->call, &s->listener);
	status = serve(s, pid);
	report_end(s, status);
	if (status < 0)
		(void)kill(pid, SIGKILL);
	end_orphans(s);
	if (fclose(s->report) != 0)
		die("write the report");
	return status >= 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 124;
}

int main(int argc, char **argv)
{
	static struct supervisor s = {.call = -1, .timeout_s = 60};
	bool inject;
	int option;

	if (argc < 2)
		usage();
	inject = strcmp(argv[1], "inject") == 0;
	if (!inject && strcmp(argv[1], "count") != 0)
		usage();
	optind = 2;
	while ((option = getopt(argc, argv, "+p:o:t:")) != -1) {
		if (option == 'p')
			s.program = optarg;
		else if (option == 'o')
			s.report = fopen(optarg, "we");
		else if (option == 't')
			s.timeout_s = (unsigned)atoi(optarg);
		else
			usage();
	}
	if (!s.program || stat(s.program, &s.program_st) < 0 || !s.report)
		die("-p and -o");
	if (inject) {
		if (argc - optind < 4)
			usage();
		s.call = seccomp_syscall_resolve_name(argv[optind]);
		s.n = (unsigned)strtoul(argv[optind + 1], NULL, 10);
		s.onwards = strchr(argv[optind + 1], '+') != NULL;
		s.error = error_number(argv[optind + 2]);
		optind += 3;
		if (s.call < 0)
			die("no such system call");
	}
	if (optind >= argc)
		usage();
	return run(&s, argv + optind);
}
