/*
 * The child's side: perform a plan and execute the command.
 *
 * Everything here runs between clone and exec in a child that shares the
 * parent's memory (CLONE_VM | CLONE_VFORK: the calling thread waits, other
 * threads don't), so: system calls and string functions only, no allocation, no
 * stdio, no locks; and what is written to this struct is seen by the parent.
 */
#ifndef BUILDER_SANDBOX_SANDBOX_PERFORM_H
#define BUILDER_SANDBOX_SANDBOX_PERFORM_H

#include "builder/sandbox/sandbox.h"

#include <limits.h>
#include <time.h>

enum { SANDBOX_CREATED_MAX = 64 };

/*
 * A mount point that had to be made in the merged view, to be taken away again
 * from the upper folder. The folder around it gets its times back.
 */
struct sandbox_created {
	char path[PATH_MAX]; /* relative to the root, without links */
	struct timespec folder_times[2];
};

/* The overlay for mount(2), by path; lowers with the topmost first. */
struct sandbox_layer_paths {
	const char **lowers;
	size_t n_lowers;
	const char *upper;
	const char *work;
	const char *merged; /* an empty folder to mount on */
};

/* A mount that the child made, as the kernel is to show it. */
struct sandbox_mounted {
	uint64_t id;	 /* STATX_MNT_ID */
	uint64_t parent; /* 0: outside of what can be seen; the root's */
	const char *at;	 /* exactly where; NULL: wherever the links of the image
			    led to, but not the root */
	bool tree;	 /* mounts below it were cloned with it */
	bool seen;
};

/* Room for what is cloned with its mounts, too: a context may have many. */
enum { SANDBOX_MOUNTS_MAX = 2048 };

/* What stays open after SANDBOX_DESCRIPTORS, beside 0 to 2, until exec. */
enum {
	SANDBOX_FD_PROC = 3, /* the place */
	SANDBOX_FD_PIPE,     /* the parent's death is seen on it */
	SANDBOX_FD_FIRST_OTHER,
};

/* What tells the root's folder from all others. */
struct sandbox_identity {
	uint64_t mount;
	uint64_t inode;
};

struct sandbox_child {
	const struct sandbox_plan *plan;
	const int *source_fds; /* detached mounts, one for each plan source */
	int root_fd; /* the overlay's, detached; -1 with layer_paths */
	const struct sandbox_layer_paths *layer_paths;
	int devices_fd; /* what enters the group that limits devices, or -1 */
	int stdout_fd;
	int stderr_fd;
	int terminal_fd; /* a socket that takes the new terminal's descriptor */
	int parent_fds[2]; /* the parent's ends of both, closed here at once */

	/* Results, for the parent. */
	struct err failure; /* without the text of failure.sys */
	int exit_code;	    /* 127: no such program; 126: can't be executed */
	struct sandbox_created *created; /* SANDBOX_CREATED_MAX of them */
	size_t n_created;

	/* The child's own. */
	int place_fds[SANDBOX_PLACES]; /* by SANDBOX_PLACE_*; ROOT is root_fd */
	int old_root_fd;	       /* the machine's */
	int null_fd;		       /* the step's null device */
	int mask_fd; /* an empty read-only folder, once there is one */
	struct sandbox_identity root;
	struct sandbox_mounted *mounts; /* SANDBOX_MOUNTS_MAX of them */
	size_t n_mounts;
};

/*
 * Perform every operation. Returns only on failure, with c->failure set.
 */
void sandbox_perform(struct sandbox_child *c);

/* _exit, but not known to never return: sanitizers unwind their stack then. */
void sandbox_exit(int code);

/*
 * Note a failure of the kind "<what> <object>" with errno; -1. object may be
 * NULL.
 */
int sandbox_fail(struct sandbox_child *c, const char *what, const char *object);
/* The same for what no system call refused: "<object> <why>". */
int sandbox_refuse(struct sandbox_child *c, const char *object,
		   const char *why);

/* sandbox_mount.c: the operations that mount or make something in a place. */
int sandbox_do_mount(struct sandbox_child *c, const struct sandbox_op *op);
int sandbox_do_bind(struct sandbox_child *c, const struct sandbox_op *op);
int sandbox_do_device(struct sandbox_child *c, const struct sandbox_op *op);
int sandbox_do_symlink(struct sandbox_child *c, const struct sandbox_op *op);
int sandbox_do_readonly(struct sandbox_child *c, const struct sandbox_op *op);
int sandbox_do_mask(struct sandbox_child *c, const struct sandbox_op *op);

/* Target without the path of the place it lies in, "null" or "pts/ptmx". */
const char *sandbox_name_in_place(const struct sandbox_op *op);

/* An open mount point. */
struct sandbox_spot {
	int fd; /* O_PATH */
	uint64_t mount;
};

/*
 * sandbox_target.c. Open the mount point of op, following links within the root
 * only; where it is missing it is made as op->missing says, as a folder or an
 * empty file by op->mode. 0, -1 with errno where nothing is there or it can't
 * be opened, or -2 where it breaks a rule and c->failure says which.
 */
int sandbox_open_target(struct sandbox_child *c, const struct sandbox_op *op,
			struct sandbox_spot *out);
/*
 * The folder op->target, made for uid and gid with all its missing parents; -1
 * with errno.
 */
int sandbox_open_cwd(struct sandbox_child *c, const struct sandbox_op *op);

struct statx;

/*
 * sandbox_check.c: the rules of targets. What is there now, O_PATH, or -1 with
 * errno; a folder that makes a place is taken as it is, other targets may be
 * links.
 */
int sandbox_find_target(struct sandbox_child *c, const struct sandbox_op *op);
/* Whether op may mount over what st describes. 0 or sandbox_refuse. */
int sandbox_check_target(struct sandbox_child *c, const struct sandbox_op *op,
			 const struct statx *st);

/* sandbox_root.c: the overlay is attached. 0 or sandbox_fail. */
int sandbox_enter_root(struct sandbox_child *c, const struct sandbox_op *op);

/*
 * sandbox_leave.c: the overlay becomes the root and the machine's is detached;
 * all descriptors but those of a list are closed. 0 or sandbox_fail.
 */
int sandbox_leave_old_root(struct sandbox_child *c);
int sandbox_close_descriptors(struct sandbox_child *c);

/*
 * sandbox_prove.c: what the operations should have come to, looked at anew
 * through the step's own procfs. 0, or -1 with c->failure set: nothing may be
 * executed then.
 */
int sandbox_prove(struct sandbox_child *c);

/*
 * After the proof: false where path can be looked at and lies in no mount of
 * the step, as only /proc's link to our own program does.
 */
bool sandbox_is_of_step(struct sandbox_child *c, const char *path);

/* Remember a mount for the proof; 0 or -1 with errno. */
int sandbox_note_mount(struct sandbox_child *c, int fd,
		       const struct sandbox_mounted *mounted);

#endif
