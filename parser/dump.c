/*
 * The text dump. One line an instruction, its fields below it, deeper ones
 * further in; strings quoted as in JSON; behind a word the variables it reads.
 *
 *   escape "\\"
 *   directive syntax "docker/dockerfile:1"
 *   stage 0 "build"
 *   2:1-2:21 FROM
 *     image "alpine"
 */
#include "parser/fields.h"
#include "parser/shell.h"

#include <string.h>

struct dump {
	struct buf *out;
	int depth;
	struct arena
		*meaning; /* no places, scripts' blanks as one; else NULL */
};

static void begin(struct dump *d, const char *name)
{
	buf_printf(d->out, "%*s%s", d->depth * 2, "", name ? name : "-");
}

/* What a comment says of an instruction: where the comment is indented, that
 * is read otherwise (as BuildKit does), and is no other comment. */
static bool is_doc(const char *name)
{
	return name &&
	       (strcmp(name, "doc") == 0 || strcmp(name, "stageDoc") == 0);
}

static void dump_string(void *ctx, const char *name, struct str value)
{
	struct dump *d = ctx;

	if (d->meaning && is_doc(name))
		return;
	begin(d, name);
	buf_add_char(d->out, ' ');
	buf_add_json_string(d->out, value);
	buf_add_char(d->out, '\n');
}

static void dump_number(void *ctx, const char *name, int64_t value)
{
	struct dump *d = ctx;

	begin(d, name);
	buf_printf(d->out, " %lld\n", (long long)value);
}

static void dump_boolean(void *ctx, const char *name, bool value)
{
	struct dump *d = ctx;

	begin(d, name);
	buf_printf(d->out, " %s\n", value ? "true" : "false");
}

static void dump_word(void *ctx, const char *name, const struct word *word)
{
	struct dump *d = ctx;
	struct word_names names = {0};

	if (word->template)
		names = word_names(word->template);
	begin(d, name);
	buf_add_char(d->out, ' ');
	buf_add_json_string(d->out, word->text);
	for (size_t i = 0; i < names.n; i++) {
		buf_add_c(d->out, i == 0 ? " reads " : ", ");
		buf_add_str(d->out, names.v[i]);
	}
	buf_add_char(d->out, '\n');
}

static void dump_open(void *ctx, const char *name)
{
	struct dump *d = ctx;

	begin(d, name);
	buf_add_char(d->out, '\n');
	d->depth++;
}

static void dump_close(void *ctx)
{
	struct dump *d = ctx;

	d->depth--;
}

static const struct field_sink text_sink = {
	.string = dump_string,
	.number = dump_number,
	.boolean = dump_boolean,
	.word = dump_word,
	.open_list = dump_open,
	.close_list = dump_close,
	.open_object = dump_open,
	.close_object = dump_close,
};

static void dump_place(struct dump *d, const struct source *src,
		       const struct instruction *in)
{
	struct position from = source_position(src, in->span.offset);
	struct position to = source_position(src, in->span.end);

	buf_printf(d->out, "%u:%u-%u:%u ", from.line, from.column, to.line,
		   to.column);
}

/* A RUN's script may be laid out in any way, and so may ONBUILD's trigger. */
static struct instruction normal(struct arena *a, const struct instruction *in)
{
	SCOPED_BUF struct buf script = BUF_INIT(SOURCE_MAX_BYTES);
	struct instruction copy = *in;
	struct str *args;

	/* the trigger follows, as an instruction of its own */
	if (in->kind == INSTRUCTION_ONBUILD && in->onbuild.trigger)
		copy.onbuild.text = (struct str){0};
	if (in->kind != INSTRUCTION_RUN || in->run.command.exec_form ||
	    in->run.command.n_args != 1)
		return copy;
	shell_add_normal(a, &script, in->run.command.args[0]);
	args = arena_new(a, struct str);
	*args = arena_str(a, buf_str(&script));
	copy.run.command.args = args;
	return copy;
}

static void dump_fields(struct dump *d, const struct instruction *in)
{
	struct field_sink sink = text_sink;
	struct instruction copy;

	sink.ctx = d;
	if (!d->meaning) {
		fields_walk(&sink, in);
		return;
	}
	copy = normal(d->meaning, in);
	fields_walk(&sink, &copy);
}

static void dump_instruction(struct dump *d, const struct source *src,
			     const struct instruction *in)
{
	buf_printf(d->out, "%*s", d->depth * 2, "");
	if (!d->meaning)
		dump_place(d, src, in);
	buf_printf(d->out, "%s\n", instruction_name(in->kind));
	d->depth++;
	for (size_t i = 0; i < in->flags.n; i++) {
		const struct flag *flag = &in->flags.v[i];

		begin(d, "--");
		buf_add_str(d->out, flag->name);
		if (flag->has_value) {
			buf_add_char(d->out, '=');
			buf_add_json_string(d->out, flag->value.text);
		}
		buf_add_char(d->out, '\n');
	}
	if (in->doc.n)
		dump_string(d, "doc", in->doc);
	dump_fields(d, in);
	if (in->kind == INSTRUCTION_ONBUILD && in->onbuild.trigger)
		dump_instruction(d, src, in->onbuild.trigger);
	d->depth--;
}

static void dump_file(struct dump *d, const struct dockerfile *df)
{
	struct buf *out = d->out;
	size_t stage = 0;

	dump_string(d, "escape", (struct str){&df->escape, 1});
	for (size_t i = 0; i < df->n_directives; i++) {
		buf_add_c(out, "directive ");
		buf_add_str(out, df->directives[i].name);
		buf_add_char(out, ' ');
		buf_add_json_string(out, df->directives[i].value);
		buf_add_char(out, '\n');
	}
	for (size_t i = 0; i < df->n_instructions; i++) {
		const struct instruction *in = &df->instructions[i];

		if (stage < df->n_stages && in == df->stages[stage].from) {
			buf_printf(out, "stage %zu ", stage);
			buf_add_json_string(out, df->stages[stage].name);
			buf_add_char(out, '\n');
			stage++;
		}
		dump_instruction(d, df->source, in);
	}
}

void dockerfile_dump(struct buf *out, const struct dockerfile *df)
{
	struct dump d = {out, 0, NULL};

	dump_file(&d, df);
}

void dockerfile_dump_meaning(struct buf *out, const struct dockerfile *df)
{
	SCOPED_ARENA struct arena a = {0};
	struct dump d = {out, 0, &a};

	dump_file(&d, df);
	for (size_t i = 0; i < df->n_comments; i++)
		dump_string(&d, "comment", df->comments[i].text);
}
