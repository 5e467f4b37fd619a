/* Findings as text: hadolint's formats, and one of our own with carets. */
#ifndef CLI_LINT_FORMAT_H
#define CLI_LINT_FORMAT_H

#include "base/buf.h"
#include "lint/lint.h"

struct lint_report {
	const struct lint_file *const *files;
	size_t n_files;
	const char *path; /* --file-path-in-report: instead of names; NULL */
	bool color;
};

typedef void lint_format_function(struct buf *out,
				  const struct lint_report *report);

/* NULL for an unknown name. */
lint_format_function *lint_format_find(const char *name);
/* "tty, json, ..." for messages. */
extern const char lint_format_names[];

#endif
