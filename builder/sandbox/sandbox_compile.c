/*
 * What a command sees, decided without touching anything. The list follows
 * what runc makes of the spec that BuildKit gives it: the same mounts with the
 * same options in the same order, the same masked and read-only paths.
 */
#include "builder/sandbox/sandbox.h"

#include "base/path.h"
#include "base/vec.h"
#include "builder/sandbox/capabilities.h"
#include "builder/sandbox/program.h"

#include <linux/mount.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

static const uint64_t default_shm_bytes = UINT64_C(64) << 20;

/* docker's lists; what a kernel lacks is passed over. */
static const char *const readonly_paths[] = {
	"/proc/bus",	       "/proc/fs", "/proc/irq", "/proc/sys",
	"/proc/sysrq-trigger",
};

static const char *const masked_paths[] = {
	"/proc/acpi",	     "/proc/asound",
	"/proc/interrupts",  "/proc/kcore",
	"/proc/keys",	     "/proc/latency_stats",
	"/proc/timer_list",  "/proc/timer_stats",
	"/proc/sched_debug", "/proc/scsi",
	"/sys/firmware",     "/sys/devices/virtual/powercap",
};

struct device {
	const char *path;
	uint32_t major, minor;
};

static const struct device devices[] = {
	{"/dev/null", 1, 3},   {"/dev/zero", 1, 5},    {"/dev/full", 1, 7},
	{"/dev/random", 1, 8}, {"/dev/urandom", 1, 9}, {"/dev/tty", 5, 0},
};

/* BuildKit's --security=insecure adds these for real root. */
static const struct device insecure_devices[] = {
	{"/dev/kmsg", 1, 11},	   {"/dev/cuse", 10, 203},
	{"/dev/fuse", 10, 229},	   {"/dev/kvm", 10, 232},
	{"/dev/net/tun", 10, 200}, {"/dev/loop-control", 10, 237},
};

enum { INSECURE_LOOPS = 8, LOOP_MAJOR = 7 };

static const char *const links[][2] = {
	{"/dev/fd", "/proc/self/fd"},
	{"/dev/stdin", "/proc/self/fd/0"},
	{"/dev/stdout", "/proc/self/fd/1"},
	{"/dev/stderr", "/proc/self/fd/2"},
	{"/dev/ptmx", "pts/ptmx"},
	{"/dev/core", "/proc/kcore"}, /* only where there is one */
};

const char *sandbox_place_path(enum sandbox_place place)
{
	switch (place) {
	case SANDBOX_PLACE_PROC: return "/proc";
	case SANDBOX_PLACE_DEV: return "/dev";
	case SANDBOX_PLACE_PTS: return "/dev/pts";
	case SANDBOX_PLACE_SYS: return "/sys";
	case SANDBOX_PLACE_ROOT:
	case SANDBOX_PLACES: break;
	}
	return "";
}

struct compiler {
	struct arena *arena;
	const struct run_spec *spec;
	const struct sandbox_facts *facts;
	VEC(struct sandbox_op) ops;
	VEC(struct sandbox_source) sources;
	VEC(struct sandbox_stub) stubs;
};

static struct sandbox_op *add(struct compiler *c, enum sandbox_op_kind kind,
			      const char *target)
{
	struct sandbox_op *op = vec_push(&c->ops);

	op->kind = kind;
	op->target = target;
	op->source = -1;
	return op;
}

/* For a target that is ours to choose: in the place that it names. */
static struct sandbox_op *add_in(struct compiler *c, enum sandbox_op_kind kind,
				 enum sandbox_place place, const char *target)
{
	struct sandbox_op *op = add(c, kind, target);

	op->in = place;
	return op;
}

static struct sandbox_op *add_mount(struct compiler *c, const char *target,
				    const char *type, const char *name,
				    unsigned long flags, const char *data)
{
	struct sandbox_op *op = add(c, SANDBOX_MOUNT, target);

	op->type = type;
	op->name = name;
	op->flags = flags;
	op->data = data;
	op->mode = S_IFDIR | 0755;
	return op;
}

