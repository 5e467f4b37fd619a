/*
 * Layers as text: fixtures/layer/NAME.layer
 *
 *   # why
 *   <entries of a tar>
 *   =>
 *   <entries that layer_write gives after layer_apply>
 *
 * or, instead of the second list, "error: <text>". An entry is one line:
 *
 *   dir MODE PATH | file MODE PATH [CONTENT] | link PATH TARGET |
 *   hard PATH TARGET | fifo MODE PATH | char MODE PATH MAJOR MINOR
 *
 * followed by indented lines NAME=VALUE for its extended attributes. PATH has
 * no blanks; \xNN is a byte. "lower: " before an entry puts it into the layer
 * below instead. "needs: root" where an ordinary user can't run it.
 */
#include "support.h"

#include "base/arena.h"
#include "base/io.h"
#include "base/vec.h"
#include "oci/layer.h"
#include "oci/tar.h"
#include "oci/tar_reader.h"

#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { MTIME = 1700000000 };

static char *fixtures_folder(void)
{
	const char *base = getenv("IMGBUILD_FIXTURES");

	return xasprintf("%s/layer", base ? base : FIXTURES);
}

static struct str next_word(struct str *line)
{
	struct str word;

	*line = str_trim(*line);
	(void)str_cut(*line, ' ', &word, line);
	return word;
}

static struct str unescape(struct arena *a, struct str s)
{
	char *out = arena_alloc(a, s.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\\' && i + 3 < s.n && s.p[i + 1] == 'x') {
			char hex[3] = {s.p[i + 2], s.p[i + 3], '\0'};

			out[n++] = (char)strtoul(hex, NULL, 16);
			i += 3;
		} else {
			out[n++] = s.p[i];
		}
	}
	return (struct str){out, n};
}

struct parsed {
	struct tar_entry entry;
	struct str content;
	struct tar_xattr xattrs[8];
};

static void parse_entry(struct arena *a, struct str line, struct parsed *out)
{
	struct tar_entry *t = &out->entry;
	struct str kind = next_word(&line);
	uint64_t n = 0;

	*out = (struct parsed){0};
	t->uid = geteuid();
	t->gid = getegid();
	t->mtime_s = MTIME;
	t->xattrs = out->xattrs;
	if (str_eq_c(kind, "link") || str_eq_c(kind, "hard")) {
		t->mode = str_eq_c(kind, "link") ? S_IFLNK | 0777
						 : S_IFREG | 0644;
		t->hardlink = str_eq_c(kind, "hard");
		t->path = unescape(a, next_word(&line));
		t->link = unescape(a, str_trim(line));
		return;
	}
	assert_true(str_octal_to_u64(next_word(&line), 07777, &n));
	t->mode = (mode_t)n;
	t->path = unescape(a, next_word(&line));
	if (str_eq_c(kind, "dir")) {
		t->mode |= S_IFDIR;
	} else if (str_eq_c(kind, "file")) {
		t->mode |= S_IFREG;
		out->content = unescape(a, str_trim(line));
		t->size_bytes = out->content.n;
	} else if (str_eq_c(kind, "fifo")) {
		t->mode |= S_IFIFO;
	} else if (str_eq_c(kind, "char")) {
		uint64_t major_number = 0;

		t->mode |= S_IFCHR;
		assert_true(str_to_u64(next_word(&line), 255, &major_number));
		assert_true(str_to_u64(str_trim(line), 255, &n));
		t->rdev = makedev((unsigned)major_number, (unsigned)n);
	} else {
		fail_msg("unknown entry '%.*s'", STR_ARG(kind));
	}
}

static void write_parsed(struct sink *out, const struct parsed *p)
{
	struct err e;

	if (!p->entry.path.n)
		return;
	if (tar_write_header(out, &p->entry, &e) < 0 ||
	    (p->content.n &&
	     out->write(out, p->content.p, p->content.n, &e) < 0) ||
	    tar_write_padding(out, p->content.n, &e) < 0)
		fail_msg("%s", e.msg);
}

static bool is_lower(struct str *line)
{
	if (!str_starts(*line, "lower: "))
		return false;
	*line = str_skip(*line, strlen("lower: "));
	return true;
}

