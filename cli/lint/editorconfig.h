/*
 * .editorconfig, as far as the formatter asks: how lines of a file are indented
 * and end. Reference: spec.editorconfig.org.
 */
#ifndef CLI_LINT_EDITORCONFIG_H
#define CLI_LINT_EDITORCONFIG_H

#include "base/err.h"
#include "lint/fmt.h"

/*
 * Set in options what the .editorconfig files of path's folder and of those
 * above it, up to one that says root=true, say about path: indent_style,
 * indent_size (or tab_width), end_of_line, and binary_next_line as shfmt has
 * it. What they say of other things, and what they don't say, stays.
 * ERR_INVALID, ERR_SYS where a file can't be read.
 */
int editorconfig_read(const char *path, struct fmt_options *options,
		      struct err *e);

/* Whether a section's pattern means path, which is relative to its file. */
bool editorconfig_matches(const char *pattern, const char *path);

#endif
