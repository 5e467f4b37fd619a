/*
 * What rules look at: the instructions in order, ONBUILD's triggers among
 * them, each with its stage, and the parsed script of every RUN.
 */
#ifndef LINT_CONTEXT_H
#define LINT_CONTEXT_H

#include "base/strmap.h"
#include "lint/lint.h"
#include "lint/rule.h"

#define NO_STAGE ((size_t)-1)

struct lint_run {
	bool posix;	  /* false for PowerShell and cmd: script is empty */
	struct str shell; /* as SHELL or a pragma gave it */
	bool pipefail;	  /* the shell stops at a failing pipe */
	struct lint_names names; /* of ARG and ENV, set so far */
	struct shell_text text;
	struct shell_script script;
};

struct lint_item {
	const struct instruction *in; /* ONBUILD itself is not listed */
	size_t stage;		      /* NO_STAGE before the first FROM */
	bool onbuild;
	size_t from;		    /* the stage that COPY --from names */
	const struct lint_run *run; /* RUN's */
};

struct lint_stage {
	const struct stage *stage;
	size_t base;  /* the stage that it begins from, or NO_STAGE */
	bool used;    /* a later stage begins from it or copies from it */
	bool is_base; /* a later stage begins from it */
	size_t first; /* its items: first..end */
	size_t end;
};

struct lint {
	struct arena *arena;
	const struct dockerfile *df;
	const struct lint_options *options;
	struct diags *diags;
	const struct lint_item *items;
	size_t n_items;
	const struct lint_stage *stages;
	size_t n_stages;
};

/* Report rule at span. The alias is the rule's; clear it where it is not met.
 */
struct diag *lint_report(struct lint *l, const struct rule *rule,
			 struct span span, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* The same at a part of run's script. */
struct diag *lint_report_script(struct lint *l, const struct rule *rule,
				const struct lint_run *run, struct span part,
				const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/* text without one pair of quotes around it. */
struct str lint_unquote(struct str text);
/* A word's value where no variable is in it, with quotes removed. */
struct str lint_plain(const struct word *word);
bool lint_has_variable(const struct word *word);
/* item's layer may reach an image: its stage is the last, or another's base. */
bool lint_is_kept(const struct lint *l, const struct lint_item *item);

/* Fills items, stages and runs; scripts for ShellCheck go to f. */
void lint_context_make(struct lint *l, struct lint_file *f);

#define FOR_ITEMS(l, item)                              \
	for (const struct lint_item *item = (l)->items; \
	     item < (l)->items + (l)->n_items; item++)

/*
 * The next of all names, from *i = 0 on; NULL behind the last. Of very long
 * chains of stages the lowest are left out.
 */
const struct str *lint_names_next(struct lint_names *names, size_t *i);

/* Commands. */

/*
 * Commands without what only runs them: "exec a b" is a b, as with command,
 * builtin and busybox, where no flag follows.
 */
void commands_unwrap(struct arena *a, struct shell_script *script);
bool command_is(const struct shell_command *c, const char *name);
/* name is one of the words in names, which blanks separate. */
bool name_in(struct str name, const char *names);
bool command_has_arg(const struct shell_command *c, const char *arg);
/* -y alone or in a cluster, or --yes with or without a value. */
bool command_has_flag(const struct shell_command *c, const char *flag);
bool command_has_any_flag(const struct shell_command *c, const char *flags);
/*
 * rm or find of something in folder. Any rm -rf will do, as for hadolint: what
 * it deletes is often in a variable, or a folder above.
 */
bool command_deletes(const struct shell_command *c, const char *folder);

/*
 * What of a command's words is no flag, one after the other. Flags named in
 * value_flags ("t target-release") take the next word with them.
 */
struct operands {
	const struct shell_command *command;
	const char *value_flags;
	size_t i;
	bool only; /* -- was seen */
};
struct operands operands_of(const struct shell_command *c,
			    const char *value_flags);
const struct shell_word *operand_next(struct operands *o);

bool str_has(struct str s, const char *part);

/* RUN --mount=type=cache or tmpfs at folder, or above it. */
bool run_has_cache(const struct instruction *in, const char *folder);

#endif
