/*
 * The sandbox: the executor that uses namespaces and overlayfs.
 *
 * sandbox_compile is a pure function from what a step asks for to a list of
 * operations; sandbox_dump writes the list as text, so it is tested without any
 * privilege. The parent then makes what can be made before there is a child
 * (sandbox_prepare.h: the overlay, detached bind mounts, pipes), and the child
 * performs the list with one switch (sandbox_perform.h) and executes the
 * command, which is PID 1 of its namespace as under runc.
 */
#ifndef BUILDER_SANDBOX_SANDBOX_H
#define BUILDER_SANDBOX_SANDBOX_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "builder/sandbox/devices.h"
#include "builder/sandbox/executor.h"
#include "builder/sandbox/sandbox_guard.h"
#include "builder/sandbox/userns.h"

#include <pthread.h>

/* What keeps a step from opening devices that are not docker's. */
enum sandbox_devices {
	/* Mounts without devices, but for single nodes bound from the machine.
	 * So it is in each user namespace. */
	SANDBOX_DEVICES_BOUND,
	SANDBOX_DEVICES_GROUP,	 /* the executor's control group */
	SANDBOX_DEVICES_LIMITED, /* the control group of the spec */
};

/* What the plan depends on besides the spec. */
struct sandbox_facts {
	enum tier tier;
	enum sandbox_devices devices;
	/* Don't even try to mount layers by descriptor (kernel 6.8 and later).
	 */
	bool overlay_by_path;
	/* What this process was started with, where it changed that. */
	struct run_limit limits[2];
	size_t n_limits;
	/* The cores from 0 on among which some can be throttled. */
	unsigned n_throttles;
	/* What a command with all capabilities can get. */
	uint64_t all_capabilities;
};

enum sandbox_op_kind {
	SANDBOX_CGROUP,	    /* enter control group `number` */
	SANDBOX_DEVICES,    /* enter the group that limits devices */
	SANDBOX_CGROUP_TOP, /* see no control group above that */
	SANDBOX_SESSION,    /* a new session, no controlling terminal */
	SANDBOX_KEYRING,  /* a new keyring of the session, with no key in it */
	SANDBOX_SCOPE,	  /* no socket of the machine that has no path */
	SANDBOX_HOSTNAME, /* target */
	SANDBOX_LOOPBACK, /* lo goes up */
	SANDBOX_PRIVATE,  /* no mount event leaves or enters */
	SANDBOX_ROOT,	  /* the overlay is attached; targets are found in it */
	SANDBOX_MOUNT,	  /* a new file system over target */
	SANDBOX_BIND,	  /* source over target */
	SANDBOX_DEVICE, /* node of a device: made, or bound where it can't be */
	SANDBOX_SYMLINK,  /* target holds data */
	SANDBOX_READONLY, /* target can't be written any more, where it exists
			   */
	SANDBOX_MASK,	  /* nothing of target is seen, where it exists */
	SANDBOX_OLD_ROOT, /* the overlay becomes the root, the old one goes */
	SANDBOX_CWD,	/* enter target; where missing it is made, for the user
			   or (SANDBOX_TARGET_KEEP) for root */
	SANDBOX_STDIN,	/* stdin reads target, the null device */
	SANDBOX_OUTPUT, /* stdout and stderr are the pipes, owned by the user */
	SANDBOX_TERMINAL, /* they and stdin are a new terminal, as the session's
			   */
	SANDBOX_DESCRIPTORS, /* all others are closed, but for two of ours */
	SANDBOX_PROVE,	     /* nothing of the machine is in reach, or an error
			      */
	SANDBOX_LIMIT, /* rlimit `number` becomes first (soft), second (hard) */
	SANDBOX_SECCOMP,  /* the default filter */
	SANDBOX_BOUNDING, /* no capability outside first, ever */
	SANDBOX_IDS,	  /* groups, gid, uid */
	SANDBOX_CAPS, /* exactly first; second: inheritable and ambient too */
	SANDBOX_EXEC, /* argv */
};

/* What happens where a mount's target does not exist. */
enum sandbox_target {
	SANDBOX_TARGET_EXPECT, /* an error */
	SANDBOX_TARGET_KEEP,   /* made, and stays in the layer */
	SANDBOX_TARGET_STUB, /* made as source is, and taken away afterwards */
};

/*
 * The mounts of a step that others lie in. What lies in one is found from that
 * mount's own descriptor: neither a link in the image nor a mount that the spec
 * puts over it can lead elsewhere.
 */
