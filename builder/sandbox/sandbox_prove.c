/*
 * The proof: after the operations, and before the command, the child looks at
 * what they came to, and ends where that is not the plan. It trusts none of the
 * rules that should have kept it so.
 *
 * Asked is the kernel, by the step's own procfs, found by its descriptor: "/"
 * and "/.." are the overlay's top; every mount that can be reached was made by
 * us, lies where it was put, and nothing but the overlay lies at "/"; no
 * descriptor is open that is not on the list; the working folder is below the
 * root. The rows of /proc/self/mountinfo (proc(5)) are
 *
 *   ID PARENT MAJOR:MINOR ROOT MOUNT-POINT ...
 *
 * and may be longer than any buffer, so they are read byte by byte.
 */
#include "builder/sandbox/sandbox_perform.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { BUFFER_BYTES = 4096, AT_MAX = 64, ROW_FIELDS = 5 };

static int not_proven(struct sandbox_child *c, const char *object,
		      const char *why)
{
	(void)sandbox_refuse(c, object, why);
	c->failure.code = ERR_FAILED;
	return -1;
}

/* --- mounts ------------------------------------------------------------- */

int sandbox_note_mount(struct sandbox_child *c, int fd,
		       const struct sandbox_mounted *mounted)
{
	struct sandbox_mounted *m;
	struct statx st;

	if (c->n_mounts == SANDBOX_MOUNTS_MAX) {
		errno = ENOSPC;
		return -1;
	}
	if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &st) < 0)
		return -1;
	if (!(st.stx_mask & STATX_MNT_ID)) {
		errno = ENOSYS; /* before Linux 5.8 */
		return -1;
	}
	m = &c->mounts[c->n_mounts++];
	*m = *mounted;
	m->id = st.stx_mnt_id;
	return 0;
}

struct row {
	uint64_t numbers[2]; /* id, parent */
	char at[AT_MAX];     /* its first bytes */
	size_t at_n;	     /* all of it */
	int field;
};

static struct sandbox_mounted *find_mount(struct sandbox_child *c, uint64_t id)
{
	for (size_t i = 0; i < c->n_mounts; i++)
		if (c->mounts[i].id == id)
			return &c->mounts[i];
	return NULL;
}

bool sandbox_is_of_step(struct sandbox_child *c, const char *path)
{
	struct statx st;

	return statx(AT_FDCWD, path, 0, STATX_MNT_ID, &st) < 0 ||
	       find_mount(c, st.stx_mnt_id);
}

static bool is_at(const struct row *r, const char *path)
{
	size_t n = strlen(path);

	return r->at_n == n && n <= AT_MAX && memcmp(r->at, path, n) == 0;
}

/* A mount that came with one of ours; its own may follow. */
static int accept_below(struct sandbox_child *c, const struct row *r)
{
	const struct sandbox_mounted *parent = find_mount(c, r->numbers[1]);

	if (!parent || !parent->tree || is_at(r, "/"))
		return not_proven(c, "the sandbox",
				  "is not closed: a mount of the machine's can "
				  "be seen in it");
	if (c->n_mounts == SANDBOX_MOUNTS_MAX)
		return not_proven(c, "the sandbox",
				  "has too many mounts to be looked through");
	c->mounts[c->n_mounts++] = (struct sandbox_mounted){
		r->numbers[0], r->numbers[1], NULL, true, true};
	return 0;
}

static int check_row(struct sandbox_child *c, const struct row *r)
{
	struct sandbox_mounted *m = find_mount(c, r->numbers[0]);

	if (r->field < ROW_FIELDS)
		return not_proven(c, "/proc/self/mountinfo",
				  "has a row that is cut off");
	if (!m)
		return accept_below(c, r);
	m->seen = true;
	if (m->at ? !is_at(r, m->at) : is_at(r, "/"))
		return not_proven(c, m->at ? m->at : "a mount of the step",
				  "is mounted at another place: the sandbox is "
				  "not closed");
	if (m->parent && m->parent != r->numbers[1])
		return not_proven(c, m->at ? m->at : "a mount of the step",
				  "is mounted on what it should not be");
	return 0;
}

/* The next byte of a row; those after the fifth field don't matter. */
static void take_byte(struct row *r, char byte)
{
	if (byte == ' ') {
		r->field++;
	} else if (r->field < 2) {
		r->numbers[r->field] =
			r->numbers[r->field] * 10 + (uint64_t)(byte - '0');
	} else if (r->field == ROW_FIELDS - 1) {
		if (r->at_n < AT_MAX)
			r->at[r->at_n] = byte;
		r->at_n++;
	}
}

/* The rest of a row, up to its newline or the end of what was read. */
static const char *skip_rest(const char *p, const char *end)
{
	const char *newline = memchr(p, '\n', (size_t)(end - p));

	return newline ? newline : end;
}

static int take_bytes(struct sandbox_child *c, struct row *r, const char *p,
		      const char *end)
{
	while (p < end) {
		if (r->field >= ROW_FIELDS)
			p = skip_rest(p, end);
		if (p == end)
			break;
		if (*p != '\n') {
			take_byte(r, *p++);
			continue;
		}
		if (check_row(c, r) < 0)
			return -1;
		*r = (struct row){.field = 0};
		p++;
	}
	return 0;
}

