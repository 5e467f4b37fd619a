/* The table of fixes, and fixing a text until nothing is left to fix. */
#include "lint/fix.h"

#include "lint/fixing.h"

#include <string.h>

static const struct fix_rule fixes[] = {
	{"DL3009", "Delete the package lists at the end of the RUN",
	 fix_apt_lists, "rm -rf /var/lib/apt/lists/*", NULL},
	{"DL3014", "Add -y", fix_add_option, " -y", "install"},
	/* a package may need what it only recommends */
	{"DL3015", "Add --no-install-recommends", fix_add_option,
	 " --no-install-recommends", "install", true},
	{"DL3019", "Add --no-cache", fix_add_option, " --no-cache", "add"},
	{"DL3020", "Use COPY", fix_add, NULL, NULL},
	{"DL3021", "Add a slash to the destination", fix_copy_target, NULL,
	 NULL},
	{"DL3025", "Write a JSON array", fix_json_form, NULL, NULL},
	{"DL3027", "Use apt-get or apt-cache", fix_apt, NULL, NULL},
	{"DL3030", "Add -y", fix_add_option, " -y",
	 "install groupinstall localinstall reinstall update upgrade"},
	{"DL3032", "Clean up at the end of the RUN", fix_clean, " clean all",
	 NULL},
	{"DL3034", "Add --non-interactive", fix_add_option,
	 " --non-interactive", "zypper"},
	{"DL3036", "Clean up at the end of the RUN", fix_clean, " clean", NULL},
	{"DL3038", "Add -y", fix_add_option, " -y",
	 "install groupinstall localinstall reinstall update upgrade"},
	{"DL3040", "Clean up at the end of the RUN", fix_clean, " clean all",
	 NULL},
	{"DL3042", "Add --no-cache-dir", fix_add_option, " --no-cache-dir",
	 "install"},
	{"DL3046", "Add -l", fix_add_option, " -l", "useradd"},
	{"DL3060", "Clean up at the end of the RUN", fix_clean, " cache clean",
	 NULL},
	{"DL3065", "Remove the flag", fix_platform, NULL, NULL},
	{"DL4000", "Write a LABEL", fix_maintainer, NULL, NULL},
	{"ConsistentInstructionCasing", "Write the keyword as the others are",
	 fix_casing, NULL, NULL},
	{"ExposeInvalidFormat", "Keep the container's port only",
	 fix_expose_format, NULL, NULL},
	{"ExposeProtoCasing", "Write the protocol in lower case",
	 fix_expose_casing, NULL, NULL},
	{"FromAsCasing", "Write AS as FROM is", fix_as_casing, NULL, NULL},
	{"LegacyKeyValueFormat", "Write key=value", fix_legacy_pair, NULL,
	 NULL},
	{"NoEmptyContinuation", "Remove the empty lines", fix_empty_lines, NULL,
	 NULL},
	{"StageNameCasing", "Write the name in lower case, wherever it stands",
	 fix_stage_casing, NULL, NULL},
};

static const struct fix_rule *find(const char *id)
{
	for (size_t i = 0; i < ARRAY_LEN(fixes); i++)
		if (strcmp(fixes[i].id, id) == 0)
			return &fixes[i];
	return NULL;
}

const char *fix_title(const char *id)
{
	const struct fix_rule *rule = find(id);

	return rule ? rule->title : NULL;
}

bool fix_is_unsafe(const char *id)
{
	const struct fix_rule *rule = find(id);

	return rule && rule->unsafe;
}

void fixing_replace(struct fixing *f, struct span span, struct str text)
{
	if (!str_eq(source_text(f->lint->df->source, span), text))
		*vec_push(&f->edits) = (struct edit){span, text};
}

void fixing_insert(struct fixing *f, uint32_t offset, struct str text)
{
	fixing_replace(f, (struct span){offset, offset}, text);
}

static const struct lint_item *item_at(const struct lint *l, uint32_t offset)
{
	size_t low = 0;
	size_t high = l->n_items;

	/* how many items begin at offset or before */
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (l->items[middle].in->span.offset <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0 || l->items[low - 1].in->span.end < offset)
		return NULL;
	return &l->items[low - 1];
}

