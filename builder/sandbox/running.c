#include "builder/sandbox/running.h"

#include "base/mem.h"
#include "builder/sandbox/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OUTPUT_BYTES = 64 * 1024 };

void run_pipes_close(struct run_pipes *p)
{
	int i;

	for (i = 0; i < 2; i++) {
		scoped_close(&p->out[i]);
		scoped_close(&p->err[i]);
		scoped_close(&p->terminal[i]);
	}
}

void run_pipes_close_far(struct run_pipes *p)
{
	scoped_close(&p->out[1]);
	scoped_close(&p->err[1]);
	scoped_close(&p->terminal[1]);
	p->out[1] = p->err[1] = p->terminal[1] = -1;
}

int run_pipes_open(struct run_pipes *p, const struct run_spec *spec,
		   struct err *e)
{
	*p = RUN_PIPES_NONE;
	if (pipe2(p->out, O_CLOEXEC) < 0 || pipe2(p->err, O_CLOEXEC) < 0)
		return err_sys(e, "make pipes for the output");
	if (spec->terminal &&
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, p->terminal) < 0)
		return err_sys(e, "make a socket for the terminal");
	return 0;
}

/* --- the process -------------------------------------------------------- */

/* Wait for its end; the descriptor stays. */
static int wait_for_end(const struct running *r, siginfo_t *info)
{
	int failed;

	do
		failed = waitid(P_PIDFD, (id_t)r->pidfd, info, WEXITED);
	while (failed && errno == EINTR);
	return failed;
}

void running_release(struct running *r)
{
	siginfo_t info;

	if (r->pidfd < 0)
		return;
	(void)syscall(SYS_pidfd_send_signal, r->pidfd, r->end_signal, NULL, 0);
	(void)wait_for_end(r, &info); /* where it was not waited for before */
	scoped_close(&r->pidfd);
	r->pidfd = -1;
}

/* --- output ------------------------------------------------------------- */

struct watch {
	const struct run_spec *spec;
	struct terminal terminal;
	const struct running *running;
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
	(void)syscall(SYS_pidfd_send_signal, w->running->pidfd,
		      w->running->end_signal, NULL, 0);
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

static int reap(const struct running *r, struct run_result *out, struct err *e)
{
	siginfo_t info;

	if (wait_for_end(r, &info) < 0)
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
static int join_terminal(struct watch *w, const struct run_pipes *pipes,
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

int running_watch(struct running *r, const struct run_spec *spec,
		  const struct run_pipes *pipes, struct run_result *out,
		  struct err *e)
{
	int failed;

	SCOPED_PTR char *bytes = xmalloc(OUTPUT_BYTES);
	struct watch w = {
		.spec = spec,
		.running = r,
		.bytes = bytes,
		.terminal = TERMINAL_NONE,
		.fds =
			{
				{.fd = pipes->out[0], .events = POLLIN},
				{.fd = pipes->err[0], .events = POLLIN},
				{.fd = spec->cancel_fd, .events = POLLIN},
				{.fd = r->pidfd, .events = POLLIN},
				{.fd = -1, .events = POLLIN},
				{.fd = -1, .events = POLLIN},
			},
	};

	failed = join_terminal(&w, pipes, e) < 0 || watch(&w, e) < 0 ||
		 reap(r, out, e) < 0;
	terminal_release(&w.terminal);
	if (failed)
		return -1;
	if (w.cancelled)
		return err_set(e, ERR_CANCELLED, "the step was cancelled");
	return 0;
}