static int prove_rows(struct sandbox_child *c, int mountinfo)
{
	char bytes[BUFFER_BYTES];
	struct row row = {.field = 0};
	ssize_t n;

	while ((n = read(mountinfo, bytes, sizeof(bytes))) > 0)
		if (take_bytes(c, &row, bytes, bytes + n) < 0)
			return -1;
	if (n < 0)
		return sandbox_fail(c, "read", "/proc/self/mountinfo");
	return 0;
}

static int prove_mounts(struct sandbox_child *c)
{
	int mountinfo =
		openat(SANDBOX_FD_PROC, "self/mountinfo", O_RDONLY | O_CLOEXEC);

	if (mountinfo < 0)
		return sandbox_fail(c, "open", "/proc/self/mountinfo");
	if (prove_rows(c, mountinfo) < 0)
		return -1;
	(void)close(mountinfo);
	for (size_t i = 0; i < c->n_mounts; i++)
		if (!c->mounts[i].seen)
			return not_proven(c,
					  c->mounts[i].at ? c->mounts[i].at
							  : "a mount of the "
							    "step",
					  "is not in the sandbox");
	return 0;
}

/* --- the root ----------------------------------------------------------- */

static bool is_root(const struct sandbox_child *c, const char *path)
{
	struct statx st;

	return statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW,
		     STATX_MNT_ID | STATX_INO, &st) == 0 &&
	       st.stx_mnt_id == c->root.mount && st.stx_ino == c->root.inode;
}

static int prove_root(struct sandbox_child *c)
{
	if (!is_root(c, "/"))
		return not_proven(c, "/", "is not the root of the step");
	if (!is_root(c, "/.."))
		return not_proven(c, "/..", "leads out of the root");
	return 0;
}

/* What is asked next must be a procfs, and the one that was made. */
static int prove_proc(struct sandbox_child *c)
{
	struct statfs fs;

	if (fstatfs(SANDBOX_FD_PROC, &fs) < 0)
		return sandbox_fail(c, "look at", "/proc");
	if (fs.f_type != PROC_SUPER_MAGIC)
		return not_proven(c, "/proc", "is no procfs");
	return 0;
}

/* getcwd(2) says "(unreachable)" of a folder outside of the root. */
static int prove_cwd(struct sandbox_child *c)
{
	char path[PATH_MAX];
	struct statx st;
	long n = syscall(SYS_getcwd, path, sizeof(path));

	if ((n < 0 && errno != ERANGE) ||
	    statx(AT_FDCWD, "", AT_EMPTY_PATH, STATX_MNT_ID, &st) < 0)
		return sandbox_fail(c, "look at the working directory", NULL);
	if ((n > 0 && path[0] != '/') || !find_mount(c, st.stx_mnt_id))
		return not_proven(c, "the working directory",
				  "lies outside of the root");
	return 0;
}

/* --- descriptors -------------------------------------------------------- */

/* A name in /proc/self/fd; "." and ".." count as on the list. */
static bool is_listed(const char *name, int own)
{
	int fd = 0;

	for (; *name; name++) {
		if (*name < '0' || *name > '9')
			return true;
		fd = fd * 10 + (*name - '0');
	}
	return fd < SANDBOX_FD_FIRST_OTHER || fd == own;
}

static int prove_names(struct sandbox_child *c, int folder, const char *entries,
		       long n)
{
	const struct dirent64 *entry;

	for (long i = 0; i < n; i += entry->d_reclen) {
		entry = (const void *)(entries + i);
		if (!is_listed(entry->d_name, folder))
			return not_proven(c, "a descriptor of the machine's",
					  "is open in the sandbox");
	}
	return 0;
}

static int prove_listed(struct sandbox_child *c)
{
	_Alignas(struct dirent64) char entries[1024];
	int folder = openat(SANDBOX_FD_PROC, "self/fd",
			    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	long n;

	if (folder < 0)
		return sandbox_fail(c, "open", "/proc/self/fd");
	while ((n = syscall(SYS_getdents64, folder, entries, sizeof(entries))) >
	       0)
		if (prove_names(c, folder, entries, n) < 0)
			return -1;
	if (n < 0)
		return sandbox_fail(c, "read", "/proc/self/fd");
	(void)close(folder);
	return 0;
}

/*
 * Since Linux 6.2 the folder's size is the number of descriptors. Where that is
 * the length of the list, and no more than the list, there is no need to read
 * its names, which costs 20 us.
 */
static int prove_descriptors(struct sandbox_child *c)
{
	struct statx st;

	if (statx(SANDBOX_FD_PROC, "self/fd", 0, STATX_SIZE, &st) < 0)
		return sandbox_fail(c, "look at", "/proc/self/fd");
	for (int fd = 0; fd < SANDBOX_FD_FIRST_OTHER; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			return sandbox_fail(c, "look at a descriptor", NULL);
	return st.stx_size == SANDBOX_FD_FIRST_OTHER ? 0 : prove_listed(c);
}

int sandbox_prove(struct sandbox_child *c)
{
	if (prove_root(c) < 0 || prove_proc(c) < 0 || prove_mounts(c) < 0 ||
	    prove_descriptors(c) < 0)
		return -1;
	return prove_cwd(c);
}
