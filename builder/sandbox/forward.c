#include "builder/sandbox/forward.h"

#include "base/mem.h"
#include "base/vec.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	BACKLOG = 16,
	MAX_CONNECTIONS = 64,
	BUFFER_BYTES = 16 * 1024,
	FIXED_FDS = 2, /* stop and listen, before those of the connections */
};

/* Bytes on their way in one direction. */
struct lane {
	char bytes[BUFFER_BYTES];
	size_t start, end;
	bool eof; /* nothing more comes */
};

struct connection {
	int fds[2];	      /* ours and the answering one */
	struct lane lanes[2]; /* from fds[i] to fds[1 - i] */
	bool broken;
};

struct forward {
	struct sockaddr_un to;
	int listen_fd;
	int stop_fd;
	pthread_t thread;
	bool started;
	VEC(struct connection *) connections;
};

/* --- one connection ----------------------------------------------------- */

static short wanted(const struct connection *c, int side)
{
	const struct lane *in = &c->lanes[side];
	const struct lane *out = &c->lanes[1 - side];
	short events = 0;

	if (!in->eof && in->start == in->end)
		events |= POLLIN;
	if (out->start < out->end)
		events |= POLLOUT;
	return events;
}

static bool is_temporary(int sys)
{
	return sys == EAGAIN || sys == EINTR;
}

static void receive(struct connection *c, int side)
{
	struct lane *l = &c->lanes[side];
	ssize_t n = recv(c->fds[side], l->bytes, sizeof(l->bytes), 0);

	if (n < 0) {
		c->broken |= !is_temporary(errno);
		return;
	}
	l->start = 0;
	l->end = (size_t)n;
	l->eof = n == 0;
	if (l->eof)
		(void)shutdown(c->fds[1 - side], SHUT_WR);
}

static void transmit(struct connection *c, int side)
{
	struct lane *l = &c->lanes[1 - side];
	ssize_t n = send(c->fds[side], l->bytes + l->start, l->end - l->start,
			 MSG_NOSIGNAL);

	if (n >= 0)
		l->start += (size_t)n;
	else
		c->broken |= !is_temporary(errno);
}

static void serve(struct connection *c, int side, short got)
{
	short want = wanted(c, side);

	if (got & POLLOUT && want & POLLOUT)
		transmit(c, side);
	if (got & (POLLIN | POLLHUP) && want & POLLIN)
		receive(c, side);
	if (got & (POLLERR | POLLNVAL))
		c->broken = true;
}

static bool is_over(const struct connection *c)
{
	return c->broken || (c->lanes[0].eof && c->lanes[1].eof &&
			     c->lanes[0].start == c->lanes[0].end &&
			     c->lanes[1].start == c->lanes[1].end);
}

static void connection_free(struct connection *c)
{
	scoped_close(&c->fds[0]);
	scoped_close(&c->fds[1]);
	free(c);
}

/* --- the thread --------------------------------------------------------- */

static int connect_to(const struct forward *f)
{
	SCOPED_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 ||
	    connect(fd, (const struct sockaddr *)&f->to, sizeof(f->to)) < 0)
		return -1;
	if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
		return -1;
	return TAKE_FD(fd);
}

