/*
 * The scripts go to numbered files in a folder of their own; the numbers find
 * the way back. jansson reads the answer.
 */
#include "cli/lint/shellcheck.h"

#include "base/io.h"
#include "base/subprocess.h"
#include "base/vec.h"
#include "lint/shellcheck.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct entry {
	struct lint_file *file;
	const struct lint_script *script;
	unsigned first_line;
};

struct batch {
	char *folder; /* "/tmp/imgbuild-lint-XXXXXX" */
	VEC(struct entry) entries;
	VEC(char *) paths;
};

/* A call takes this many scripts: the kernel limits a command line. */
enum { BATCH_MAX = 8000, SCRIPT_MAX_BYTES = 16 << 20 };

static int write_script(struct batch *b, struct lint_file *file,
			const struct lint_script *script, struct err *e)
{
	SCOPED_BUF struct buf text = BUF_INIT(SCRIPT_MAX_BYTES);
	struct entry *entry = vec_push(&b->entries);
	char *path = xasprintf("%s/%zu", b->folder, b->entries.n - 1);
	SCOPED_FD int fd = -1;

	*vec_push(&b->paths) = path;
	entry->file = file;
	entry->script = script;
	shellcheck_text(&text, script, &entry->first_line);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(e, "create %s", path);
	return io_write_all(fd, text.p, text.n, path, e);
}

static unsigned number(const json_t *comment, const char *name)
{
	json_int_t value = json_integer_value(json_object_get(comment, name));

	return value > 0 && value < UINT32_MAX ? (unsigned)value : 1;
}

static enum diag_severity severity(const json_t *comment)
{
	const char *level =
		json_string_value(json_object_get(comment, "level"));

	if (level && strcmp(level, "error") == 0)
		return DIAG_ERROR;
	if (level && strcmp(level, "warning") == 0)
		return DIAG_WARNING;
	return level && strcmp(level, "info") == 0 ? DIAG_INFO : DIAG_STYLE;
}

static unsigned script_line(const struct entry *entry, unsigned line)
{
	return line >= entry->first_line ? line - entry->first_line + 1 : 1;
}

static void take_comment(struct batch *b, const json_t *comment)
{
	const char *path = json_string_value(json_object_get(comment, "file"));
	const char *text =
		json_string_value(json_object_get(comment, "message"));
	const char *slash = path ? strrchr(path, '/') : NULL;
	unsigned code = number(comment, "code");
	const struct entry *entry;
	struct span span;
	uint64_t index;

	if (!slash || !text || b->entries.n == 0 ||
	    !str_to_u64(str_from(slash + 1), b->entries.n - 1, &index) ||
	    lint_shellcheck_excluded(code))
		return;
	entry = &b->entries.v[index];
	if (number(comment, "line") < entry->first_line)
		return;
	span = shellcheck_span(entry->script,
			       script_line(entry, number(comment, "line")),
			       number(comment, "column"),
			       script_line(entry, number(comment, "endLine")),
			       number(comment, "endColumn"));
	(void)diag_add(&entry->file->diags,
		       arena_printf(entry->file->arena, "SC%u", code).p,
		       severity(comment), span, "%s", text);
}

static int take_answer(struct batch *b, struct str answer, struct err *e)
{
	const char *start = answer.n ? memchr(answer.p, '{', answer.n) : NULL;
	json_error_t problem;
	json_t *root;
	size_t i;
	json_t *comment;

	if (!start)
		return err_set(e, ERR_FAILED, "shellcheck: %.*s",
			       answer.n > 200 ? 200 : (int)answer.n, answer.p);
	root = json_loadb(start, answer.n - (size_t)(start - answer.p),
			  JSON_DISABLE_EOF_CHECK, &problem);
	if (!root)
		return err_set(e, ERR_CORRUPT, "shellcheck's answer: %s",
			       problem.text);
	json_array_foreach(json_object_get(root, "comments"), i, comment)
		take_comment(b, comment);
	json_decref(root);
	return 0;
}

/* 1 done, 0 no such program, -1 error. */
static int call(struct batch *b, struct err *e)
{
	SCOPED_BUF struct buf answer = BUF_INIT(256u << 20);
	VEC(const char *) argv = {0};
	int status;
	int result;

	*vec_push(&argv) = "shellcheck";
	*vec_push(&argv) = "--norc";
	*vec_push(&argv) = "--format=json1";
	for (size_t i = 0; i < b->paths.n; i++)
		*vec_push(&argv) = b->paths.v[i];
	*vec_push(&argv) = NULL;
	result = subprocess_run(argv.v, &answer, &status, e);
	vec_release(&argv);
	if (result < 0)
		return e->code == ERR_NOT_FOUND ? 0 : -1;
	if (buf_check(&answer, "shellcheck's answer", e) < 0)
		return -1;
	return take_answer(b, buf_str(&answer), e) < 0 ? -1 : 1;
}

static void clear(struct batch *b)
{
	for (size_t i = 0; i < b->paths.n; i++) {
		(void)unlink(b->paths.v[i]); /* the folder is ours alone */
		free(b->paths.v[i]);
	}
	b->paths.n = 0;
	b->entries.n = 0;
}

static int run_all(struct batch *b, struct lint_file *const *files, size_t n,
		   struct err *e)
{
	int result = 1;

	for (size_t i = 0; i < n && result > 0; i++)
		for (size_t k = 0; k < files[i]->n_scripts && result > 0; k++) {
			if (!shellcheck_knows(&files[i]->scripts[k]))
				continue;
			if (write_script(b, files[i], &files[i]->scripts[k],
					 e) < 0)
				return -1;
			if (b->entries.n < BATCH_MAX)
				continue;
			result = call(b, e);
			clear(b);
		}
	return result > 0 && b->entries.n ? call(b, e) : result;
}

int lint_shellcheck(struct lint_file *const *files, size_t n, struct err *e)
{
	const char *tmp = getenv("TMPDIR");
	struct batch b = {0};
	size_t n_scripts = 0;
	int result;

	for (size_t i = 0; i < n; i++)
		n_scripts += files[i]->n_scripts;
	if (n_scripts == 0)
		return 1;
	b.folder = xasprintf("%s/imgbuild-lint-XXXXXX",
			     tmp && *tmp ? tmp : "/tmp");
	if (!mkdtemp(b.folder)) {
		result = err_sys(e, "create %s", b.folder);
	} else {
		result = run_all(&b, files, n, e);
		clear(&b);
		(void)rmdir(b.folder); /* empty by now */
	}
	free(b.folder);
	vec_release(&b.entries);
	vec_release(&b.paths);
	return result;
}
