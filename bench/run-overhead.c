/*
 * What a RUN step costs beside the command: CPU time of sandbox runs of a
 * static `true`, interleaved with the floor's program. Called by
 * run-overhead.sh.
 *
 *   run-overhead root|rootless FOLDER ROUNDS FLOOR...
 *
 * FOLDER is on the file system that a store would be on. Prints medians.
 */
#include "base/io.h"
#include "builder/sandbox/sandbox.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum { MANY_LAYERS = 120 };

struct bench {
	struct sandbox_executor executor;
	int folder_fd;
	int layer_fds[MANY_LAYERS];
	unsigned n_runs;
};

struct sample {
	double cpu_us;
	double wall_us;
};

static void die(const struct err *e)
{
	fprintf(stderr, "run-overhead: %s\n", e->msg);
	exit(1);
}

static double micros(struct timeval t)
{
	return (double)t.tv_sec * 1e6 + (double)t.tv_usec;
}

static double cpu_us(int who)
{
	struct rusage u;

	(void)getrusage(who, &u);
	return micros(u.ru_utime) + micros(u.ru_stime);
}

static struct sample now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (struct sample){
		cpu_us(RUSAGE_SELF) + cpu_us(RUSAGE_CHILDREN),
		(double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3,
	};
}

static struct sample since(struct sample start)
{
	struct sample end = now();

	return (struct sample){end.cpu_us - start.cpu_us,
			       end.wall_us - start.wall_us};
}

static struct sample run_floor(char **argv)
{
	struct sample start = now();
	pid_t pid;
	int status;

	if (posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ) != 0 ||
	    waitpid(pid, &status, 0) < 0 || status != 0) {
		fprintf(stderr, "run-overhead: %s fails\n", argv[0]);
		exit(1);
	}
	return since(start);
}

static struct sample run_step(struct bench *b, size_t n_layers)
{
	static const char *const argv[] = {"/true", NULL};
	static const char *const env[] = {"PATH=/bin", NULL};
	struct run_spec spec = {
		.lower_fds = b->layer_fds,
		.n_lowers = n_layers,
		.argv = argv,
		.env = env,
		.cwd = "/",
		.hostname = "buildkitsandbox",
		.hosts = "127.0.0.1 localhost\n",
		.resolv_conf = "nameserver 192.0.2.1\n",
		.cancel_fd = -1,
	};
	struct run_result result;
	struct sample start, cost;
	struct err e;
	char name[32];

	(void)snprintf(name, sizeof(name), "draft%u", b->n_runs++);
	if (io_mkdir(b->folder_fd, name, 0755, &e) < 0)
		die(&e);
	spec.draft_fd = io_open_dir(b->folder_fd, name, &e);
	if (spec.draft_fd < 0 || io_mkdir(spec.draft_fd, "upper", 0755, &e) < 0)
		die(&e);
	start = now();
	if (b->executor.executor.run(&b->executor.executor, &spec, &result,
				     &e) < 0)
		die(&e);
	cost = since(start);
	(void)close(spec.draft_fd);
	return cost;
}

static void make_layers(struct bench *b)
{
	struct err e;
	char name[32];
	int from = open("/bin/busybox", O_RDONLY | O_CLOEXEC);
	int to;
	int i;

	for (i = 0; i < MANY_LAYERS; i++) {
		(void)snprintf(name, sizeof(name), "layer%d", i);
		if (io_mkdir(b->folder_fd, name, 0755, &e) < 0)
			die(&e);
		b->layer_fds[i] = io_open_dir(b->folder_fd, name, &e);
		if (b->layer_fds[i] < 0)
			die(&e);
	}
	to = openat(b->layer_fds[0], "true", O_WRONLY | O_CREAT | O_CLOEXEC,
		    0755);
	if (io_copy(from, to, -1, "/bin/busybox", &e) < 0)
		die(&e);
	(void)close(from);
	(void)close(to);
	/* as a base image has them */
	for (i = 0; i < 3; i++)
		(void)mkdirat(b->layer_fds[0],
			      (const char *[]){"proc", "dev", "sys"}[i], 0755);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *v, size_t n)
{
	qsort(v, n, sizeof(*v), compare);
	return v[n / 2];
}

enum { FLOOR, ONE, MANY, KINDS };

int main(int argc, char **argv)
{
	static const char *const names[KINDS] = {"floor", "step, 1 layer",
						 "step, 120 layers"};
	static struct bench b;
	enum tier tier;
	double *cpu[KINDS], *wall[KINDS];
	double floor_us = 0;
	struct err e;
	size_t rounds, i;
	int kind;

	if (argc < 5)
		return 2;
	tier = strcmp(argv[1], "root") == 0 ? TIER_ROOT : TIER_USERNS;
	rounds = strtoul(argv[3], NULL, 10);
	for (kind = 0; kind < KINDS; kind++) {
		cpu[kind] = xcalloc(rounds, sizeof(double));
		wall[kind] = xcalloc(rounds, sizeof(double));
	}
	/* the floor stays outside of our namespace */
	for (i = 0; tier == TIER_USERNS && i < rounds; i++) {
		struct sample s = run_floor(argv + 4);

		cpu[FLOOR][i] = s.cpu_us;
		wall[FLOOR][i] = s.wall_us;
	}
	if (userns_enter(tier, &e) < 0 ||
	    sandbox_executor_init(&b.executor, tier, &e) < 0)
		die(&e);
	b.folder_fd = io_open_dir(AT_FDCWD, argv[2], &e);
	if (b.folder_fd < 0)
		die(&e);
	b.executor.executor.use_folder(&b.executor.executor, b.folder_fd);
	make_layers(&b);
	for (i = 0; i < rounds; i++)
		for (kind = tier == TIER_ROOT ? FLOOR : ONE; kind < KINDS;
		     kind++) {
			struct sample s =
				kind == FLOOR
					? run_floor(argv + 4)
					: run_step(&b, kind == ONE
							       ? 1
							       : MANY_LAYERS);

			cpu[kind][i] = s.cpu_us;
			wall[kind][i] = s.wall_us;
		}
	printf("%-18s %12s %8s %12s\n", argv[1], "CPU us", "ratio", "wall us");
	for (kind = 0; kind < KINDS; kind++) {
		double us = median(cpu[kind], rounds);

		if (kind == FLOOR)
			floor_us = us;
		printf("%-18s %12.0f %8.2f %12.0f\n", names[kind], us,
		       us / floor_us, median(wall[kind], rounds));
	}
	return 0;
}
