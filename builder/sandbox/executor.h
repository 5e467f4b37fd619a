/*
 * The executor seam: run one command inside a root file system.
 *
 * The real one is the sandbox (sandbox.h); tests hand in their own.
 */
#ifndef BUILDER_SANDBOX_EXECUTOR_H
#define BUILDER_SANDBOX_EXECUTOR_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum run_mount_kind {
	RUN_MOUNT_BIND,	 /* source_fd over target */
	RUN_MOUNT_TMPFS, /* a new tmpfs */
};

struct run_mount {
	enum run_mount_kind kind;
	int source_fd; /* bind: a file or folder (O_PATH suffices); borrowed */
	/* bind: source_fd is a mount of its own, which is used up */
	bool detached;
	/*
	 * bind: source_fd lies in the store and is nobody else's for as long as
	 * the command runs, so an executor that can't mount may move it into
	 * the root and back.
	 */
	bool movable;
	const char *target; /* absolute, inside the root */
	bool readonly;
	uint64_t size_bytes; /* tmpfs; 0: the kernel's default */
	mode_t mode;	     /* tmpfs; 0: 01777 */
};

enum run_stream {
	RUN_STDOUT = 1,
	RUN_STDERR = 2,
};

enum run_network_mode {
	RUN_NET_HOST, /* the default: the host's network */
	RUN_NET_NONE, /* a new network namespace with only lo, which is up */
};

struct run_limit {
	int resource; /* RLIMIT_* */
	uint64_t soft;
	uint64_t hard;
};

/* The user's terminal. */
struct run_terminal {
	int in_fd;
	int out_fd;
};

struct run_spec {
	/* The root: layer folders, lowest first, and an empty folder that gets
	 * what the command changes. Borrowed. */
	const int *lower_fds;
	size_t n_lowers;
	/*
	 * A folder of this step's alone that holds an empty folder "upper"; the
	 * executor makes what else it needs there ("work", "stubs"), and the
	 * caller removes it all.
	 */
	int draft_fd;

	const char *const
		*argv; /* NULL-terminated; argv[0] is looked up in env's PATH */
	const char *const
		*env; /* NULL-terminated, complete ("HOME=" included) */
	/* absolute; created with its parents for the user, 0755, where missing
	 */
	const char *cwd;
	uint32_t uid;
	uint32_t gid;
	const uint32_t *groups; /* supplementary */
	size_t n_groups;

	enum run_network_mode network;
	bool insecure; /* --security=insecure: all capabilities, no seccomp, no
			  masks */
	const char *hostname;
	const char *hosts;		/* content of /etc/hosts */
	const char *resolv_conf;	/* content of /etc/resolv.conf */
	const struct run_mount *mounts; /* in order */
	size_t n_mounts;
	uint64_t shm_size_bytes; /* 0: 64 MiB as docker */
	const struct run_limit *limits;
	size_t n_limits;
	bool has_secrets; /* what it leaves must not be a core */
	/* Files of control groups that a process enters by writing "0". */
	const int *cgroup_fds;
	size_t n_cgroups;
	/* The path of the one group that a process can be in; NULL: of any. */
	const char *cgroup_alone;

	/*
	 * Where set, the command gets a terminal of its own that is joined to
	 * this one for as long as it runs; output is not called.
	 */
	const struct run_terminal *terminal;
	/* Called with what the command prints, as it comes. */
	void (*output)(void *ctx, enum run_stream stream, const char *p,
		       size_t n);
	void *output_ctx;
	/* Readable when the work is to stop: the command is killed. -1: never.
	 */
	int cancel_fd;
};

struct run_result {
	int exit_code; /* 128 + signal where one ended it, as a shell says */
	int signal;    /* 0 where it exited */
};

struct executor {
	/*
	 * Run to the end. 0 with *out whatever the exit code was; -1 where the
	 * command could not be started (ERR_NOT_FOUND: no such program, with
	 * exit_code 127 set too), or ERR_CANCELLED. No process and no mount of
	 * it is left either way.
	 */
	int (*run)(struct executor *x, const struct run_spec *spec,
		   struct run_result *out, struct err *e);
	/*
	 * Before the first run, and optional (it may be NULL, too): a folder of
	 * this build's alone on the file system of the layers, where the
	 * executor keeps what is the same for many steps rather than make it in
	 * every draft. Borrowed for as long as runs are made; removing what is
	 * in it afterwards is the caller's, who calls this with -1 before.
	 */
	void (*use_folder)(struct executor *x, int folder_fd);
};

#endif
