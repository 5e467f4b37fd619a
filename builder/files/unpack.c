#include "builder/files/unpack.h"

#include "base/path.h"
#include "oci/compress.h"
#include "oci/tar_walk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#define LARGE_BYTES (UINT64_C(16) << 20)

/* A folder's time, set when nothing more is written into it. */
struct folder_time {
	struct str path; /* in the archive, clean */
	int64_t mtime_s;
};

struct unpacker {
	struct tar_walker walker;
	struct arena arena;   /* for as long as the archive */
	struct arena scratch; /* for an entry */
	const struct target *to;
	const struct copy_options *opt;
	struct str dest; /* resolved; below it everything lands */
	struct str dest_text;
	bool begun;
	uint64_t n_entries;
	uint64_t n_bytes; /* of files, as the archive says */
	VEC(struct folder_time) folders;
};

/* The place of an entry: its folder open, its name. */
struct place {
	struct target_dir dir;
	struct str path; /* resolved */
	const char *name;
};

static bool climbs(struct str path)
{
	struct str component;
	int depth = 0;

	while (path_next(&path, &component)) {
		if (str_eq_c(component, ".."))
			depth--;
		else if (!str_eq_c(component, "."))
			depth++;
		if (depth < 0)
			return true;
	}
	return false;
}

static int check_name(struct str path, struct err *e)
{
	if (!climbs(path))
		return 0;
	return err_set(e, ERR_INVALID, "invalid entry name \"%.*s\"",
		       STR_ARG(path));
}

/*
 * Resolve a path of the archive. dest is its root: links in it, absolute ones
 * too, lead to what is below dest, as for an archiver that is confined there.
 */
static int resolve_entry(struct unpacker *u, struct str path,
			 enum view_follow follow, struct view_path *at,
			 struct err *e)
{
	SCOPED_VIEW_DIR struct view_dir dest = {0};
	struct view root = {0};
	int *fds;
	int result;

	if (view_open_dir(&u->to->merged, u->dest, &dest, e) <= 0)
		return err_set(e, ERR_INVALID, "the target is no folder");
	fds = xmalloc(dest.n * sizeof(*fds));
	for (size_t i = 0; i < dest.n; i++)
		fds[dest.n - 1 - i] = dest.fds[i];
	root.layer_fds = fds;
	root.n_layers = dest.n;
	result = view_resolve(&root, &u->scratch, path, follow, at, e);
	free(fds);
	return result;
}

static int find_place(struct unpacker *u, struct str path, struct place *out,
		      struct err *e)
{
	const struct target_owner root = {0};
	struct view_path at;

	if (resolve_entry(u, path, VIEW_FOLLOW_DIRS, &at, e) < 0)
		return -1;
	out->path = path_in_root(
		&u->scratch, arena_printf(&u->scratch, "%.*s/%.*s",
					  STR_ARG(u->dest), STR_ARG(at.path)));
	out->name = arena_c(&u->scratch, path_base(out->path));
	return target_open(u->to, path_dir(out->path), &root, &out->dir, e);
}

/* Times before 1970 are 1970, as in docker's archive package. */
static int64_t time_of(const struct tar_entry *entry)
{
	return entry->mtime_s > 0 ? entry->mtime_s : 0;
}

