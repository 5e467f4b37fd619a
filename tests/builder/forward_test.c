#include "tests/base/support.h"

#include "base/io.h"
#include "builder/sandbox/forward.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static struct sockaddr_un address_of(const struct temp_dir *t, const char *name)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	SCOPED_PTR char *path = xasprintf("/proc/self/fd/%d/%s", t->fd, name);

	strcpy(a.sun_path, path);
	return a;
}

static int dial(const struct temp_dir *t, const char *name)
{
	const struct sockaddr_un a = address_of(t, name);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (const struct sockaddr *)&a, sizeof(a)),
			 0);
	return fd;
}

/* Answers each connection with all that it was told, after its end. */
struct echo {
	int fd;
	int n; /* connections to answer */
	pthread_t thread;
};

static void *echo_run(void *arg)
{
	struct echo *s = arg;

	for (int i = 0; i < s->n; i++) {
		SCOPED_BUF struct buf all = BUF_INIT(8u << 20);
		SCOPED_FD int fd = accept(s->fd, NULL, NULL);
		struct err e;

		if (io_read_fd(fd, &all, "connection", &e) < 0 ||
		    io_write_all(fd, all.p, all.n, "connection", &e) < 0)
			break;
	}
	return NULL;
}

static void echo_start(struct echo *s, const struct temp_dir *t, int n)
{
	const struct sockaddr_un a = address_of(t, "agent");

	s->n = n;
	s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(s->fd, (const struct sockaddr *)&a, sizeof(a)),
			 0);
	assert_int_equal(listen(s->fd, 4), 0);
	assert_int_equal(pthread_create(&s->thread, NULL, echo_run, s), 0);
}

static void echo_stop(struct echo *s)
{
	(void)shutdown(s->fd, SHUT_RDWR);
	(void)pthread_join(s->thread, NULL);
	(void)close(s->fd);
}

static struct forward *start(const struct temp_dir *t, mode_t mode)
{
	SCOPED_PTR char *to = xasprintf("%s/agent", t->path);
	const struct forward_options opt = {
		.to = to, .uid = geteuid(), .gid = getegid(), .mode = mode};
	struct forward *f = NULL;
	struct err e;

	if (forward_start(&f, t->fd, "ours", &opt, &e) < 0)
		fail_msg("%s", e.msg);
	return f;
}

struct speaker {
	int fd;
	const char *bytes;
	size_t n;
};

static void *speak(void *arg)
{
	struct speaker *s = arg;
	struct err e;

	(void)io_write_all(s->fd, s->bytes, s->n, "speaker", &e);
	(void)shutdown(s->fd, SHUT_WR);
	return NULL;
}

static void bytes_go_both_ways_whole(void **state)
{
	static const size_t sizes[] = {0, 1, 16384, 16385, 3000000};
	struct temp_dir t;
	struct echo echo;
	struct forward *f;

	(void)state;
	temp_dir_make(&t);
	echo_start(&echo, &t, (int)ARRAY_LEN(sizes));
	f = start(&t, 0600);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		SCOPED_PTR char *bytes = xmalloc(sizes[i] + 1);
		SCOPED_BUF struct buf got = BUF_INIT(8u << 20);
		SCOPED_FD int fd = dial(&t, "ours");
		struct speaker speaker = {fd, bytes, sizes[i]};
		pthread_t thread;
		struct err e;

		for (size_t k = 0; k < sizes[i]; k++)
			bytes[k] = (char)(k * 7 + k / 251);
		assert_int_equal(pthread_create(&thread, NULL, speak, &speaker),
				 0);
		assert_int_equal(io_read_fd(fd, &got, "answer", &e), 0);
		(void)pthread_join(thread, NULL);
		assert_int_equal(got.n, sizes[i]);
		assert_memory_equal(got.p ? got.p : "", bytes, sizes[i]);
	}
	forward_stop(f);
	echo_stop(&echo);
	temp_dir_remove(&t);
}

static void the_socket_has_the_mode_asked_for(void **state)
{
	struct temp_dir t;
	struct echo echo;
	struct forward *f;
	struct stat st;

	(void)state;
	temp_dir_make(&t);
	echo_start(&echo, &t, 1);
	f = start(&t, 0640);
	assert_int_equal(fstatat(t.fd, "ours", &st, 0), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 07777, 0640);
	forward_stop(f);
	echo_stop(&echo);
	temp_dir_remove(&t);
}

static void stopping_closes_what_is_open(void **state)
{
	struct temp_dir t;
	struct echo echo;
	struct forward *f;
	char byte;
	int fd;

	(void)state;
	temp_dir_make(&t);
	echo_start(&echo, &t, 1);
	f = start(&t, 0600);
	fd = dial(&t, "ours");
	assert_int_equal(write(fd, "x", 1), 1);
	forward_stop(f);
	assert_true(read(fd, &byte, 1) <= 0);
	(void)close(fd);
	echo_stop(&echo);
	temp_dir_remove(&t);
}

static void without_an_answering_socket_connections_end(void **state)
{
	struct temp_dir t;
	struct forward *f;
	char byte;
	int fd;

	(void)state;
	temp_dir_make(&t);
	f = start(&t, 0600);
	fd = dial(&t, "ours");
	assert_true(read(fd, &byte, 1) <= 0);
	(void)close(fd);
	forward_stop(f);
	temp_dir_remove(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_go_both_ways_whole),
		cmocka_unit_test(the_socket_has_the_mode_asked_for),
		cmocka_unit_test(stopping_closes_what_is_open),
		cmocka_unit_test(without_an_answering_socket_connections_end),
	};

	(void)signal(SIGPIPE, SIG_IGN); /* of the answering side */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