static int add_source(struct compiler *c, enum sandbox_source_kind kind,
		      const char *path, uint64_t attributes)
{
	struct sandbox_source *source = vec_push(&c->sources);

	source->kind = kind;
	source->path = path;
	source->attributes = attributes;
	return (int)c->sources.n - 1;
}

/*
 * Where nothing else keeps the step from opening what it makes with mknod: then
 * no mount may have devices but those of single nodes, and devpts, in which
 * nothing can be made.
 */
static bool is_without_devices(const struct compiler *c)
{
	return c->facts->tier == TIER_ROOT && !c->spec->insecure &&
	       c->facts->devices == SANDBOX_DEVICES_BOUND;
}

static void add_namespaces(struct compiler *c)
{
	const struct run_spec *spec = c->spec;

	for (size_t i = 0; i < spec->n_cgroups; i++)
		add(c, SANDBOX_CGROUP, NULL)->number = (int)i;
	if (!spec->insecure && c->facts->devices == SANDBOX_DEVICES_GROUP)
		add(c, SANDBOX_DEVICES, NULL);
	add(c, SANDBOX_CGROUP_TOP, NULL);
	add(c, SANDBOX_SESSION, NULL);
	add(c, SANDBOX_KEYRING, NULL);
	if (!spec->insecure)
		add(c, SANDBOX_SCOPE, NULL);
	if (spec->hostname)
		add(c, SANDBOX_HOSTNAME, spec->hostname);
	if (spec->network == RUN_NET_NONE)
		add(c, SANDBOX_LOOPBACK, NULL);
	add(c, SANDBOX_PRIVATE, NULL);
	add(c, SANDBOX_ROOT, NULL)->flags =
		is_without_devices(c) ? MS_NODEV : 0;
}

/*
 * In an ordinary container runtime /proc of the machine may itself be covered
 * in places; then a user namespace gets no new one and takes it as it is.
 */
static void add_proc(struct compiler *c)
{
	struct sandbox_op *op;

	op = add_mount(c, "/proc", "proc", "proc",
		       MS_NOSUID | MS_NOEXEC | MS_NODEV, NULL);
	op->missing = SANDBOX_TARGET_KEEP;
	op->makes = SANDBOX_PLACE_PROC;
	if (c->facts->tier == TIER_USERNS)
		op->source = add_source(c, SANDBOX_SOURCE_HOST, "/proc", 0);
}

static void add_device(struct compiler *c, const struct device *d, mode_t type)
{
	struct sandbox_op *op =
		add_in(c, SANDBOX_DEVICE, SANDBOX_PLACE_DEV, d->path);

	op->mode = type | 0666;
	op->major = d->major;
	op->minor = d->minor;
	/* mknod of devices needs the machine's own CAP_MKNOD */
	if (is_without_devices(c) || c->facts->tier == TIER_USERNS)
		op->source = add_source(c, SANDBOX_SOURCE_HOST, d->path, 0);
}

static void add_insecure_devices(struct compiler *c)
{
	uint32_t i;

	if (!c->spec->insecure || c->facts->tier != TIER_ROOT)
		return;
	for (i = 0; i < ARRAY_LEN(insecure_devices); i++)
		add_device(c, &insecure_devices[i], S_IFCHR);
	for (i = 0; i < INSECURE_LOOPS; i++) {
		struct device d = {
			arena_printf(c->arena, "/dev/loop%u", i).p,
			LOOP_MAJOR,
			i,
		};

		add_device(c, &d, S_IFBLK);
	}
}

static struct sandbox_op *add_dev_mount(struct compiler *c, const char *target,
					const char *type, const char *name,
					unsigned long flags, const char *data)
{
	struct sandbox_op *op = add_mount(c, target, type, name, flags, data);

	op->in = SANDBOX_PLACE_DEV;
	op->missing = SANDBOX_TARGET_KEEP;
	return op;
}

