/* Findings as text: hadolint's formats, and one of our own with carets. */
#ifndef CLI_LINT_FORMAT_H
#define CLI_LINT_FORMAT_H

#include "base/buf.h"
#include "cli/text.h"
#include "lint/lint.h"

struct lint_format;

/* NULL for an unknown name. */
const struct lint_format *lint_format_find(const char *name);
/* Its reader is an engine that takes any status but 0 for a crash. */
bool lint_format_exits_0(const struct lint_format *format);
/* "tty, json, ..." for messages. */
extern const char lint_format_names[];

/* A report in the making: files are added one after the other. */
struct lint_report {
	const struct lint_format *format;
	struct buf *out;  /* may be emptied between the calls */
	const char *path; /* --file-path-in-report: instead of names; NULL */
	bool color;
	size_t n_findings; /* so far */
};

/* How its text is to be shown. */
enum text_as lint_report_as(const struct lint_report *report);

void lint_report_begin(struct lint_report *report);
void lint_report_file(struct lint_report *report, const struct lint_file *file);
void lint_report_end(struct lint_report *report);

#endif
