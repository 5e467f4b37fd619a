/* Instructions whose arguments are words: all but those that hold commands. */
#include "parser/parse.h"

#include "parser/argument.h"
#include "parser/utf8.h"

#include <stdlib.h>
#include <string.h>

static void need_one_argument(struct parse *p)
{
	struct diag *diag;

	diag = parse_report(p, "missing-argument", (struct str){0},
			    "%s needs an argument", p->info->name);
	parse_hint(p, diag, "the form is: %.*s",
		   (int)strcspn(p->info->forms, "\n"), p->info->forms);
}

static bool expands(const struct parse *p)
{
	return p->info->expansion != EXPAND_NONE;
}

static void push_word(struct parse *p, struct str text, struct str part)
{
	struct span span = line_span(p->line, part);

	*vec_push(&p->words) = expands(p) ? parse_expanding(p, text, span)
					  : parse_plain(text, span);
}

/* The arguments of a list into p->words: JSON's strings, or cut at blanks. */
static void read_words(struct parse *p)
{
	struct str rest = p->args;
	struct str word;

	p->words.n = 0;
	if (p->json_result == JSON_STRINGS) {
		for (size_t i = 0; i < p->json.n; i++)
			push_word(p, p->json.v[i].value, p->json.v[i].raw);
		return;
	}
	while (argument_blank(&rest, &word))
		push_word(p, word, word);
}

static int compare_heredocs(const void *a, const void *b)
{
	const struct heredoc *x = *(const struct heredoc *const *)a;
	const struct heredoc *y = *(const struct heredoc *const *)b;
	int c = str_cmp(x->name, y->name);

	return c ? c : (x > y) - (x < y);
}

/* The heredocs that were read, by name. */
struct heredoc_index {
	const struct heredoc **v;
	size_t n;
};

static struct heredoc_index index_heredocs(const struct parse *p)
{
	struct heredoc_index index = {NULL, p->heredocs.n};

	index.v = arena_new_array(p->arena, index.n, const struct heredoc *);
	for (size_t i = 0; i < index.n; i++)
		index.v[i] = &p->heredocs.v[i];
	if (index.n)
		qsort(index.v, index.n, sizeof(*index.v), compare_heredocs);
	return index;
}

/* The last of that name: BuildKit keeps them in a map. */
static const struct heredoc *find_heredoc(const struct heredoc_index *index,
					  struct str name)
{
	size_t low = 0;
	size_t high = index->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (str_cmp(index->v[middle]->name, name) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0 || !str_eq(index->v[low - 1]->name, name))
		return NULL;
	return index->v[low - 1];
}

static void parse_content(struct parse *p, struct heredoc *h)
{
	struct word_error we;
	struct span span = h->body;

	if (!h->expand ||
	    word_parse_content(p->arena, h->content, &h->template, &we) == 0)
		return;
	p->failed = true;
	if (h->content.p == h->raw.p)
		span.offset += (uint32_t)we.offset;
	span.end = span.offset + (span.offset < span.end);
	diag_add(p->diags, "bad-substitution", p->severity, span, "%.*s",
		 STR_ARG(we.text));
}

static size_t count_arrows(const struct parse *p, size_t n)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++)
		found += heredoc_possible(p->words.v[i].text);
	return found;
}

/* word is a source: true where it names a heredoc, with *out complete. */
static bool take_heredoc(struct parse *p, const struct heredoc_index *index,
			 struct str word, struct heredoc *out)
{
	const struct heredoc *body;

	if (!heredoc_possible(word) || !heredoc_parse_word(p->arena, word, out))
		return false;
	out->span = parse_span(p, word, p->line->span);
	body = find_heredoc(index, out->name);
	if (body) {
		out->content = body->content;
		out->raw = body->raw;
		out->body = body->body;
	}
	parse_content(p, out);
	return true;
}

/*
 * Split p->words, all but the last, into paths and heredocs. The paths stay in
 * p->words.
 */
static void split_sources(struct parse *p, struct copy *copy)
{
	size_t n = p->words.n - 1;
	size_t n_paths = 0;
	size_t n_heredocs = 0;
	struct heredoc *heredocs =
		arena_new_array(p->arena, count_arrows(p, n), struct heredoc);
	struct heredoc_index index = index_heredocs(p);
	int *order = arena_new_array(p->arena, n, int);

	for (size_t i = 0; i < n; i++) {
		struct word word = p->words.v[i];

		if (take_heredoc(p, &index, word.text, &heredocs[n_heredocs])) {
			order[i] = -(int)++n_heredocs;
		} else {
			order[i] = (int)n_paths;
			p->words.v[n_paths++] = word;
		}
	}
	p->words.n = n_paths;
	copy->sources = parse_take_words(p);
	copy->heredocs = (struct heredocs){heredocs, n_heredocs};
	copy->order = order;
	copy->n_order = n;
}