static void add_dev(struct compiler *c)
{
	uint64_t shm = c->spec->shm_size_bytes ? c->spec->shm_size_bytes
					       : default_shm_bytes;
	unsigned long nodev = is_without_devices(c) ? MS_NODEV : 0;
	struct sandbox_op *op;
	size_t i;

	op = add_mount(c, "/dev", "tmpfs", "tmpfs",
		       MS_NOSUID | MS_STRICTATIME | nodev,
		       "mode=755,size=65536k");
	op->missing = SANDBOX_TARGET_KEEP;
	op->makes = SANDBOX_PLACE_DEV;
	for (i = 0; i < ARRAY_LEN(devices); i++)
		add_device(c, &devices[i], S_IFCHR);
	add_insecure_devices(c);
	for (i = 0; i < ARRAY_LEN(links); i++) {
		op = add_in(c, SANDBOX_SYMLINK, SANDBOX_PLACE_DEV, links[i][0]);
		op->data = links[i][1];
		op->optional = strcmp(op->data, "/proc/kcore") == 0;
	}
	op = add_dev_mount(c, "/dev/pts", "devpts", "devpts",
			   MS_NOSUID | MS_NOEXEC,
			   "newinstance,ptmxmode=0666,mode=0620,gid=5");
	op->makes = SANDBOX_PLACE_PTS;
	(void)add_dev_mount(
		c, "/dev/shm", "tmpfs", "shm", MS_NOSUID | MS_NOEXEC | MS_NODEV,
		arena_printf(c->arena, "mode=1777,size=%lluk",
			     (unsigned long long)(shm + 1023) / 1024)
			.p);
	op = add_dev_mount(c, "/dev/mqueue", "mqueue", "mqueue",
			   MS_NOSUID | MS_NOEXEC | MS_NODEV, NULL);
	op->optional = true; /* kernels without POSIX message queues */
	/* at once, while nothing of the spec can lie over it */
	(void)add_in(c, SANDBOX_STDIN, SANDBOX_PLACE_DEV, "/dev/null");
}

/*
 * A new sysfs belongs to the network namespace, so a user namespace that uses
 * the machine's network can only take the machine's.
 */
static void add_sys(struct compiler *c)
{
	bool insecure = c->spec->insecure;
	unsigned long flags = MS_NOSUID | MS_NOEXEC | MS_NODEV;
	struct sandbox_op *op;

	if (!insecure)
		flags |= MS_RDONLY;
	if (c->facts->tier == TIER_USERNS && c->spec->network == RUN_NET_HOST) {
		op = add(c, SANDBOX_BIND, "/sys");
		op->mode = S_IFDIR | 0755;
		op->source =
			add_source(c, SANDBOX_SOURCE_HOST, "/sys",
				   MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
					   MOUNT_ATTR_NOEXEC |
					   (insecure ? 0 : MOUNT_ATTR_RDONLY));
	} else {
		op = add_mount(c, "/sys", "sysfs", "sysfs", flags, NULL);
	}
	op->missing = SANDBOX_TARGET_KEEP;
	op->makes = SANDBOX_PLACE_SYS;
	op = add_mount(c, "/sys/fs/cgroup", "cgroup2", "cgroup", flags, NULL);
	op->in = SANDBOX_PLACE_SYS;
	op->optional = true; /* not on machines with version 1 only */
}