/* The tar of the entries that are (or are not) marked as lower. */
static void make_tar(struct str text, bool lower, struct buf_sink *out)
{
	SCOPED_ARENA struct arena a = {0};
	struct parsed p = {0};
	bool skipping = true;
	struct str line;
	struct err e;
	bool more = true;

	while (more) {
		more = str_cut(text, '\n', &line, &text);
		if (!line.n || line.p[0] == '#' || str_starts(line, "needs:"))
			continue;
		if (line.p[0] == ' ' || line.p[0] == '\t') {
			struct tar_xattr *x = &p.xattrs[p.entry.n_xattrs];

			if (skipping)
				continue;
			(void)str_cut(str_trim(line), '=', &x->name, &x->value);
			p.entry.n_xattrs++;
			continue;
		}
		if (!skipping)
			write_parsed(&out->sink, &p);
		skipping = is_lower(&line) != lower;
		if (!skipping)
			parse_entry(&a, line, &p);
		p.entry.xattrs = p.xattrs;
	}
	if (!skipping)
		write_parsed(&out->sink, &p);
	assert_int_equal(tar_write_end(&out->sink, &e), 0);
}

static int open_lower(void *ctx, const char *path)
{
	return openat(*(int *)ctx, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
}

static int apply(int dirfd, int *lower, struct str tar, struct err *e)
{
	const struct layer_apply_options opt = {.open_lower = open_lower,
						.ctx = lower};
	struct digest expected = digest_of(tar.p, tar.n);
	struct str_source in;
	struct digest got;
	uint64_t size;

	*e = (struct err){0};
	str_source_init(&in, tar, 777);
	if (layer_apply(dirfd, &in.source, &opt, &got, &size, e) < 0)
		return -1;
	assert_true(digest_eq(&got, &expected));
	assert_int_equal(size, tar.n);
	return 0;
}

static void escape(struct buf *out, const char *s)
{
	for (; *s; s++) {
		if (*s > 0x20 && *s < 0x7f && *s != '\\')
			buf_add_char(out, *s);
		else
			buf_printf(out, "\\x%02x", (unsigned char)*s);
	}
}

static void list_content(struct buf *out, struct tar_reader *r,
			 struct archive_entry *entry)
{
	SCOPED_FD int fd = memfd_create("content", MFD_CLOEXEC);
	SCOPED_BUF struct buf text = BUF_INIT(4096);
	struct err e;

	assert_true(fd >= 0);
	assert_int_equal(tar_reader_copy(r, entry, fd, &e), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(io_read_fd(fd, &text, "content", &e), 0);
	if (text.n)
		buf_printf(out, " %s", buf_c(&text));
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* libarchive gives them in no order to rely on. */
static void list_xattrs(struct buf *out, struct archive_entry *entry)
{
	char *lines[8];
	size_t n_lines = 0;
	const char *name;
	const void *value;
	size_t n;

	(void)archive_entry_xattr_reset(entry);
	while (archive_entry_xattr_next(entry, &name, &value, &n) == 0 &&
	       n_lines < ARRAY_LEN(lines))
		lines[n_lines++] = xasprintf("  %s=%.*s\n", name, (int)n,
					     (const char *)value);
	qsort(lines, n_lines, sizeof(*lines), by_text);
	for (size_t i = 0; i < n_lines; i++) {
		buf_add_c(out, lines[i]);
		free(lines[i]);
	}
}

static void list_entry(struct buf *out, struct tar_reader *r,
		       struct archive_entry *entry)
{
	const char *kind = "file";
	mode_t type = archive_entry_filetype(entry);

	if (archive_entry_hardlink(entry))
		kind = "hard";
	else if (type == AE_IFDIR)
		kind = "dir";
	else if (type == AE_IFLNK)
		kind = "link";
	else if (type == AE_IFIFO)
		kind = "fifo";
	else if (type == AE_IFCHR)
		kind = "char";
	buf_printf(out, "%s ", kind);
	if (strcmp(kind, "hard") != 0 && type != AE_IFLNK)
		buf_printf(out, "%04o ",
			   (unsigned)archive_entry_perm(entry) & 07777);
	escape(out, archive_entry_pathname(entry));
	if (out->p[out->n - 1] == '/')
		out->p[--out->n] = '\0';
	if (archive_entry_hardlink(entry)) {
		buf_add_char(out, ' ');
		escape(out, archive_entry_hardlink(entry));
	} else if (type == AE_IFLNK) {
		buf_add_char(out, ' ');
		escape(out, archive_entry_symlink(entry));
	} else if (type == AE_IFCHR) {
		buf_printf(out, " %u %u",
			   (unsigned)archive_entry_rdevmajor(entry),
			   (unsigned)archive_entry_rdevminor(entry));
	} else if (type == AE_IFREG) {
		list_content(out, r, entry);
	}
	buf_add_char(out, '\n');
	list_xattrs(out, entry);
}

static void list_tar(struct str tar, struct buf *out)
{
	struct archive_entry *entry;
	struct tar_reader r;
	struct str_source in;
	struct err e;
	int more;

	str_source_init(&in, tar, 1 << 20);
	assert_int_equal(tar_reader_open(&r, &in.source, 0, &e), 0);
	while ((more = tar_reader_next(&r, &entry, &e)) > 0)
		list_entry(out, &r, entry);
	assert_int_equal(more, 0);
	tar_reader_close(&r);
}

static void write_layer(int dirfd, struct buf_sink *out,
			struct layer_info *info)
{
	const struct layer_write_options opt = {.mtime_max_s = INT64_MAX};
	struct err e;

	buf_sink_init(out);
	if (layer_write(dirfd, &opt, &out->sink, info, &e) < 0)
		fail_msg("%s", e.msg);
}

/* What was written unpacks to what is written again. */
static void check_round_trip(struct str tar)
{
	SCOPED_TEMP_DIR dir;
	SCOPED(buf_sink_release) struct buf_sink again;
	struct layer_info info;
	int lower = -1;
	struct err e;

	temp_dir_make(&dir);
	if (apply(dir.fd, &lower, tar, &e) < 0)
		fail_msg("its own layer: %s", e.msg);
	write_layer(dir.fd, &again, &info);
	assert_int_equal(again.buf.n, tar.n);
	assert_memory_equal(again.buf.p, tar.p, tar.n);
}

static void check_result(int dirfd, struct str expected)
{
	SCOPED(buf_sink_release) struct buf_sink tar;
	SCOPED_BUF struct buf listing = BUF_INIT(1 << 20);
	SCOPED_PTR char *text = str_dup(expected);
	struct layer_info info;

	write_layer(dirfd, &tar, &info);
	list_tar(buf_str(&tar.buf), &listing);
	assert_string_equal(buf_c(&listing), text);
	check_round_trip(buf_str(&tar.buf));
}

static void run(struct str text, const char *name)
{
	SCOPED_TEMP_DIR dir;
	SCOPED_TEMP_DIR lower;
	SCOPED(buf_sink_release) struct buf_sink tar;
	struct str before;
	struct str after;
	const char *arrow = strstr(text.p, "\n=>\n");
	struct err e;

	assert_non_null(arrow);
	before = str_sub(text, 0, (size_t)(arrow - text.p));
	after = str_skip(text, before.n + strlen("\n=>\n"));
	temp_dir_make(&dir);
	temp_dir_make(&lower);
	buf_sink_init(&tar);
	make_tar(before, true, &tar);
	if (apply(lower.fd, &lower.fd, buf_str(&tar.buf), &e) < 0)
		fail_msg("lower layer: %s", e.msg);
	buf_clear(&tar.buf);
	make_tar(before, false, &tar);
	if (apply(dir.fd, &lower.fd, buf_str(&tar.buf), &e) < 0) {
		SCOPED_PTR char *expected = str_dup(str_trim(after));

		if (!str_starts(after, "error: ") ||
		    !strstr(e.msg, expected + strlen("error: ")))
			fail_msg("%s: '%s', expected '%s'", name, e.msg,
				 expected);
		return;
	}
	if (str_starts(after, "error: "))
		fail_msg("%s: was accepted", name);
	check_result(dir.fd, after);
}

static void fixture(void **state)
{
	const char *path = *state;
	SCOPED_BUF struct buf text = BUF_INIT(1 << 20);
	struct err e;

	assert_int_equal(io_read_file(AT_FDCWD, path, &text, &e), 1);
	if (strstr(buf_c(&text), "needs: root") && geteuid() != 0) {
		print_message("skipped: needs root\n");
		skip();
	}
	run(buf_str(&text), path);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_layer(const struct dirent *d)
{
	return str_ends(str_from(d->d_name), ".layer");
}

int main(void)
{
	SCOPED_PTR char *folder = fixtures_folder();
	struct dirent **names;
	int n = scandir(folder, &names, is_layer, by_name);
	struct CMUnitTest *tests;
	int result;

	if (n <= 0) {
		(void)fprintf(stderr, "no fixtures in %s\n", folder);
		return 1;
	}
	(void)umask(022);
	tests = xcalloc((size_t)n, sizeof(*tests));
	for (int i = 0; i < n; i++) {
		tests[i].name = names[i]->d_name;
		tests[i].test_func = fixture;
		tests[i].initial_state =
			xasprintf("%s/%s", folder, names[i]->d_name);
	}
	result = _cmocka_run_group_tests("layer fixtures", tests, (size_t)n,
					 NULL, NULL);
	for (int i = 0; i < n; i++) {
		free(tests[i].initial_state);
		free(names[i]);
	}
	free(names);
	free(tests);
	return result;
}