static struct words exclude_words(struct parse *p, const struct instruction *in)
{
	p->words.n = 0;
	for (size_t i = 0; i < in->flags.n; i++)
		if (str_eq_c(in->flags.v[i].name, "exclude"))
			*vec_push(&p->words) = in->flags.v[i].value;
	return parse_take_words(p);
}

static void check_copy_from(struct parse *p, const struct copy *copy)
{
	struct diag *diag;

	if (str_find(copy->from.text, '$') < 0)
		return;
	diag = parse_report(p, "variable-in-from", copy->from.text,
			    "--from can't hold a variable");
	parse_hint(p, diag,
		   "give the image a stage of its own: FROM %.*s AS name, "
		   "with the ARG before the first FROM",
		   STR_ARG(copy->from.text));
}

static void need_destination(struct parse *p)
{
	struct diag *diag;

	diag = parse_report(p, "missing-destination", p->args,
			    p->words.n ? "%s has a source but no destination"
				       : "%s needs a source and a destination",
			    p->info->name);
	parse_hint(p, diag, "the form is: %.*s",
		   (int)strcspn(p->info->forms, "\n"), p->info->forms);
}

void parse_copy(struct parse *p, struct instruction *in)
{
	struct copy *copy = &in->copy;
	struct heredoc h;

	read_words(p);
	if (p->words.n < 2) {
		need_destination(p);
		return;
	}
	copy->json_form = p->json_result == JSON_STRINGS;
	copy->dest = p->words.v[p->words.n - 1];
	if (heredoc_possible(copy->dest.text) &&
	    heredoc_parse_word(p->arena, copy->dest.text, &h))
		parse_report(p, "heredoc-destination", copy->dest.text,
			     "a heredoc can't be the destination of %s",
			     p->info->name);
	split_sources(p, copy);
	copy->excludes = exclude_words(p, in);
	copy->from = parse_flag_word(in, "from");
	copy->chown = parse_flag_word(in, "chown");
	copy->chmod = parse_flag_word(in, "chmod");
	copy->checksum = parse_flag_word(in, "checksum");
	copy->link = parse_flag_bool(in, "link");
	copy->parents = parse_flag_bool(in, "parents");
	copy->keep_git_dir = parse_flag_bool(in, "keep-git-dir");
	copy->has_unpack = parse_flag(in, "unpack") != NULL;
	copy->unpack = parse_flag_bool(in, "unpack");
	check_copy_from(p, copy);
}

static bool is_stage_name(struct str s)
{
	if (s.n == 0 || s.p[0] < 'a' || s.p[0] > 'z')
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
		    !memchr("-_.", c, 3))
			return false;
	}
	return true;
}

static void set_stage_name(struct parse *p, struct from *from, struct str name)
{
	struct str lower = arena_str(p->arena, name);
	struct diag *diag;

	for (size_t i = 0; i < lower.n; i++)
		if (lower.p[i] >= 'A' && lower.p[i] <= 'Z')
			((char *)lower.p)[i] |= 0x20;
	from->alias = lower;
	from->alias_text = name;
	from->alias_span = line_span(p->line, name);
	if (is_stage_name(lower))
		return;
	diag = parse_report(p, "invalid-stage-name", name,
			    "'%.*s' can't be the name of a stage",
			    STR_ARG(name));
	parse_hint(p, diag,
		   "begin it with a letter and go on with letters, digits, "
		   "- _ and .");
}

void parse_from(struct parse *p, struct instruction *in)
{
	struct from *from = &in->from;
	struct str rest = p->args;
	struct str image = {0};
	struct str as = {0};
	struct str name = {0};
	struct doc_lines docs;
	struct diag *diag;

	if (!argument_blank(&rest, &image)) {
		diag = parse_report(p, "from-missing-image", (struct str){0},
				    "FROM names no image");
		parse_hint(p, diag, "write FROM image, or FROM scratch");
		return;
	}
	from->base = parse_expanding(p, image, line_span(p->line, image));
	from->platform = parse_flag_word(in, "platform");
	if (!argument_blank(&rest, &as))
		return;
	(void)argument_blank(&rest, &name);
	if (name.n == 0 || rest.n || !str_eq_nocase(as, STR("AS"))) {
		struct str extra = {as.p,
				    (size_t)(p->args.p + p->args.n - as.p)};

		diag = parse_report(p, "from-arguments", extra,
				    "FROM takes an image, or an image, AS and "
				    "a name");
		parse_hint(p, diag, "write FROM %.*s AS name", STR_ARG(image));
		return;
	}
	from->as_text = as;
	set_stage_name(p, from, name);
	docs = parse_doc_lines(p->arena, in->doc);
	from->doc = parse_doc_of(&docs, from->alias);
}