static int set_owner(const struct unpacker *u, const struct tar_entry *entry,
		     const struct place *p, struct err *e)
{
	const struct copy_options *opt = u->opt;
	uint32_t uid = opt->has_owner ? opt->owner.uid : entry->uid;
	uint32_t gid = opt->has_owner ? opt->owner.gid : entry->gid;

	if (fchownat(p->dir.fd, p->name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(e, "set the owner of %s to %u:%u", p->name, uid,
			       gid);
	return 0;
}

static int set_metadata(struct unpacker *u, const struct tar_entry *entry,
			const struct place *p, struct err *e)
{
	const struct timespec times[2] = {{.tv_sec = time_of(entry)},
					  {.tv_sec = time_of(entry)}};

	if (set_owner(u, entry, p, e) < 0)
		return -1;
	if (!S_ISLNK(entry->mode) &&
	    fchmodat(p->dir.fd, p->name, entry->mode & 07777, 0) < 0)
		return err_sys(e, "set the mode of %s", p->name);
	if (utimensat(p->dir.fd, p->name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(e, "set the time of %s", p->name);
	return 0;
}

static int unpack_folder(struct unpacker *u, const struct tar_entry *entry,
			 const struct place *p, struct err *e)
{
	struct folder_time *late;
	struct target_dir child;
	struct stat st;
	bool created;
	int there = target_dir_stat(&p->dir, p->name, &st, e);

	if (there < 0)
		return -1;
	if (there && !S_ISDIR(st.st_mode) &&
	    (target_dir_remove(&p->dir, p->name, e) < 0 ||
	     mkdirat(p->dir.fd, p->name, 0755) < 0))
		return err_sys(e, "replace %s", p->name);
	if (target_dir_child(u->to, &p->dir, p->name, &child, &created, e) < 0)
		return -1;
	target_dir_release(&child);
	late = vec_push(&u->folders);
	late->path = path_in_root(&u->arena, entry->path);
	late->mtime_s = time_of(entry);
	return set_metadata(u, entry, p, e);
}

/* Capabilities are the only attribute that layers keep; after chown. */
static void set_capability(const struct tar_entry *entry, int fd)
{
	for (size_t i = 0; i < entry->n_xattrs; i++)
		if (str_eq_c(entry->xattrs[i].name, TREE_XATTR))
			(void)fsetxattr(fd, TREE_XATTR,
					entry->xattrs[i].value.p,
					entry->xattrs[i].value.n, 0);
}

static int unpack_file(struct unpacker *u, const struct tar_entry *entry,
		       struct tar_content *content, const struct place *p,
		       struct err *e)
{
	SCOPED_FD int fd =
		openat(p->dir.fd, p->name,
		       O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_sys(e, "create %s", p->name);
	if (tar_content_copy(content, fd, e) < 0 ||
	    set_metadata(u, entry, p, e) < 0)
		return -1;
	set_capability(entry, fd);
	return 0;
}

/*
 * A file of the layers below is copied up before it is linked to, without the
 * other names that it may have there.
 */
static int copy_up(struct unpacker *u, struct str path, struct err *e)
{
	const struct source_tree below = {.view = u->to->lower,
					  .owner = TREE_OWNER_COUNTS};
	const struct selected what = {.path = path, .name = path_base(path)};
	const struct copy_options opt = {0};
	struct str dest = arena_printf(&u->scratch, "/%.*s", STR_ARG(path));

	return copy_selected(&below, &what, u->to, dest, &opt, e);
}

static int link_to(struct unpacker *u, struct str path, const struct place *p)
{
	return linkat(u->to->upper_fd, arena_c(&u->scratch, path), p->dir.fd,
		      p->name, 0);
}

/*
 * A hard link's target is an earlier entry, or a file that the root has. Owner,
 * mode and time of the entry hold for all names; of a link, the owner alone.
 */
static int unpack_hardlink(struct unpacker *u, const struct tar_entry *entry,
			   const struct place *p, struct err *e)
{
	struct tar_entry file = *entry;
	struct view_path at;
	struct str path;

	if (check_name(entry->link, e) < 0 ||
	    resolve_entry(u, entry->link, VIEW_FOLLOW_DIRS, &at, e) < 0)
		return -1;
	path = path_in_root(&u->scratch,
			    arena_printf(&u->scratch, "%.*s/%.*s",
					 STR_ARG(u->dest), STR_ARG(at.path)));
	if (!at.exists || S_ISDIR(at.st.st_mode))
		return err_set(e, ERR_INVALID, "link %s to %.*s: no such file",
			       p->name, STR_ARG(entry->link));
	if (link_to(u, path, p) < 0) {
		if (errno != ENOENT)
			return err_sys(e, "link %s to %.*s", p->name,
				       STR_ARG(entry->link));
		if (copy_up(u, path, e) < 0)
			return -1;
		if (link_to(u, path, p) < 0)
			return err_sys(e, "link %s to %.*s", p->name,
				       STR_ARG(entry->link));
	}
	if (S_ISLNK(at.st.st_mode))
		return set_owner(u, entry, p, e);
	file.mode = S_IFREG | (entry->mode & 07777);
	return set_metadata(u, &file, p, e);
}

static int unpack_other(struct unpacker *u, const struct tar_entry *entry,
			struct tar_content *content, const struct place *p,
			struct err *e)
{
	if (target_dir_remove(&p->dir, p->name, e) < 0)
		return -1;
	if (entry->hardlink)
		return unpack_hardlink(u, entry, p, e);
	if (S_ISREG(entry->mode))
		return unpack_file(u, entry, content, p, e);
	if (S_ISLNK(entry->mode)) {
		if (symlinkat(arena_c(&u->scratch, entry->link), p->dir.fd,
			      p->name) < 0)
			return err_sys(e, "create link %s", p->name);
	} else if (target_dir_mknod(&p->dir, p->name, entry->mode, entry->rdev,
				    e) < 0) {
		return -1;
	}
	return set_metadata(u, entry, p, e);
}

/* dest is made only when it is certain that there is an archive. */
static int begin(struct unpacker *u, struct err *e)
{
	struct str folder =
		arena_printf(&u->arena, "%.*s/", STR_ARG(u->dest_text));
	struct view_path at;

	if (u->begun)
		return 0;
	u->begun = true;
	if (copy_resolve_dest(u->to, &u->arena, folder, u->opt, &at, e) < 0)
		return -1;
	u->dest = at.path;
	return 0;
}

/*
 * A few bytes can unpack to any number: what an archive says is held against
 * limits, and a large file against the room there is, before it is written.
 */
static int check_limits(struct unpacker *u, const struct tar_entry *entry,
			struct err *e)
{
	struct statvfs fs;
	uint64_t room;

	u->n_entries++;
	if (u->n_entries > UNPACK_MAX_ENTRIES)
		return err_set(e, ERR_LIMIT, "more than %llu entries",
			       UNPACK_MAX_ENTRIES);
	if (!S_ISREG(entry->mode) || entry->hardlink)
		return 0;
	if (entry->size_bytes > UNPACK_MAX_BYTES - u->n_bytes)
		return err_set(e, ERR_LIMIT, "more than %llu GiB unpacked",
			       UNPACK_MAX_BYTES >> 30);
	u->n_bytes += entry->size_bytes;
	if (entry->size_bytes < LARGE_BYTES ||
	    fstatvfs(u->to->upper_fd, &fs) < 0)
		return 0;
	room = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (entry->size_bytes <= room)
		return 0;
	return err_set(e, ERR_LIMIT, "%llu MiB, and there is room for %llu MiB",
		       (unsigned long long)entry->size_bytes >> 20,
		       (unsigned long long)room >> 20);
}

static int unpack_entry(struct tar_walker *walker,
			const struct tar_entry *entry,
			struct tar_content *content, struct err *e)
{
	struct unpacker *u = (struct unpacker *)walker;
	struct place place;
	struct str path;
	int result;

	if (begin(u, e) < 0)
		return -1;
	if (check_limits(u, entry, e) < 0 || check_name(entry->path, e) < 0)
		return err_wrap(e, "archive: %.*s", STR_ARG(entry->path));
	path = path_in_root(&u->scratch, entry->path);
	/* "./": the folder that is there keeps its own */
	if (path.n == 0)
		return 0;
	if (find_place(u, path, &place, e) < 0)
		return err_wrap(e, "archive: %.*s", STR_ARG(entry->path));
	result = S_ISDIR(entry->mode) && !entry->hardlink
			 ? unpack_folder(u, entry, &place, e)
			 : unpack_other(u, entry, content, &place, e);
	target_dir_release(&place.dir);
	arena_release(&u->scratch);
	return result < 0 ? err_wrap(e, "archive: %.*s", STR_ARG(entry->path))
			  : 0;
}

static int set_file_time(struct unpacker *u, struct str path,
			 const struct timespec times[2], struct err *e)
{
	const char *name = arena_c(&u->scratch, path);

	if (utimensat(u->to->upper_fd, name, times, 0) == 0)
		return 0;
	if (errno != ENOENT)
		return err_sys(e, "set the time");
	if (copy_up(u, path, e) < 0)
		return -1;
	return utimensat(u->to->upper_fd, name, times, 0) < 0
		       ? err_sys(e, "set the time")
		       : 0;
}

static int set_dir_time(struct unpacker *u, struct str path,
			const struct timespec times[2], struct err *e)
{
	const struct target_owner root = {0};
	struct target_dir dir;
	int failed;

	if (target_open(u->to, path, &root, &dir, e) < 0)
		return -1;
	failed = futimens(dir.fd, times);
	target_dir_release(&dir);
	return failed ? err_sys(e, "set the time") : 0;
}

/* Of what is there now: a later entry may have put something else there. */
static int set_time(struct unpacker *u, const struct folder_time *f,
		    struct err *e)
{
	const struct timespec times[2] = {{.tv_sec = f->mtime_s},
					  {.tv_sec = f->mtime_s}};
	struct view_path at;
	struct str path;

	if (resolve_entry(u, f->path, VIEW_FOLLOW, &at, e) < 0)
		return -1;
	if (!at.exists)
		return err_set(e, ERR_INVALID, "it is there no more");
	path = path_in_root(&u->scratch,
			    arena_printf(&u->scratch, "%.*s/%.*s",
					 STR_ARG(u->dest), STR_ARG(at.path)));
	return S_ISDIR(at.st.st_mode) ? set_dir_time(u, path, times, e)
				      : set_file_time(u, path, times, e);
}

/* In the archive's order: of two entries of one folder the last one counts. */
static int set_folder_times(struct unpacker *u, struct err *e)
{
	for (size_t i = 0; i < u->folders.n; i++) {
		const struct folder_time *f = &u->folders.v[i];

		if (set_time(u, f, e) < 0)
			return err_wrap(e, "archive: the time of folder %.*s",
					STR_ARG(f->path));
		arena_release(&u->scratch);
	}
	return 0;
}

static int open_selected(const struct source_tree *from,
			 const struct selected *what, struct err *e)
{
	SCOPED_VIEW_DIR struct view_dir dir = {0};
	SCOPED_PTR char *name = str_dup(path_base(what->path));
	struct view_entry entry;
	int found;
	int fd;

	if (!*name) { /* the root itself: ADD . */
		e->code = ERR_UNSUPPORTED;
		return -1;
	}
	found = view_open_dir(&from->view, path_dir(what->path), &dir, e);
	if (found > 0)
		found = view_dir_find(&dir, name, &entry, e);
	if (found <= 0)
		return found < 0 ? -1
				 : err_set(e, ERR_NOT_FOUND, "%s: not found",
					   name);
	if (!S_ISREG(entry.st.st_mode)) {
		e->code = ERR_UNSUPPORTED; /* no archive, and no mistake */
		return -1;
	}
	fd = openat(entry.dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? err_sys(e, "open %s", name) : fd;
}

static int unpack_stream(struct unpacker *u, int fd, struct err *e)
{
	struct fd_source file;
	struct decompressor *plain;
	int result;

	fd_source_init(&file, fd, "archive");
	/* bytes that only look compressed are a file like any other */
	if (decompressor_begin(&plain, &file.source, NULL, e) < 0)
		return e->code == ERR_SYS ? -1 : 0;
	result = tar_walk(decompressor_source(plain), &u->walker, e);
	decompressor_free(plain);
	/* one without entries makes its folder too */
	if (result > 0 && (begin(u, e) < 0 || set_folder_times(u, e) < 0))
		result = -1;
	return result;
}

int unpack_fd(int fd, const struct target *to, struct str dest,
	      const struct copy_options *opt, struct err *e)
{
	/* owners are the archive's own unless --chown says otherwise */
	struct copy_options own = *opt;
	/* what --chmod says is for copies: unpacked files have their own modes
	 */
	struct target plain = *to;
	struct unpacker u = {
		.walker.entry = unpack_entry,
		.to = &plain,
		.opt = &own,
		.dest_text = dest,
	};
	int result;

	plain.folder_mode = 0755;
	if (!opt->owner_given)
		own.has_owner = false;
	result = unpack_stream(&u, fd, e);
	vec_release(&u.folders);
	arena_release(&u.scratch);
	arena_release(&u.arena);
	return result;
}

int unpack_selected(const struct source_tree *from, const struct selected *what,
		    const struct target *to, struct str dest,
		    const struct copy_options *opt, struct err *e)
{
	SCOPED_FD int fd = open_selected(from, what, e);

	if (fd < 0)
		return e->code == ERR_UNSUPPORTED ? 0 : -1;
	return unpack_fd(fd, to, dest, opt, e);
}
