#include "cli/lint/output.h"

#include "base/io.h"

#include <string.h>
#include <unistd.h>

struct lint_output {
	struct lint_report report;
	struct buf text;
	struct io_output file; /* fd -1: fd below */
	int fd;
	bool waits; /* until the reports before it are out: they share fd */
};

enum { FLUSH_BYTES = 64 << 10, REPORT_MAX_BYTES = 1 << 30 };

static bool is_stdout(const char *name)
{
	return !*name || strcmp(name, "-") == 0;
}

int lint_outputs_open(struct lint_outputs *o, const struct lint_settings *s,
		      const char *path, int fd, struct err *e)
{
	bool taken = false;

	for (size_t i = 0; i < s->formats.n; i++) {
		const char *name = i < s->outputs.n ? s->outputs.v[i] : "";
		struct lint_output *one = xcalloc(1, sizeof(*one));

		*vec_push(&o->v) = one;
		one->text = BUF_INIT(REPORT_MAX_BYTES);
		one->file.fd = -1;
		one->fd = fd;
		one->report = (struct lint_report){
			.format = lint_format_find(s->formats.v[i]),
			.out = &one->text,
			.path = path,
			.color = !s->no_color && isatty(STDOUT_FILENO),
		};
		if (is_stdout(name)) {
			one->waits = taken;
			taken = true;
		} else if (io_output_open(&one->file, name, e) < 0) {
			return -1;
		}
		lint_report_begin(&one->report);
	}
	return 0;
}

static int flush(struct lint_output *o, struct err *e)
{
	int fd = o->file.fd >= 0 ? o->file.fd : o->fd;
	SCOPED_BUF struct buf safe = BUF_INIT(6 * o->text.n + 4096);
	int result = buf_check(&o->text, "the report", e);

	text_add(&safe, buf_str(&o->text), lint_report_as(&o->report));
	if (result == 0)
		result = io_write_all(fd, safe.p, safe.n, "the report", e);
	buf_clear(&o->text);
	return result;
}

int lint_outputs_add(struct lint_outputs *o, const struct lint_file *file,
		     struct err *e)
{
	for (size_t i = 0; i < o->v.n; i++) {
		struct lint_output *one = o->v.v[i];

		lint_report_file(&one->report, file);
		if (one->text.n > FLUSH_BYTES && !one->waits &&
		    flush(one, e) < 0)
			return -1;
	}
	return 0;
}

int lint_outputs_commit(struct lint_outputs *o, struct err *e)
{
	for (size_t i = 0; i < o->v.n; i++) {
		struct lint_output *one = o->v.v[i];

		lint_report_end(&one->report);
		if (flush(one, e) < 0 ||
		    (one->file.fd >= 0 && io_output_commit(&one->file, e) < 0))
			return -1;
	}
	return 0;
}

void lint_outputs_release(struct lint_outputs *o)
{
	for (size_t i = 0; i < o->v.n; i++) {
		io_output_release(&o->v.v[i]->file);
		buf_release(&o->v.v[i]->text);
		free(o->v.v[i]);
	}
	vec_release(&o->v);
}
