#include "cli/failure.h"

#include "cli/commands.h"
#include "cli/excerpt.h"

enum { TAIL_LINES = 20 };

static void add_tail(struct buf *out, const struct build_failure *why)
{
	struct str tail = buf_str(&why->tail);
	size_t n_lines = 0;
	size_t at = tail.n;

	while (at > 0 && n_lines < TAIL_LINES)
		if (tail.p[--at] == '\n' && at + 1 < tail.n)
			n_lines++;
	if (n_lines == TAIL_LINES)
		at++;
	tail = str_skip(tail, at);
	if (tail.n == 0)
		return;
	buf_printf(out,
		   "------ last lines of its output:\n%.*s%s------ all of "
		   "it: %s\n",
		   STR_ARG(tail), str_ends(tail, "\n") ? "" : "\n",
		   why->log_path);
}

void failure_add(struct buf *out, const struct source *source,
		 const struct build_failure *why, const struct err *e)
{
	if (e->code == ERR_CANCELLED) {
		buf_add_c(out,
			  "imgbuild: cancelled; what was built stays cached\n");
		return;
	}
	if (why->step) {
		add_tail(out, why);
		excerpt_add(out, source, why->step->span);
	}
	report_add(out, e);
}
