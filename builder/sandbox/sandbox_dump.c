#include "builder/sandbox/sandbox.h"

#include "base/mem.h"
#include "builder/sandbox/capabilities.h"

#include <linux/mount.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

struct flag {
	uint64_t bit;
	const char *name;
};

static const struct flag namespace_flags[] = {
	{CLONE_NEWNS, "mount"}, {CLONE_NEWPID, "pid"}, {CLONE_NEWIPC, "ipc"},
	{CLONE_NEWUTS, "uts"},	{CLONE_NEWNET, "net"},
};

static const struct flag mount_flags[] = {
	{MS_RDONLY, "ro"},
	{MS_NOSUID, "nosuid"},
	{MS_NODEV, "nodev"},
	{MS_NOEXEC, "noexec"},
	{MS_STRICTATIME, "strictatime"},
};

static const struct flag attribute_flags[] = {
	{MOUNT_ATTR_RDONLY, "ro"},
	{MOUNT_ATTR_NOSUID, "nosuid"},
	{MOUNT_ATTR_NODEV, "nodev"},
	{MOUNT_ATTR_NOEXEC, "noexec"},
};

static void add_flags(struct buf *out, const struct flag *table, size_t n,
		      uint64_t flags)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (flags & table[i].bit)
			buf_printf(out, " %s", table[i].name);
}

static void add_missing(struct buf *out, enum sandbox_target missing)
{
	switch (missing) {
	case SANDBOX_TARGET_EXPECT: break;
	case SANDBOX_TARGET_KEEP: buf_add_c(out, " missing=keep"); break;
	case SANDBOX_TARGET_STUB: buf_add_c(out, " missing=stub"); break;
	}
}

static void add_source(struct buf *out, const struct sandbox_plan *plan,
		       int index)
{
	const struct sandbox_source *source;

	if (index < 0)
		return;
	source = &plan->sources[index];
	switch (source->kind) {
	case SANDBOX_SOURCE_HOST:
		buf_printf(out, " from=host:%s", source->path);
		break;
	case SANDBOX_SOURCE_STUB:
		buf_printf(out, " from=stub:%s", source->path);
		break;
	case SANDBOX_SOURCE_MOUNT:
		buf_printf(out, " from=mount:%zu", source->mount);
		break;
	}
	add_flags(out, attribute_flags, ARRAY_LEN(attribute_flags),
		  source->attributes);
}

static void add_mount(struct buf *out, const struct sandbox_op *op)
{
	buf_printf(out, "mount %s %s %s", op->type, op->name, op->target);
	add_flags(out, mount_flags, ARRAY_LEN(mount_flags), op->flags);
	if (op->data)
		buf_printf(out, " data=%s", op->data);
	if (op->optional)
		buf_add_c(out, " optional");
	add_missing(out, op->missing);
}

static void add_caps(struct buf *out, uint64_t caps)
{
	unsigned i;

	for (i = 0; i < 64; i++) {
		if (!(caps >> i & 1))
			continue;
		if (capability_name(i))
			buf_printf(out, " %s", capability_name(i));
		else
			buf_printf(out, " CAP_%u", i);
	}
}

static void add_ids(struct buf *out, const struct run_spec *spec)
{
	size_t i;

	buf_printf(out, "ids uid=%u gid=%u groups=", spec->uid, spec->gid);
	for (i = 0; i < spec->n_groups; i++)
		buf_printf(out, "%s%u", i ? "," : "", spec->groups[i]);
}

static void add_exec(struct buf *out, const struct sandbox_plan *plan)
{
	size_t i;

	buf_add_c(out, "exec");
	for (i = 0; plan->spec->argv[i]; i++) {
		buf_add_char(out, ' ');
		buf_add_json_string(out, str_from(plan->spec->argv[i]));
	}
	for (i = 0; plan->programs[i]; i++)
		buf_printf(out, "\n  try %s", plan->programs[i]);
	for (i = 0; plan->spec->env && plan->spec->env[i]; i++) {
		buf_add_c(out, "\n  env ");
		buf_add_json_string(out, str_from(plan->spec->env[i]));
	}
}