/* The file lies in the stubs folder, which also makes it exist as a target. */
static void add_etc_file(struct compiler *c, const char *path,
			 const char *content)
{
	struct sandbox_stub *stub;
	struct sandbox_op *op;

	if (!content)
		return;
	stub = vec_push(&c->stubs);
	stub->path = path + 1;
	stub->content = content;
	op = add(c, SANDBOX_BIND, path);
	op->mode = S_IFREG | 0644;
	op->missing = SANDBOX_TARGET_STUB;
	op->source = add_source(c, SANDBOX_SOURCE_STUB, path + 1,
				MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID |
					MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
}

static const char *clean(struct compiler *c, const char *path)
{
	return arena_c(c->arena, path_clean(c->arena, str_from(path)));
}

static bool is_below(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	return strncmp(path, folder, n) == 0 &&
	       (path[n] == '/' || path[n] == '\0');
}

static void add_target_stub(struct compiler *c, size_t i, const char *target)
{
	struct sandbox_stub *stub;

	/* these three are mounts themselves, and stay in the layer */
	if (is_below(target, "/proc") || is_below(target, "/dev") ||
	    is_below(target, "/sys"))
		return;
	stub = vec_push(&c->stubs);
	stub->path = target + 1;
	stub->source_mount = i;
	stub->folder = c->spec->mounts[i].kind == RUN_MOUNT_TMPFS;
}

static const char *tmpfs_options(struct arena *a, const struct run_mount *m)
{
	mode_t mode = m->mode ? m->mode : 01777;

	if (!m->size_bytes)
		return arena_printf(a, "mode=%o", mode).p;
	return arena_printf(a, "mode=%o,size=%llu", mode,
			    (unsigned long long)m->size_bytes)
		.p;
}

static int add_spec_mount(struct compiler *c, size_t i, struct err *e)
{
	const struct run_mount *m = &c->spec->mounts[i];
	bool nodev = is_without_devices(c);
	struct sandbox_op *op = NULL;
	const char *target;

	if (!m->target || m->target[0] != '/')
		return err_set(e, ERR_INVALID,
			       "mount target '%s' is not absolute",
			       m->target ? m->target : "");
	target = clean(c, m->target);
	if (target[1] == '\0')
		return err_set(e, ERR_INVALID,
			       "mount target '%s' is the root itself",
			       m->target);
	add_target_stub(c, i, target);
	switch (m->kind) {
	case RUN_MOUNT_BIND:
		op = add(c, SANDBOX_BIND, target);
		op->source = add_source(c, SANDBOX_SOURCE_MOUNT, NULL,
					(m->readonly ? MOUNT_ATTR_RDONLY : 0) |
						(nodev ? MOUNT_ATTR_NODEV : 0));
		c->sources.v[op->source].mount = i;
		break;
	case RUN_MOUNT_TMPFS:
		op = add_mount(c, target, "tmpfs", "tmpfs",
			       MS_NOSUID | (m->readonly ? MS_RDONLY : 0) |
				       (nodev ? MS_NODEV : 0),
			       tmpfs_options(c->arena, m));
		break;
	}
	op->missing = SANDBOX_TARGET_STUB;
	return 0;
}

static void add_hidden(struct compiler *c, enum sandbox_op_kind kind,
		       const char *path)
{
	enum sandbox_place place = is_below(path, "/proc") ? SANDBOX_PLACE_PROC
							   : SANDBOX_PLACE_SYS;

	add_in(c, kind, place, path)->optional = true; /* not in each kernel */
}

/* How hot each core runs tells of what its neighbours do. */
static void add_throttles(struct compiler *c)
{
	for (unsigned i = 0; i < c->facts->n_throttles; i++)
		add_hidden(c, SANDBOX_MASK,
			   arena_printf(c->arena,
					"/sys/devices/system/cpu/cpu%u/"
					"thermal_throttle",
					i)
				   .p);
}

static int add_mounts(struct compiler *c, struct err *e)
{
	size_t i;

	add_proc(c);
	add_dev(c);
	add_sys(c);
	add_etc_file(c, "/etc/resolv.conf", c->spec->resolv_conf);
	add_etc_file(c, "/etc/hosts", c->spec->hosts);
	for (i = 0; i < c->spec->n_mounts; i++)
		if (add_spec_mount(c, i, e) < 0)
			return -1;
	if (!c->spec->insecure) {
		for (i = 0; i < ARRAY_LEN(readonly_paths); i++)
			add_hidden(c, SANDBOX_READONLY, readonly_paths[i]);
		for (i = 0; i < ARRAY_LEN(masked_paths); i++)
			add_hidden(c, SANDBOX_MASK, masked_paths[i]);
		add_throttles(c);
	}
	add(c, SANDBOX_OLD_ROOT, NULL);
	return 0;
}

/* Ours is raised for the sake of many layers; the step gets what we got. */
static void add_limit(struct compiler *c, const struct run_limit *limit)
{
	struct sandbox_op *op = add(c, SANDBOX_LIMIT, NULL);

	op->number = limit->resource;
	op->first = limit->soft;
	op->second = limit->hard;
}

/* Those of the machine, but for cores with secrets in them; then the asked. */
static void add_limits(struct compiler *c)
{
	for (size_t i = 0; i < c->facts->n_limits; i++)
		if (c->facts->limits[i].resource != RLIMIT_CORE ||
		    !c->spec->has_secrets)
			add_limit(c, &c->facts->limits[i]);
	for (size_t i = 0; i < c->spec->n_limits; i++)
		add_limit(c, &c->spec->limits[i]);
}

/*
 * Order: the proof when nothing of ours needs the machine any more, and all
 * rights are still there to look; the filter while CAP_SYS_ADMIN is held, since
 * no_new_privs stays off as under BuildKit; the bounding set while CAP_SETPCAP
 * is; ids, then the capabilities that survive them. Entering the folder comes
 * first, with all rights, as runc does.
 */
static int add_process(struct compiler *c, struct err *e)
{
	const struct run_spec *spec = c->spec;
	uint64_t caps = spec->insecure ? c->facts->all_capabilities
				       : capabilities_default();
	struct sandbox_op *op;

	if (!spec->cwd || spec->cwd[0] != '/')
		return err_set(e, ERR_INVALID,
			       "working directory '%s' is not absolute",
			       spec->cwd ? spec->cwd : "");
	op = add(c, SANDBOX_CWD, clean(c, spec->cwd));
	op->mode = S_IFDIR | 0755;
	/* /a/b/../c: runc makes b on its way, for root */
	if (strstr(spec->cwd, "/../")) {
		op = add(c, SANDBOX_CWD, spec->cwd);
		op->mode = S_IFDIR | 0755;
		op->missing = SANDBOX_TARGET_KEEP;
	}
	if (c->spec->terminal)
		add_in(c, SANDBOX_TERMINAL, SANDBOX_PLACE_PTS, "/dev/pts/ptmx");
	else
		add(c, SANDBOX_OUTPUT, NULL);
	add(c, SANDBOX_DESCRIPTORS, NULL);
	add(c, SANDBOX_PROVE, NULL);
	add_limits(c);
	if (!spec->insecure)
		add(c, SANDBOX_SECCOMP, NULL);
	add(c, SANDBOX_BOUNDING, NULL)->first = caps;
	add(c, SANDBOX_IDS, NULL);
	/* setuid to an ordinary user has cleared them all by itself */
	if (spec->uid == 0 || spec->insecure) {
		op = add(c, SANDBOX_CAPS, NULL);
		op->first = caps;
		op->second = spec->insecure;
	}
	add(c, SANDBOX_EXEC, NULL);
	return 0;
}

static void copy_out(struct compiler *c, struct sandbox_plan *out)
{
	out->n_ops = c->ops.n;
	out->ops = arena_new_array(c->arena, c->ops.n, struct sandbox_op);
	memcpy(out->ops, c->ops.v, c->ops.n * sizeof(*out->ops));
	out->n_sources = c->sources.n;
	out->sources = arena_new_array(c->arena, c->sources.n + 1,
				       struct sandbox_source);
	if (c->sources.n)
		memcpy(out->sources, c->sources.v,
		       c->sources.n * sizeof(*out->sources));
	out->n_stubs = c->stubs.n;
	out->stubs =
		arena_new_array(c->arena, c->stubs.n + 1, struct sandbox_stub);
	if (c->stubs.n)
		memcpy(out->stubs, c->stubs.v,
		       c->stubs.n * sizeof(*out->stubs));
}

int sandbox_compile(struct arena *a, const struct run_spec *spec,
		    const struct sandbox_facts *facts, struct sandbox_plan *out,
		    struct err *e)
{
	struct compiler c = {.arena = a, .spec = spec, .facts = facts};
	int failed;

	*out = (struct sandbox_plan){.spec = spec, .facts = *facts};
	out->namespaces =
		CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS;
	if (spec->network == RUN_NET_NONE)
		out->namespaces |= CLONE_NEWNET;
	add_namespaces(&c);
	failed = add_mounts(&c, e) < 0 || add_process(&c, e) < 0 ||
		 program_candidates(a, spec->argv, spec->env, &out->programs,
				    e) < 0;
	if (!failed)
		copy_out(&c, out);
	vec_release(&c.ops);
	vec_release(&c.sources);
	vec_release(&c.stubs);
	return failed ? -1 : 0;
}