static struct pairs take_pairs(struct parse *p)
{
	struct pair *v = arena_new_array(p->arena, p->pairs.n, struct pair);

	if (p->pairs.n)
		memcpy(v, p->pairs.v, p->pairs.n * sizeof(*v));
	return (struct pairs){.v = v, .n = p->pairs.n};
}

/* word is key[=value]; for ENV and LABEL the = must be there. */
static void push_pair(struct parse *p, struct str word)
{
	struct pair *pair = vec_push(&p->pairs);
	struct str key;
	struct str value;

	pair->has_value = str_cut(word, '=', &key, &value);
	pair->span = line_span(p->line, word);
	if (pair->has_value && key.n == 0)
		parse_report(p, "blank-name", word,
			     "%s: no name before the =", p->info->name);
	pair->key = parse_plain(key, line_span(p->line, key));
	if (p->info->kind != INSTRUCTION_ARG) /* its names stay as they are */
		pair->key = parse_expanding(p, key, pair->key.span);
	if (!pair->has_value)
		return;
	if (value.n)
		pair->value =
			parse_expanding(p, value, line_span(p->line, value));
	else /* an empty part has no place of its own */
		pair->value = parse_expanding(
			p, value,
			(struct span){pair->span.end, pair->span.end});
}

/* key value: all behind the first blanks is the value. */
static void parse_legacy(struct parse *p, struct instruction *in)
{
	struct str rest = p->args;
	struct str key = {0};
	struct pair *pair;
	struct diag *diag;

	(void)argument_blank(&rest, &key);
	while (rest.n && memchr(" \t\v\f\r", rest.p[0], 5))
		rest = str_skip(rest, 1);
	if (rest.n == 0) {
		diag = parse_report(p, "missing-value", key,
				    "%s %.*s has no value", p->info->name,
				    STR_ARG(key));
		parse_hint(p, diag, "write %s %.*s=value", p->info->name,
			   STR_ARG(key));
		return;
	}
	pair = vec_push(&p->pairs);
	pair->has_value = true;
	pair->span = line_span(p->line, p->args);
	pair->key = parse_expanding(p, key, line_span(p->line, key));
	pair->value = parse_expanding(p, rest, line_span(p->line, rest));
	in->pairs = take_pairs(p);
	in->pairs.legacy = true;
}

void parse_env(struct parse *p, struct instruction *in)
{
	struct str rest = p->args;
	struct str word;

	p->pairs.n = 0;
	if (!argument_word(&rest, p->reader->escape, &word)) {
		need_one_argument(p);
		return;
	}
	if (str_find(word, '=') < 0) {
		parse_legacy(p, in);
		return;
	}
	do {
		struct diag *diag;

		if (str_find(word, '=') >= 0) {
			push_pair(p, word);
			continue;
		}
		diag = parse_report(p, "missing-equals", word, "no = in '%.*s'",
				    STR_ARG(word));
		parse_hint(p, diag,
			   "write name=value; put a value with blanks in "
			   "quotes");
	} while (argument_word(&rest, p->reader->escape, &word));
	in->pairs = take_pairs(p);
}

void parse_arg(struct parse *p, struct instruction *in)
{
	struct doc_lines docs = parse_doc_lines(p->arena, in->doc);
	struct str rest = p->args;
	struct str word;

	p->pairs.n = 0;
	while (argument_word(&rest, p->reader->escape, &word)) {
		struct pair *pair;

		push_pair(p, word);
		pair = &p->pairs.v[p->pairs.n - 1];
		pair->doc = parse_doc_of(&docs, pair->key.text);
	}
	if (p->pairs.n == 0)
		need_one_argument(p);
	in->pairs = take_pairs(p);
}

void parse_expose(struct parse *p, struct instruction *in)
{
	read_words(p);
	if (p->words.n == 0)
		need_one_argument(p);
	in->words = parse_take_words(p);
}

void parse_volume(struct parse *p, struct instruction *in)
{
	read_words(p);
	if (p->words.n == 0)
		need_one_argument(p);
	for (size_t i = 0; i < p->words.n; i++) {
		struct word *word = &p->words.v[i];
		struct str path = str_trim_space(word->text);

		if (path.n == 0)
			parse_report(p, "empty-volume", (struct str){0},
				     "a VOLUME can't be an empty string");
		else if (path.n != word->text.n)
			*word = parse_expanding(p, path, word->span);
	}
	in->words = parse_take_words(p);
}

void parse_maintainer(struct parse *p, struct instruction *in)
{
	if (p->args.n == 0)
		need_one_argument(p);
	in->maintainer = p->args;
}

void parse_one_word(struct parse *p, struct instruction *in)
{
	if (p->args.n == 0) {
		need_one_argument(p);
		return;
	}
	in->word = parse_expanding(p, p->args, line_span(p->line, p->args));
}