static void add_op(struct buf *out, const struct sandbox_plan *plan,
		   const struct sandbox_op *op)
{
	switch (op->kind) {
	case SANDBOX_CGROUP: buf_printf(out, "cgroup %d", op->number); break;
	case SANDBOX_DEVICES: buf_add_c(out, "device group"); break;
	case SANDBOX_CGROUP_TOP: buf_add_c(out, "cgroup namespace"); break;
	case SANDBOX_SESSION: buf_add_c(out, "session"); break;
	case SANDBOX_KEYRING: buf_add_c(out, "keyring"); break;
	case SANDBOX_SCOPE: buf_add_c(out, "scope"); break;
	case SANDBOX_HOSTNAME:
		buf_printf(out, "hostname %s", op->target);
		break;
	case SANDBOX_LOOPBACK: buf_add_c(out, "loopback"); break;
	case SANDBOX_PRIVATE: buf_add_c(out, "private"); break;
	case SANDBOX_ROOT:
		buf_printf(out, "root layers=%zu%s", plan->spec->n_lowers,
			   plan->facts.overlay_by_path ? " by-path" : "");
		add_flags(out, mount_flags, ARRAY_LEN(mount_flags), op->flags);
		break;
	case SANDBOX_MOUNT:
		add_mount(out, op);
		add_source(out, plan, op->source);
		break;
	case SANDBOX_BIND:
		buf_printf(out, "bind %s", op->target);
		add_missing(out, op->missing);
		add_source(out, plan, op->source);
		break;
	case SANDBOX_DEVICE:
		buf_printf(out, "device %s %c %u:%u %o", op->target,
			   S_ISBLK(op->mode) ? 'b' : 'c', op->major, op->minor,
			   op->mode & 07777);
		add_source(out, plan, op->source);
		break;
	case SANDBOX_SYMLINK:
		buf_printf(out, "symlink %s -> %s%s", op->target, op->data,
			   op->optional ? " where it exists" : "");
		break;
	case SANDBOX_READONLY:
		buf_printf(out, "readonly %s", op->target);
		break;
	case SANDBOX_MASK: buf_printf(out, "mask %s", op->target); break;
	case SANDBOX_OLD_ROOT: buf_add_c(out, "leave old root"); break;
	case SANDBOX_CWD:
		buf_printf(out, "cwd %s", op->target);
		add_missing(out, op->missing);
		break;
	case SANDBOX_STDIN: buf_printf(out, "stdin %s", op->target); break;
	case SANDBOX_TERMINAL:
		buf_printf(out, "terminal %s", op->target);
		break;
	case SANDBOX_DESCRIPTORS:
		buf_add_c(out, "close other descriptors");
		break;
	case SANDBOX_PROVE: buf_add_c(out, "prove"); break;
	case SANDBOX_OUTPUT: buf_add_c(out, "output"); break;
	case SANDBOX_LIMIT:
		buf_printf(out, "limit %d %llu %llu", op->number,
			   (unsigned long long)op->first,
			   (unsigned long long)op->second);
		break;
	case SANDBOX_SECCOMP: buf_add_c(out, "seccomp default"); break;
	case SANDBOX_BOUNDING:
		buf_add_c(out, "bounding");
		add_caps(out, op->first);
		break;
	case SANDBOX_IDS: add_ids(out, plan->spec); break;
	case SANDBOX_CAPS:
		buf_printf(out, "caps%s", op->second ? " ambient" : "");
		add_caps(out, op->first);
		break;
	case SANDBOX_EXEC: add_exec(out, plan); break;
	}
	buf_add_char(out, '\n');
}

static void add_stub(struct buf *out, const struct sandbox_stub *stub)
{
	buf_printf(out, "stub %s", stub->path);
	if (stub->content) {
		buf_add_char(out, ' ');
		buf_add_json_string(out, str_from(stub->content));
	} else if (stub->folder) {
		buf_add_c(out, " folder");
	} else {
		buf_printf(out, " like mount:%zu", stub->source_mount);
	}
	buf_add_char(out, '\n');
}

void sandbox_dump(struct buf *out, const struct sandbox_plan *plan)
{
	size_t i;

	buf_printf(out, "tier %s\nnamespaces", tier_name(plan->facts.tier));
	add_flags(out, namespace_flags, ARRAY_LEN(namespace_flags),
		  plan->namespaces);
	buf_add_char(out, '\n');
	for (i = 0; i < plan->n_stubs; i++)
		add_stub(out, &plan->stubs[i]);
	for (i = 0; i < plan->n_ops; i++)
		add_op(out, plan, &plan->ops[i]);
}
