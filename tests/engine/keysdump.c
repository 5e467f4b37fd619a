/* docs/keys.md from the tables of builder/engine/recipe_fields.c. */
#include "builder/engine/recipe_fields.h"

#include <stdio.h>

static const char head[] =
	"# What is in a step's key\n"
	"\n"
	"Written by `keysdump` from `builder/engine/recipe_fields.c`; don't "
	"edit "
	"it here.\n"
	"\n"
	"A key begins with its domain (`run/2`), the content of what the step "
	"is "
	"built on\n"
	"(`parent`; not for `COPY --link`, whose layer depends on no parent) "
	"and "
	"the\n"
	"components below. What is zero or empty makes none. `content` is the "
	"digest of the\n"
	"files that a source or mount selects, without times; `owners` says "
	"whether those\n"
	"of the source count.\n";

static void print_field(const struct field *f)
{
	if (f->type == FIELD_OTHER)
		printf("| %s | %s | %s |\n", f->name,
		       f->told_by ? "by other components" : "no",
		       f->told_by ? f->told_by : f->why_not);
	else
		printf("| %s | %s | %s |\n", f->name,
		       f->why_not ? "for some kinds" : "yes",
		       f->why_not ? f->why_not : "");
}

int main(void)
{
	fputs(head, stdout);
	for (size_t i = 0; FIELDS_ALL[i]; i++) {
		printf("\n## %s\n\n| field | in the key | told by, or why not "
		       "|\n"
		       "|---|---|---|\n",
		       FIELDS_ALL[i]->of);
		for (size_t k = 0; k < FIELDS_ALL[i]->n; k++)
			print_field(&FIELDS_ALL[i]->v[k]);
	}
	return 0;
}
