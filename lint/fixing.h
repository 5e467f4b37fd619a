/* A fix in the making, and the functions that make them. Internal. */
#ifndef LINT_FIXING_H
#define LINT_FIXING_H

#include "base/vec.h"
#include "lint/context.h"
#include "lint/edit.h"

struct fix_rule;

struct fixing {
	const struct lint *lint;
	const struct fix_rule *rule;
	const struct diag *diag;
	const struct lint_item *item; /* that the finding is in; NULL */
	bool lower;		      /* most keywords are in lower case */
	VEC(struct edit) edits;	      /* none: there is no safe fix */
};

typedef void fix_function(struct fixing *f);

struct fix_rule {
	const char *id;
	const char *title;
	fix_function *make;
	const char *text;  /* what is added */
	const char *words; /* behind one of these words */
	bool unsafe;
};

/* text is borrowed: static, or in the arena. */
void fixing_replace(struct fixing *f, struct span span, struct str text);
void fixing_insert(struct fixing *f, uint32_t offset, struct str text);

/* fix_instructions.c */
fix_function fix_casing;
fix_function fix_as_casing;
fix_function fix_stage_casing;
fix_function fix_platform;
fix_function fix_legacy_pair;
fix_function fix_maintainer;
fix_function fix_json_form;
fix_function fix_add;
fix_function fix_copy_target;
fix_function fix_expose_casing;
fix_function fix_expose_format;
fix_function fix_empty_lines;

/* fix_commands.c */
fix_function fix_add_option;
fix_function fix_apt;
fix_function fix_apt_lists;
fix_function fix_clean;

#endif
