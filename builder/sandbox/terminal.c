#include "builder/sandbox/terminal.h"

#include "base/io.h"
#include "base/mem.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PASS_BYTES = 4096 };

int terminal_join(struct terminal *t, const struct run_terminal *user, int fd,
		  struct err *e)
{
	struct termios raw;

	*t = (struct terminal){.user = *user, .fd = fd};
	if (tcgetattr(user->in_fd, &t->before) < 0)
		return err_sys(e, "a shell needs a terminal as stdin");
	raw = t->before;
	cfmakeraw(&raw);
	if (tcsetattr(user->in_fd, TCSANOW, &raw) < 0)
		return err_sys(e, "set up the terminal");
	t->raw = true;
	terminal_follow_size(t);
	return 0;
}

void terminal_release(struct terminal *t)
{
	if (t->raw)
		(void)tcsetattr(t->user.in_fd, TCSADRAIN, &t->before);
	scoped_close(&t->fd);
	*t = TERMINAL_NONE;
}

static bool pass(int from, int to)
{
	char bytes[PASS_BYTES];
	ssize_t n = read(from, bytes, sizeof(bytes));
	struct err ignored; /* the other one has gone: so will this */

	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	return n > 0 &&
	       io_write_all(to, bytes, (size_t)n, "terminal", &ignored) == 0;
}

bool terminal_pass_keys(struct terminal *t)
{
	return pass(t->user.in_fd, t->fd);
}

bool terminal_pass_output(struct terminal *t)
{
	return pass(t->fd, t->user.out_fd);
}

void terminal_follow_size(struct terminal *t)
{
	struct winsize size;

	if (ioctl(t->user.in_fd, TIOCGWINSZ, &size) < 0 ||
	    memcmp(&size, &t->size, sizeof(size)) == 0)
		return;
	t->size = size;
	(void)ioctl(t->fd, TIOCSWINSZ, &size);
}

int terminal_receive(int socket_fd)
{
	char byte;
	struct iovec data = {&byte, 1};
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr message = {.msg_iov = &data,
				 .msg_iovlen = 1,
				 .msg_control = control.bytes,
				 .msg_controllen = sizeof(control.bytes)};
	struct cmsghdr *header;
	int fd;

	if (recvmsg(socket_fd, &message, MSG_CMSG_CLOEXEC) <= 0)
		return -1;
	header = CMSG_FIRSTHDR(&message);
	if (!header || header->cmsg_type != SCM_RIGHTS)
		return -1;
	memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	return fd;
}