/* As ConsistentInstructionCasing counts. */
static bool most_are_lower(const struct dockerfile *df)
{
	size_t n_lower = 0;
	size_t n_upper = 0;

	for (size_t i = 0; i < df->n_instructions; i++) {
		struct str word =
			source_text(df->source, df->instructions[i].keyword);
		bool lower = false;
		bool upper = false;

		for (size_t k = 0; k < word.n; k++) {
			lower |= word.p[k] >= 'a';
			upper |= word.p[k] < 'a';
		}
		n_lower += lower && !upper;
		n_upper += upper && !lower;
	}
	return n_lower > n_upper;
}

static const struct fix *take(struct lint *l, const struct fixing *f)
{
	struct edit *edits;
	struct fix *fix;

	if (f->edits.n == 0)
		return NULL;
	fix = arena_new(l->arena, struct fix);
	edits = arena_new_array(l->arena, f->edits.n, struct edit);
	memcpy(edits, f->edits.v, f->edits.n * sizeof(*edits));
	*fix = (struct fix){f->rule->title, edits, f->edits.n, f->rule->unsafe};
	return fix;
}

void fixes_attach(struct lint *l)
{
	struct fixing f = {.lint = l, .lower = most_are_lower(l->df)};

	/* a mistake already, and texts are made with printf here */
	if (str_find(l->df->source->text, '\0') >= 0)
		return;
	for (size_t i = 0; i < l->diags->n; i++) {
		struct diag *diag = &l->diags->v[i];

		f.rule = find(diag->id);
		if (!f.rule)
			continue;
		f.diag = diag;
		f.item = item_at(l, diag->span.offset);
		f.edits.n = 0;
		f.rule->make(&f);
		diag->fix = take(l, &f);
	}
	vec_release(&f.edits);
}

/* Fixing a whole text. */

struct round {
	struct arena arena;
	struct buf text;
	struct source source;
	struct lint_file file;
	size_t n_mistakes; /* of the parser's, ignored ones too */
};

/* Takes the content of text. */
static struct round *round_new(struct buf *text,
			       const struct lint_options *options)
{
	struct round *r = xcalloc(1, sizeof(*r));

	r->text = *text;
	*text = BUF_INIT(text->max_bytes);
	source_init(&r->source, &r->arena, STR("Dockerfile"),
		    buf_str(&r->text));
	lint_begin(&r->file, &r->arena, &r->source, options);
	for (size_t i = 0; i < r->file.diags.n; i++)
		r->n_mistakes += strcmp(r->file.diags.v[i].id, "DL1000") == 0;
	lint_finish(&r->file);
	return r;
}

static void round_free(struct round *r)
{
	lint_release(&r->file);
	arena_release(&r->arena);
	buf_release(&r->text);
	free(r);
}

static size_t apply(struct round *r, struct buf *out)
{
	const struct diags *diags = &r->file.diags;
	const struct fix **found =
		arena_new_array(&r->arena, diags->n, const struct fix *);
	size_t n = 0;

	for (size_t i = 0; i < diags->n; i++)
		if (diags->v[i].fix &&
		    (!diags->v[i].fix->unsafe || r->file.options->unsafe_fixes))
			found[n++] = diags->v[i].fix;
	return n ? edits_apply(out, r->source.text, found, n) : 0;
}

/* The round after *r, which is then gone; 0 where there is nothing to fix. */
static size_t next_round(struct round **r, const struct lint_options *options)
{
	SCOPED_BUF struct buf text = BUF_INIT(SOURCE_MAX_BYTES);
	size_t n = apply(*r, &text);
	struct round *next;

	if (n == 0 || text.over)
		return 0;
	next = round_new(&text, options);
	/* no fix makes a mistake; if one does, it is not done */
	if (next->n_mistakes > (*r)->n_mistakes) {
		round_free(next);
		return 0;
	}
	round_free(*r);
	*r = next;
	return n;
}

/* A fix uncovers another a few times; more rounds than this are a mistake. */
enum { ROUNDS_MAX = 50 };

size_t fix_text(struct buf *out, struct str text,
		const struct lint_options *options)
{
	SCOPED_BUF struct buf first = BUF_INIT(SOURCE_MAX_BYTES);
	struct lint_options with_fixes = *options;
	struct round *r;
	size_t n_all = 0;
	size_t n;

	with_fixes.fixes = true;
	buf_add_str(&first, text);
	r = round_new(&first, &with_fixes);
	for (unsigned i = 0; i < ROUNDS_MAX; i++) {
		n = next_round(&r, &with_fixes);
		if (n == 0)
			break;
		n_all += n;
	}
	buf_add_str(out, buf_str(&r->text));
	round_free(r);
	return n_all;
}
