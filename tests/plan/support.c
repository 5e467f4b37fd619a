#include "tests/plan/support.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

void workbench_make(struct workbench *w, const char *source, const char *lower)
{
	*w = (struct workbench){0};
	temp_dir_make(&w->dir);
	put_tree(w->dir.fd, "outside/secret=precious");
	w->source_fd = put_folder(w->dir.fd, "source", source);
	w->lower_fd = put_folder(w->dir.fd, "lower", lower);
	w->upper_fd = put_folder(w->dir.fd, "upper", "");
	w->source = (struct view){
		.layer_fds = &w->source_fd, .n_layers = 1, .plain = true};
	w->tree = (struct source_tree){.view = w->source};
	w->lower = (struct view){.layer_fds = &w->lower_fd, .n_layers = 1};
	target_init(&w->target, &w->lower, w->upper_fd);
	w->opt = (struct copy_options){
		.has_owner = true,
		.owner = {.uid = geteuid(), .gid = getegid()}};
}

void workbench_remove(struct workbench *w)
{
	SCOPED_BUF struct buf outside = BUF_INIT(1000);
	int fd;

	target_release(&w->target);
	(void)close(w->source_fd);
	(void)close(w->lower_fd);
	(void)close(w->upper_fd);
	fd = put_folder(w->dir.fd, "outside", "");
	tree_text(&outside, fd);
	(void)close(fd);
	assert_string_equal(buf_c(&outside), "secret=precious");
	temp_dir_remove(&w->dir);
}

int workbench_copy(struct workbench *w, const char *source, const char *dest,
		   struct err *e)
{
	SCOPED_ARENA struct arena a = {0};
	struct selection found = {0};
	int result = source_select(&w->tree, &a, str_from(source), &found, e);

	for (size_t i = 0; result == 0 && i < found.v.n; i++)
		result = copy_selected(&w->tree, &found.v.v[i], &w->target,
				       str_from(dest), &w->opt, e);
	vec_release(&found.v);
	return result;
}

/* POSIX.1-1988, ustar */
struct tar_header {
	char name[100];
	char mode[8];
	char uid[8];
	char gid[8];
	char size[12];
	char mtime[12];
	char checksum[8];
	char type;
	char link[100];
	char magic[8];
	char owner[32];
	char group[32];
	char major[8];
	char minor[8];
	char rest[167];
};

static void octal(char *field, size_t size, unsigned long value)
{
	for (size_t i = size - 1; i > 0; i--, value /= 8)
		field[i - 1] = (char)('0' + value % 8);
}

static void add_entry(struct buf *out, char type, const char *name,
		      const char *link, struct str content)
{
	struct tar_header h = {.type = type, .magic = "ustar"};
	unsigned sum = 0;
	static const char zeros[512];

	(void)snprintf(h.name, sizeof(h.name), "%s", name);
	(void)snprintf(h.link, sizeof(h.link), "%s", link);
	h.magic[6] = '0';
	h.magic[7] = '0';
	octal(h.mode, sizeof(h.mode), type == '5' ? 0755 : 0644);
	octal(h.uid, sizeof(h.uid), geteuid());
	octal(h.gid, sizeof(h.gid), getegid());
	octal(h.size, sizeof(h.size), content.n);
	octal(h.mtime, sizeof(h.mtime), 1000);
	octal(h.major, sizeof(h.major), 1);
	octal(h.minor, sizeof(h.minor), 3);
	memset(h.checksum, ' ', sizeof(h.checksum));
	for (size_t i = 0; i < sizeof(h); i++)
		sum += ((const unsigned char *)&h)[i];
	octal(h.checksum, 7, sum);
	buf_add(out, &h, sizeof(h));
	buf_add_str(out, content);
	buf_add(out, zeros, (512 - content.n % 512) % 512);
}

static void add_item(struct buf *out, char *item)
{
	char *hard = strstr(item, "=>");
	char *soft = strstr(item, "->");
	char *equals = strchr(item, '=');
	char *last = item + strlen(item) - 1;
	char kind = *last;
	const struct str none = {0};

	if (hard) {
		*hard = '\0';
		add_entry(out, '1', item, hard + 2, none);
	} else if (soft) {
		*soft = '\0';
		add_entry(out, '2', item, soft + 2, none);
	} else if (equals) {
		*equals = '\0';
		add_entry(out, '0', item, "", str_from(equals + 1));
	} else if (kind == '/') {
		add_entry(out, '5', item, "", none);
	} else {
		*last = '\0';
		add_entry(out, kind == '|' ? '6' : '3', item, "", none);
	}
}

void put_tar(int dirfd, const char *name, const char *text)
{
	SCOPED_BUF struct buf out = BUF_INIT(1u << 24);
	static const char end[1024];
	struct str rest = str_from(text);
	struct str item;

	_Static_assert(sizeof(struct tar_header) == 512, "one block");
	while (rest.n) {
		SCOPED_PTR char *copy = NULL;

		(void)str_cut(rest, ' ', &item, &rest);
		copy = str_dup(item);
		if (*copy)
			add_item(&out, copy);
	}
	buf_add(&out, end, sizeof(end));
	put_file(dirfd, name, buf_str(&out), 0644);
}