enum sandbox_place {
	SANDBOX_PLACE_ROOT,
	SANDBOX_PLACE_PROC,
	SANDBOX_PLACE_DEV,
	SANDBOX_PLACE_PTS,
	SANDBOX_PLACE_SYS,
	SANDBOX_PLACES,
};

struct sandbox_op {
	enum sandbox_op_kind kind;
	enum sandbox_target missing;
	enum sandbox_place in; /* which target begins with the path of */
	/* What a mount is from here on; SANDBOX_PLACE_ROOT: no place. */
	enum sandbox_place makes;
	const char *target; /* absolute, inside the new root */
	const char *type;   /* file system */
	const char *name;   /* what /proc/mounts shows as the device */
	const char *data;   /* mount options, or a link's content */
	/* Another source where this mount is refused; -1: an error then. */
	int source;	     /* index into plan.sources, -1 none */
	bool optional;	     /* go on where it is refused */
	unsigned long flags; /* MS_* */
	uint32_t mode;
	uint32_t major, minor;
	int number;
	uint64_t first, second;
};

enum sandbox_source_kind {
	SANDBOX_SOURCE_HOST,  /* path on the machine */
	SANDBOX_SOURCE_STUB,  /* path in the stubs folder */
	SANDBOX_SOURCE_MOUNT, /* spec->mounts[mount] */
};

/* What the parent clones as a detached mount for the child to attach. */
struct sandbox_source {
	enum sandbox_source_kind kind;
	const char *path;
	size_t mount;
	uint64_t attributes; /* MOUNT_ATTR_* set on it, recursively */
};

/*
 * The stubs folder is the lowest layer of the root: what it holds exists in the
 * merged view without any trace in the upper folder.
 */
struct sandbox_stub {
	const char *path;    /* relative to the stubs folder */
	const char *content; /* NULL: of the kind that source_mount has */
	size_t source_mount; /* index into spec->mounts */
	bool folder;	     /* a folder for certain (tmpfs) */
};

struct sandbox_plan {
	const struct run_spec *spec; /* borrowed */
	struct sandbox_facts facts;
	struct sandbox_op *ops;
	size_t n_ops;
	struct sandbox_source *sources;
	size_t n_sources;
	struct sandbox_stub *stubs;
	size_t n_stubs;
	uint64_t namespaces; /* CLONE_NEW* */
	const char *const
		*programs; /* candidates for argv[0], NULL-terminated */
};

/*
 * Decide everything about a run; touches nothing. out lives in a. Fails with
 * ERR_INVALID for a spec that can't mean anything: an empty argv, a target that
 * is not absolute or is the root itself.
 */
int sandbox_compile(struct arena *a, const struct run_spec *spec,
		    const struct sandbox_facts *facts, struct sandbox_plan *out,
		    struct err *e);

/* "" for the root, "/dev/pts". */
const char *sandbox_place_path(enum sandbox_place place);

/*
 * The plan as text, one line each for namespaces, stubs and operations. The
 * same on every machine: no descriptors, and of the layers only their number.
 */
void sandbox_dump(struct buf *out, const struct sandbox_plan *plan);

/* The ids that exist in this process's user namespace, from /proc/self/uid_map.
 */
struct sandbox_ids {
	struct sandbox_id_range {
		uint32_t first;
		uint32_t n;
	} ranges[8];
	size_t n_ranges;
};

struct sandbox_stubs;

struct sandbox_executor {
	struct executor executor; /* first: callers hand out its address */
	struct sandbox_facts facts;
	int dumpable;	      /* of this process, before any step: see spawn */
	pthread_mutex_t lock; /* of all below */
	struct sandbox_ids uids;
	struct sandbox_ids gids;
	struct sandbox_guard guard;
	struct devices_group devices;
	bool learned;		     /* the facts that are asked for late */
	bool devices_tried;	     /* to make them, which is done once */
	int folder_fd;		     /* borrowed; -1: none */
	struct sandbox_stubs *stubs; /* kept in folder_fd */
};

/*
 * An executor for this tier. For TIER_USERNS call userns_enter before the first
 * run, and open the layers and the sources of mounts after it: the kernel binds
 * only what was opened in the caller's own mount namespace. This function may
 * come before or after it. Its run may be called from
 * several threads at once.
 */
int sandbox_executor_init(struct sandbox_executor *x, enum tier tier,
			  struct err *e);
void sandbox_executor_release(struct sandbox_executor *x);

#endif
