#include "builder/sandbox/devices.h"

#include "base/arena.h"
#include "base/io.h"
#include "builder/sandbox/cgroup.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/magic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

static const char name_prefix[] = "imgbuild-devices-";

enum { ANY = -1, MAKE_TRIES = 4 };

/* Character devices; what is made of others may not be opened. */
static const struct {
	int major, minor;
} may_open[] = {
	{1, 3},	    /* null */
	{1, 5},	    /* zero */
	{1, 7},	    /* full */
	{1, 8},	    /* random */
	{1, 9},	    /* urandom */
	{5, 0},	    /* tty */
	{5, 2},	    /* ptmx */
	{136, ANY}, /* pts */
};

static bool write_text(int dirfd, const char *name, const char *text)
{
	SCOPED_FD int fd = openat(dirfd, name, O_WRONLY | O_CLOEXEC);

	return fd >= 0 &&
	       write(fd, text, strlen(text)) == (ssize_t)strlen(text);
}

/* --- version 1 ---------------------------------------------------------- */

static bool limit_v1(int group)
{
	char rule[64];

	if (!write_text(group, "devices.deny", "a") ||
	    !write_text(group, "devices.allow", "c *:* m") ||
	    !write_text(group, "devices.allow", "b *:* m"))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(may_open); i++) {
		if (may_open[i].minor == ANY)
			(void)snprintf(rule, sizeof(rule), "c %d:* rw",
				       may_open[i].major);
		else
			(void)snprintf(rule, sizeof(rule), "c %d:%d rw",
				       may_open[i].major, may_open[i].minor);
		if (!write_text(group, "devices.allow", rule))
			return false;
	}
	return true;
}

/* --- version 2 ---------------------------------------------------------- */

#define INSN(c, dst, src, offset, value)           \
	((struct bpf_insn){.code = (c),            \
			   .dst_reg = (dst),       \
			   .src_reg = (src),       \
			   .off = (short)(offset), \
			   .imm = (value)})
#define LOAD(dst, field)                                \
	INSN(BPF_LDX | BPF_MEM | BPF_W, dst, BPF_REG_1, \
	     offsetof(struct bpf_cgroup_dev_ctx, field), 0)
#define SKIP_UNLESS(reg, value, skip) \
	INSN(BPF_JMP | BPF_JNE | BPF_K, reg, 0, skip, value)
#define SET(reg, value) INSN(BPF_ALU64 | BPF_MOV | BPF_K, reg, 0, 0, value)
#define COPY(dst, src) INSN(BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0)
#define END INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

enum { TYPE = BPF_REG_2, ACCESS, MAJOR, MINOR, RESULT = BPF_REG_0 };
enum { PROGRAM_MAX = 10 + 4 * ARRAY_LEN(may_open) };

struct program {
	struct bpf_insn v[PROGRAM_MAX];
	size_t n;
};

static void add(struct program *p, struct bpf_insn insn)
{
	p->v[p->n++] = insn;
}

/* Whatever is only made passes; else a character device of the list. */
static void write_program(struct program *p)
{
	add(p, LOAD(TYPE, access_type));
	add(p, COPY(ACCESS, TYPE));
	add(p, INSN(BPF_ALU64 | BPF_RSH | BPF_K, ACCESS, 0, 0, 16));
	add(p, INSN(BPF_ALU64 | BPF_AND | BPF_K, TYPE, 0, 0, 0xffff));
	add(p, LOAD(MAJOR, major));
	add(p, LOAD(MINOR, minor));
	add(p, SET(RESULT, 1));
	add(p, SKIP_UNLESS(ACCESS, BPF_DEVCG_ACC_MKNOD, 1));
	add(p, END);
	for (size_t i = 0; i < ARRAY_LEN(may_open); i++) {
		bool any = may_open[i].minor == ANY;

		add(p, SKIP_UNLESS(TYPE, BPF_DEVCG_DEV_CHAR, any ? 2 : 3));
		add(p, SKIP_UNLESS(MAJOR, may_open[i].major, any ? 1 : 2));
		if (!any)
			add(p, SKIP_UNLESS(MINOR, may_open[i].minor, 1));
		add(p, END);
	}
	add(p, SET(RESULT, 0));
	add(p, END);
}