static void accept_one(struct forward *f)
{
	SCOPED_FD int fd =
		accept4(f->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	SCOPED_FD int other = -1;
	struct connection *c;

	if (fd < 0 || f->connections.n == MAX_CONNECTIONS)
		return;
	other = connect_to(f);
	if (other < 0)
		return;
	c = xcalloc(1, sizeof(*c));
	c->fds[0] = TAKE_FD(fd);
	c->fds[1] = TAKE_FD(other);
	*vec_push(&f->connections) = c;
}

static void serve_all(struct forward *f, const struct pollfd *fds)
{
	size_t kept = 0;
	size_t n = f->connections.n;

	for (size_t i = 0; i < n; i++) {
		struct connection *c = f->connections.v[i];

		for (int side = 0; side < 2; side++)
			serve(c, side, fds[2 * i + (size_t)side].revents);
		if (is_over(c))
			connection_free(c);
		else
			f->connections.v[kept++] = c;
	}
	f->connections.n = kept;
}

static void *run(void *arg)
{
	struct forward *f = arg;
	struct pollfd fds[FIXED_FDS + 2 * MAX_CONNECTIONS] = {
		{.fd = f->stop_fd, .events = POLLIN},
		{.fd = f->listen_fd, .events = POLLIN},
	};

	while (!fds[0].revents) {
		size_t n = f->connections.n;

		for (size_t i = 0; i < 2 * n; i++) {
			const struct connection *c = f->connections.v[i / 2];
			int side = (int)(i % 2);
			short events = wanted(c, side);

			/* one without a wish would report its end forever */
			fds[FIXED_FDS + i] = (struct pollfd){
				.fd = events ? c->fds[side] : -1,
				.events = events,
			};
		}
		if (poll(fds, FIXED_FDS + 2 * n, -1) < 0 && errno != EINTR)
			break;
		serve_all(f, fds + FIXED_FDS);
		if (fds[1].revents)
			accept_one(f);
	}
	return NULL;
}

/* --- start and stop ----------------------------------------------------- */

static int set_path(struct sockaddr_un *a, const char *path, struct err *e)
{
	*a = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(a->sun_path))
		return err_set(e, ERR_LIMIT,
			       "%s: a socket's path has at most %zu bytes",
			       path, sizeof(a->sun_path) - 1);
	strcpy(a->sun_path, path);
	return 0;
}

/* By the folder's descriptor: the whole path may be too long for a socket. */
static int listen_at(struct forward *f, int dirfd, const char *name,
		     const struct forward_options *opt, struct err *e)
{
	SCOPED_PTR char *path = xasprintf("/proc/self/fd/%d/%s", dirfd, name);
	struct sockaddr_un address;

	if (set_path(&address, path, e) < 0)
		return -1;
	f->listen_fd =
		socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (f->listen_fd < 0 ||
	    bind(f->listen_fd, (const struct sockaddr *)&address,
		 sizeof(address)) < 0 ||
	    listen(f->listen_fd, BACKLOG) < 0)
		return err_sys(e, "listen at %s", name);
	if (fchownat(dirfd, name, opt->uid, opt->gid, AT_SYMLINK_NOFOLLOW) <
		    0 ||
	    fchmodat(dirfd, name, opt->mode, 0) < 0)
		return err_sys(e, "set the owner and mode of %s", name);
	return 0;
}

/* Signals are for the threads that expect them. */
static int start_thread(struct forward *f, struct err *e)
{
	sigset_t all, before;
	int failed;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	failed = pthread_create(&f->thread, NULL, run, f);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (failed) {
		errno = failed;
		return err_sys(e, "start a thread");
	}
	f->started = true;
	return 0;
}

int forward_start(struct forward **out, int dirfd, const char *name,
		  const struct forward_options *opt, struct err *e)
{
	struct forward *f = xcalloc(1, sizeof(*f));

	f->listen_fd = -1;
	f->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (f->stop_fd < 0)
		(void)err_sys(e, "make an eventfd");
	if (f->stop_fd < 0 || set_path(&f->to, opt->to, e) < 0 ||
	    listen_at(f, dirfd, name, opt, e) < 0 || start_thread(f, e) < 0) {
		forward_stop(f);
		return -1;
	}
	*out = f;
	return 0;
}

void forward_stop(struct forward *f)
{
	if (!f)
		return;
	if (f->started) {
		(void)eventfd_write(f->stop_fd, 1);
		(void)pthread_join(f->thread, NULL);
	}
	for (size_t i = 0; i < f->connections.n; i++)
		connection_free(f->connections.v[i]);
	vec_release(&f->connections);
	scoped_close(&f->listen_fd);
	scoped_close(&f->stop_fd);
	free(f);
}
