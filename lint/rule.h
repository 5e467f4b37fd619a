/*
 * The rule table: what there is to find, and who finds it.
 */
#ifndef LINT_RULE_H
#define LINT_RULE_H

#include "parser/diag.h"

#include <stdbool.h>
#include <stddef.h>

struct lint;
struct rule;

typedef void rule_function(struct lint *l, const struct rule *rule);

struct rule {
	const char *id;
	const char *alias; /* the id in BuildKit's set; NULL */
	enum diag_severity severity;
	bool off; /* runs only where its severity is overridden */
	bool experimental;
	const char *summary;  /* one sentence */
	const char *why;      /* documentation: why, and what to do */
	rule_function *check; /* NULL: another rule's function reports it */
	const void *data;     /* for functions that several rules share */
	unsigned since;	      /* the rules' version that brought it; 0: 1 */
};

/*
 * Grows with every release that has a new rule, or one that finds more: who
 * pins an older version keeps the findings of then.
 */
enum { RULES_VERSION = 1 };

extern const struct rule rules[];
extern const size_t rules_n;

/* By id or alias, in any case; NULL. */
const struct rule *rule_find(struct str id);
/* version had the rule; 0 is the newest. */
bool rule_is_in(const struct rule *rule, unsigned version);
/* The id is BuildKit's: "StageNameCasing". */
bool rule_is_buildkit(const char *id);

#endif