static int load_program(void)
{
	struct program p = {.n = 0};
	union bpf_attr attr = {.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE};

	write_program(&p);
	attr.insns = (uintptr_t)p.v;
	attr.insn_cnt = (uint32_t)p.n;
	attr.license = (uintptr_t) "";
	return (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
}

/* It stays as long as the group. */
static bool limit_v2(int group)
{
	SCOPED_FD int program = load_program();
	union bpf_attr attr = {.attach_type = BPF_CGROUP_DEVICE};

	if (program < 0)
		return false;
	attr.target_fd = (uint32_t)group;
	attr.attach_bpf_fd = (uint32_t)program;
	attr.attach_flags = BPF_F_ALLOW_MULTI;
	return syscall(SYS_bpf, BPF_PROG_ATTACH, &attr, sizeof(attr)) == 0;
}

bool devices_limit_group(const char *path)
{
	SCOPED_FD int group = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return group >= 0 && limit_v2(group);
}

/* --- both --------------------------------------------------------------- */

/* Where groups are made, and how. */
static const struct hierarchy {
	const char *root;
	long magic;
	const char *controller; /* in /proc/self/cgroup */
	const char *enter;
	bool (*limit)(int group);
} hierarchies[] = {
	{"/sys/fs/cgroup/devices", CGROUP_SUPER_MAGIC, "devices", "tasks",
	 limit_v1},
	{"/sys/fs/cgroup", CGROUP2_SUPER_MAGIC, "", "cgroup.threads", limit_v2},
	{"/sys/fs/cgroup/unified", CGROUP2_SUPER_MAGIC, "", "cgroup.threads",
	 limit_v2},
};

static bool is_mounted(const struct hierarchy *h)
{
	struct statfs fs;

	return statfs(h->root, &fs) == 0 && fs.f_type == h->magic;
}

/* Of a build that was killed: nobody holds its lock, and nobody is in it. */
static void remove_abandoned(int parent, const char *name)
{
	SCOPED_FD int fd =
		openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
		(void)unlinkat(parent, name, AT_REMOVEDIR);
}

static void sweep(const char *parent)
{
	DIR *dir = opendir(parent);
	const struct dirent *entry;

	if (!dir)
		return;
	while ((entry = readdir(dir)))
		if (strncmp(entry->d_name, name_prefix,
			    sizeof(name_prefix) - 1) == 0)
			remove_abandoned(dirfd(dir), entry->d_name);
	(void)closedir(dir);
}

static bool set_up(struct devices_group *g, const struct hierarchy *h)
{
	if (h->magic == CGROUP2_SUPER_MAGIC &&
	    !write_text(g->lock_fd, "cgroup.type", "threaded"))
		return false;
	if (!h->limit(g->lock_fd))
		return false;
	g->enter_fd = openat(g->lock_fd, h->enter, O_WRONLY | O_CLOEXEC);
	return g->enter_fd >= 0;
}

/* 1 ours, 0 somebody took it for abandoned before it was locked, -1. */
static int make_locked(struct devices_group *g, const char *parent)
{
	SCOPED_BUF struct buf name = BUF_INIT(128);

	io_unique_name(&name, name_prefix);
	g->path = xasprintf("%s/%s", parent, buf_c(&name));
	if (mkdir(g->path, 0755) < 0)
		return -1;
	g->lock_fd = open(g->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (g->lock_fd >= 0 && flock(g->lock_fd, LOCK_SH | LOCK_NB) == 0 &&
	    faccessat(g->lock_fd, "cgroup.procs", F_OK, 0) == 0)
		return 1;
	devices_group_release(g);
	return 0;
}

static bool make_in(struct devices_group *g, const struct hierarchy *h)
{
	SCOPED_ARENA struct arena a = {0};
	const char *parent = cgroup_own_folder(&a, h->root, h->controller);
	int made = 0;

	sweep(parent);
	for (int i = 0; i < MAKE_TRIES && made == 0; i++)
		made = make_locked(g, parent);
	if (made > 0 && set_up(g, h))
		return true;
	devices_group_release(g);
	return false;
}

bool devices_group_make(struct devices_group *g)
{
	*g = DEVICES_GROUP_INIT;
	for (size_t i = 0; i < ARRAY_LEN(hierarchies); i++)
		if (is_mounted(&hierarchies[i]) && make_in(g, &hierarchies[i]))
			return true;
	return false;
}

void devices_group_release(struct devices_group *g)
{
	scoped_close(&g->enter_fd);
	if (g->path)
		cgroup_remove_folder(g->path);
	scoped_close(&g->lock_fd);
	free(g->path);
	*g = DEVICES_GROUP_INIT;
}
