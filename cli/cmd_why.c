#include "cli/commands.h"

#include "cache/trace.h"
#include "cli/opened.h"
#include "cli/print.h"
#include "cli/text.h"
#include "oci/reference.h"

#include <stdio.h>
#include <string.h>

static void add_place(struct buf *out, const struct trace_step *s)
{
	buf_printf(out, "[%.*s%s%zu] ", STR_ARG(s->stage),
		   s->stage.n ? " " : "", s->number);
	text_add(out, s->title, TEXT_LINE);
}

static void add_step(struct buf *out, const struct trace_step *s)
{
	add_place(out, s);
	buf_add_c(out, s->ran ? "\n" : ": cached\n");
	for (size_t i = 0; i < s->reasons.v.n; i++) {
		SCOPED_BUF struct buf text = BUF_INIT(1u << 20);

		reason_add_text(&text, &s->reasons.v.v[i]);
		buf_add_c(out, "    ");
		text_add(out, buf_str(&text), TEXT_LINE);
		buf_add_char(out, '\n');
	}
}

static void add_step_json(struct buf *out, const struct trace_step *s)
{
	buf_add_c(out, "{\"stage\":");
	buf_add_json_string(out, s->stage);
	buf_printf(out, ",\"number\":%zu,\"title\":", s->number);
	buf_add_json_string(out, s->title);
	buf_printf(out, ",\"ran\":%s,\"reasons\":[", s->ran ? "true" : "false");
	for (size_t i = 0; i < s->reasons.v.n; i++) {
		buf_add_c(out, i ? ",{" : "{");
		reason_add_json(out, &s->reasons.v.v[i]);
		buf_add_char(out, '}');
	}
	buf_add_c(out, "]}");
}

/* Whether the user asked for this step, by a part of how it is shown. */
static bool is_wanted(const struct trace_step *s, const char *part)
{
	SCOPED_BUF struct buf place = BUF_INIT(1u << 20);

	add_place(&place, s);
	return !part || strstr(buf_c(&place), part);
}

static int print_trace(const struct trace *t, const char *part, bool json,
		       struct err *e)
{
	SCOPED_BUF struct buf out = BUF_INIT(64u << 20);
	bool any = false;

	if (json)
		buf_add_char(&out, '[');
	for (size_t i = 0; i < t->steps.n; i++) {
		if (!is_wanted(&t->steps.v[i], part))
			continue;
		if (json && any)
			buf_add_c(&out, ",\n");
		(json ? add_step_json : add_step)(&out, &t->steps.v[i]);
		any = true;
	}
	if (json)
		buf_add_c(&out, "]\n");
	if (!any)
		return err_set(e, ERR_NOT_FOUND,
			       "the last build had no step like '%s'",
			       part ? part : "");
	print_text(buf_str(&out), json ? TEXT_JSON : TEXT_LINES);
	return 0;
}

static int why(struct opened *o, bool json, struct err *e)
{
	const char *given = o->arguments.n ? o->arguments.v[0] : "";
	const char *part = o->arguments.n > 1 ? o->arguments.v[1] : NULL;
	SCOPED_TRACE struct trace t = {0};
	struct str name = {0};
	struct reference ref;
	int found;

	if (given[0]) {
		if (reference_parse(&o->arena, str_from(given), &ref, e) < 0)
			return -1;
		name = reference_name(&o->arena, &ref);
	}
	found = trace_find(&o->store, name, &t, e);
	if (found == 0)
		return err_set(e, ERR_NOT_FOUND,
			       "no build%s%s that ran a step is known here",
			       given[0] ? " of " : "", given);
	return found < 0 ? -1 : print_trace(&t, part, json, e);
}

int cmd_why(int argc, char **argv)
{
	const char *format = "text";
	const struct option_row options[] = {
		{"format", 0, OPTION_STRING, &format, "FORMAT",
		 "text (the default) or json"},
	};
	const struct command_help help = {
		"imgbuild why [NAME [STEP]]",
		"Tells why the steps of the last build (of the image NAME) "
		"were not cached.\nSTEP is a part of how a step is shown.",
		options,
		ARRAY_LEN(options),
		0,
		2};
	struct opened o;
	struct err e;
	int status;

	if (!opened_begin(&o, &help, argc, argv, &status))
		return status;
	if (strcmp(format, "json") != 0 && strcmp(format, "text") != 0) {
		print_err("imgbuild: --format %s: none of text, json\n",
			  format);
		status = EXIT_MISTAKE;
	} else {
		status = why(&o, strcmp(format, "json") == 0, &e) < 0
				 ? report(&e)
				 : EXIT_OK;
	}
	opened_release(&o);
	return status;
}
