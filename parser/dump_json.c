/* The JSON dump; its schema is written down in docs/parse-json.md. */
#include "parser/fields.h"

struct json_dump {
	struct buf *out;
	bool comma; /* something stands before in this object or list */
};

static void begin(struct json_dump *d, const char *name)
{
	if (d->comma)
		buf_add_char(d->out, ',');
	d->comma = true;
	if (name)
		buf_printf(d->out, "\"%s\":", name);
}

static void open(struct json_dump *d, const char *name, char bracket)
{
	begin(d, name);
	buf_add_char(d->out, bracket);
	d->comma = false;
}

static void close(struct json_dump *d, char bracket)
{
	buf_add_char(d->out, bracket);
	d->comma = true;
}

static void put_string(void *ctx, const char *name, struct str value)
{
	begin(ctx, name);
	buf_add_json_string(((struct json_dump *)ctx)->out, value);
}

static void put_number(void *ctx, const char *name, int64_t value)
{
	begin(ctx, name);
	buf_printf(((struct json_dump *)ctx)->out, "%lld", (long long)value);
}

static void put_boolean(void *ctx, const char *name, bool value)
{
	begin(ctx, name);
	buf_add_c(((struct json_dump *)ctx)->out, value ? "true" : "false");
}

static void open_list(void *ctx, const char *name)
{
	open(ctx, name, '[');
}

static void close_list(void *ctx)
{
	close(ctx, ']');
}

static void open_object(void *ctx, const char *name)
{
	open(ctx, name, '{');
}

static void close_object(void *ctx)
{
	close(ctx, '}');
}

static void put_word(void *ctx, const char *name, const struct word *word)
{
	struct word_names names = {0};

	if (word->template)
		names = word_names(word->template);
	open_object(ctx, name);
	put_string(ctx, "text", word->text);
	if (names.n) {
		open_list(ctx, "variables");
		for (size_t i = 0; i < names.n; i++)
			put_string(ctx, NULL, names.v[i]);
		close_list(ctx);
	}
	close_object(ctx);
}

static void put_position(struct json_dump *d, const char *name,
			 struct position at)
{
	open_object(d, name);
	put_number(d, "line", at.line);
	put_number(d, "column", at.column);
	close_object(d);
}

static void put_flag(struct json_dump *d, const struct flag *flag)
{
	open_object(d, NULL);
	put_string(d, "name", flag->name);
	if (flag->has_value)
		put_string(d, "value", flag->value.text);
	close_object(d);
}

static void put_instruction(struct json_dump *d, const char *name,
			    const struct source *src,
			    const struct instruction *in)
{
	const struct field_sink sink = {
		.ctx = d,
		.string = put_string,
		.number = put_number,
		.boolean = put_boolean,
		.word = put_word,
		.open_list = open_list,
		.close_list = close_list,
		.open_object = open_object,
		.close_object = close_object,
	};
	struct source_mark mark = {0};

	open_object(d, name);
	put_string(d, "instruction", str_from(instruction_name(in->kind)));
	put_position(d, "start", source_character(src, in->span.offset, &mark));
	put_position(d, "end", source_character(src, in->span.end, &mark));
	put_string(d, "text", in->text);
	if (in->doc.n)
		put_string(d, "doc", in->doc);
	if (in->flags.n) {
		open_list(d, "flags");
		for (size_t i = 0; i < in->flags.n; i++)
			put_flag(d, &in->flags.v[i]);
		close_list(d);
	}
	fields_walk(&sink, in);
	if (in->kind == INSTRUCTION_ONBUILD && in->onbuild.trigger)
		put_instruction(d, "triggerInstruction", src,
				in->onbuild.trigger);
	close_object(d);
}

static void put_stages(struct json_dump *d, const struct dockerfile *df)
{
	open_list(d, "stages");
	for (size_t i = 0; i < df->n_stages; i++) {
		const struct stage *stage = &df->stages[i];

		open_object(d, NULL);
		put_string(d, "name", stage->name);
		put_number(d, "first", stage->from - df->instructions);
		put_number(d, "count", (int64_t)stage->n_instructions + 1);
		close_object(d);
	}
	close_list(d);
}

void dockerfile_dump_json(struct buf *out, const struct dockerfile *df)
{
	struct json_dump d = {out, false};

	open_object(&d, NULL);
	put_number(&d, "version", 1);
	put_string(&d, "file", df->source->name);
	put_string(&d, "escape", (struct str){&df->escape, 1});
	open_list(&d, "directives");
	for (size_t i = 0; i < df->n_directives; i++) {
		open_object(&d, NULL);
		put_string(&d, "name", df->directives[i].name);
		put_string(&d, "value", df->directives[i].value);
		close_object(&d);
	}
	close_list(&d);
	put_stages(&d, df);
	open_list(&d, "instructions");
	for (size_t i = 0; i < df->n_instructions; i++)
		put_instruction(&d, NULL, df->source, &df->instructions[i]);
	close_list(&d);
	close_object(&d);
	buf_add_char(out, '\n');
}
