/*
 * What each instruction does to its stage: its config, its scope, its history,
 * its steps. BuildKit: dispatch* in dockerfile2llb/convert.go.
 */
#include "builder/plan/dispatch.h"

#include "base/path.h"
#include "builder/plan/gofmt.h"

#include <stdlib.h>
#include <string.h>

/* What would set them can't be told, so neither can their values. */
static void forget(struct dispatch *c, const struct pairs *pairs)
{
	for (size_t i = 0; i < pairs->n; i++)
		scope_unset(&c->s->scope, pairs->v[i].key.text);
}

static void dispatch_env(struct dispatch *c)
{
	const struct pairs *pairs = &c->in->pairs;
	struct buf message = dispatch_message("ENV");
	struct str *expanded =
		arena_new_array(dispatch_arena(c), pairs->n * 2, struct str);

	/* all are expanded before any is set: `ENV a=1 b=$a` sees the old a */
	for (size_t i = 0; i < pairs->n; i++)
		if (!dispatch_expand(c, &pairs->v[i].key, &expanded[2 * i]) ||
		    !dispatch_expand(c, &pairs->v[i].value,
				     &expanded[2 * i + 1])) {
			buf_release(&message);
			forget(c, pairs);
			return;
		}
	for (size_t i = 0; i < pairs->n; i++) {
		struct str key = expanded[2 * i];
		struct str value = expanded[2 * i + 1];

		scope_set(&c->s->scope, key, value);
		dispatch_config(c)->env = env_set(
			dispatch_arena(c), dispatch_config(c)->env, key, value);
		buf_printf(&message, " %.*s=", STR_ARG(key));
		buf_add_str(&message, value);
	}
	dispatch_commit(c, &message, WITHOUT_LAYER);
}

static void dispatch_label(struct dispatch *c)
{
	const struct pairs *pairs = &c->in->pairs;
	struct buf message = dispatch_message("LABEL");

	for (size_t i = 0; i < pairs->n; i++) {
		struct str key;
		struct str value;

		if (!dispatch_expand(c, &pairs->v[i].key, &key) ||
		    !dispatch_expand(c, &pairs->v[i].value, &value))
			break;
		dispatch_config(c)->labels =
			pairs_set(dispatch_arena(c), dispatch_config(c)->labels,
				  key, value);
		buf_printf(&message, " %.*s=", STR_ARG(key));
		buf_add_str(&message, value);
	}
	dispatch_commit(c, &message, WITHOUT_LAYER);
}

/* The value that ARG gives: --build-arg, its default, the global one. */
static bool arg_value(struct dispatch *c, struct plan_arg *arg)
{
	const struct pair *declared = arg->declared;

	arg->has_value = true;
	if (planner_build_arg(c->p, declared->key.text, &arg->value))
		return true;
	if (declared->has_value)
		return dispatch_expand(c, &declared->value, &arg->value);
	arg->has_value =
		env_get(c->p->globals.env, declared->key.text, &arg->value);
	arg->is_global = arg->has_value;
	return true;
}

/* These two speak to BuildKit's scanner, not to the build. */
static bool is_scan_option(struct str name)
{
	return str_eq_c(name, "BUILDKIT_SBOM_SCAN_CONTEXT") ||
	       str_eq_c(name, "BUILDKIT_SBOM_SCAN_STAGE");
}

static void dispatch_arg(struct dispatch *c)
{
	const struct pairs *pairs = &c->in->pairs;
	struct buf message = dispatch_message("ARG");

	for (size_t i = 0; i < pairs->n; i++) {
		struct plan_arg arg = {&pairs->v[i], .span = c->span};
		struct str name = arg.declared->key.text;

		if (!arg_value(c, &arg)) {
			arg.has_value = false;
			scope_unset(&c->s->scope, name);
		}
		*vec_push(&c->s->args) = arg;
		if (arg.has_value && !is_scan_option(name))
			scope_set(&c->s->scope, name, arg.value);
		scope_declare(&c->s->scope, name,
			      arg.has_value ? &arg.value : NULL);
		buf_printf(&message, " %.*s", STR_ARG(name));
		if (arg.has_value) {
			buf_add_char(&message, '=');
			buf_add_str(&message, arg.value);
		}
	}
	dispatch_commit(c, &message, WITHOUT_LAYER);
}

static void dispatch_cmd(struct dispatch *c)
{
	struct buf message = dispatch_message("CMD ");

	dispatch_config(c)->cmd = dispatch_command_args(c, &c->in->command);
	dispatch_config(c)->args_escaped = true;
	c->s->cmd_set = true;
	gofmt_quote_list(&message, dispatch_config(c)->cmd);
	dispatch_commit(c, &message, WITHOUT_LAYER);
}

static void dispatch_entrypoint(struct dispatch *c)
{
	struct buf message = dispatch_message("ENTRYPOINT ");

	dispatch_config(c)->entrypoint =
		dispatch_command_args(c, &c->in->command);
	/* an inherited CMD was meant for the inherited ENTRYPOINT */
	if (!c->s->cmd_set)
		dispatch_config(c)->cmd = (struct str_list){0};
	gofmt_quote_list(&message, dispatch_config(c)->entrypoint);
	dispatch_commit(c, &message, WITHOUT_LAYER);
}

static struct str_list healthcheck_test(struct dispatch *c)
{
	const struct healthcheck *h = &c->in->healthcheck;
	struct str_list test = {.set = true};

	if (h->none)
		return str_list_add(dispatch_arena(c), test, STR("NONE"));
	test = str_list_add(dispatch_arena(c), test,
			    h->command.exec_form ? STR("CMD")
						 : STR("CMD-SHELL"));
	for (size_t i = 0; i < h->command.n_args; i++)
		test = str_list_add(dispatch_arena(c), test,
				    h->command.args[i]);
	return test;
}

static void add_quoted_duration(struct buf *out, int64_t ns)
{
	buf_add_c(out, " \"");
	gofmt_duration(out, ns);
	buf_add_char(out, '"');
}

static void dispatch_healthcheck(struct dispatch *c)
{
	const struct healthcheck *h = &c->in->healthcheck;
	struct config_healthcheck *out = &dispatch_config(c)->healthcheck;
	struct buf message = dispatch_message("HEALTHCHECK &{");

	*out = (struct config_healthcheck){
		.set = true,
		.test = healthcheck_test(c),
		.interval_ns = h->interval_ns,
		.timeout_ns = h->timeout_ns,
		.start_period_ns = h->start_period_ns,
		.start_interval_ns = h->start_interval_ns,
		.retries = h->retries,
	};
	gofmt_quote_list(&message, out->test);
	add_quoted_duration(&message, out->interval_ns);
	add_quoted_duration(&message, out->timeout_ns);
	add_quoted_duration(&message, out->start_period_ns);
	add_quoted_duration(&message, out->start_interval_ns);
	buf_add_char(&message, ' ');
	gofmt_quote_rune(&message, out->retries);
	buf_add_char(&message, '}');
	dispatch_commit(c, &message, WITHOUT_LAYER);
}

static bool list_has(struct str_list list, struct str s)
{
	for (size_t i = 0; i < list.n; i++)
		if (str_eq(list.v[i], s))
			return true;
	return false;
}

static int compare_words(const void *a, const void *b)
{
	return str_cmp(((const struct word *)a)->text,
		       ((const struct word *)b)->text);
}

/* All at once: a range may be of every port that there is. */
static void add_ports(struct dispatch *c, const struct str *ports, size_t n)
{
	struct str_list *list = &dispatch_config(c)->exposed_ports;
	struct str *v =
		arena_new_array(dispatch_arena(c), list->n + n, struct str);
	SCOPED_STRMAP struct strmap known = {0};
	size_t n_all = list->n;

	if (n == 0)
		return;
	for (size_t i = 0; i < list->n; i++) {
		v[i] = list->v[i];
		strmap_set(&known, v[i], NULL);
	}
	for (size_t i = 0; i < n; i++) {
		if (strmap_has(&known, ports[i]))
			continue;
		strmap_set(&known, ports[i], NULL);
		v[n_all++] = ports[i];
	}
	*list = (struct str_list){v, n_all, true};
}

/* BuildKit sorts what is written, not what it comes to. */
static struct word *sorted_words(struct arena *a, const struct words *words)
{
	struct word *out = arena_new_array(a, words->n, struct word);

	if (words->n == 0)
		return out;
	memcpy(out, words->v, words->n * sizeof(*out));
	qsort(out, words->n, sizeof(*out), compare_words);
	return out;
}

static void dispatch_expose(struct dispatch *c)
{
	const struct word *words =
		sorted_words(dispatch_arena(c), &c->in->words);
	struct str *ports = NULL;
	size_t n_ports = 0;
	struct buf message = dispatch_message("EXPOSE ");
	struct err e;

	for (size_t i = 0; i < c->in->words.n; i++) {
		const struct word *w = &words[i];
		struct str *fields;
		size_t n_fields;

		if (!scope_expand_fields(&c->s->scope, w, &fields, &n_fields,
					 c->p->diags))
			continue;
		for (size_t k = 0; k < n_fields; k++)
			if (ports_parse(dispatch_arena(c), fields[k], &ports,
					&n_ports, &e) < 0)
				dispatch_mistake(c, "expose-port", w->span,
						 e.msg);
	}
	add_ports(c, ports, n_ports);
	gofmt_list(&message, (struct str_list){ports, n_ports, true});
	dispatch_commit(c, &message, WITHOUT_LAYER);
}

static void dispatch_volume(struct dispatch *c)
{
	struct str_list added = {0};
	struct buf message = dispatch_message("VOLUME ");

	for (size_t i = 0; i < c->in->words.n; i++) {
		const struct word *w = &c->in->words.v[i];
		struct str path;

		if (!dispatch_expand(c, w, &path))
			continue;
		if (path.n == 0)
			dispatch_mistake(c, "volume-empty", w->span,
					 "VOLUME can't be an empty string");
		added = str_list_add(dispatch_arena(c), added, path);
		if (!list_has(dispatch_config(c)->volumes, path))
			dispatch_config(c)->volumes =
				str_list_add(dispatch_arena(c),
					     dispatch_config(c)->volumes, path);
	}
	gofmt_list(&message, added);
	dispatch_commit(c, &message, WITHOUT_LAYER);
}

static void dispatch_user(struct dispatch *c)
{
	struct buf message = dispatch_message("USER ");
	struct str user;

	if (!dispatch_expand(c, &c->in->word, &user)) {
		buf_release(&message);
		return;
	}
	dispatch_config(c)->user = user;
	buf_add_str(&message, user);
	dispatch_commit(c, &message, WITHOUT_LAYER);
}

static void dispatch_stopsignal(struct dispatch *c)
{
	struct buf message = dispatch_message("STOPSIGNAL ");
	struct str text = {0};
	struct err e;
	int64_t number;

	if (dispatch_expand(c, &c->in->word, &text) &&
	    signal_parse(text, &number, &e) < 0)
		dispatch_mistake(c, "stopsignal", c->in->word.span, e.msg);
	dispatch_config(c)->stop_signal = text;
	buf_add_str(&message, text);
	dispatch_commit(c, &message, WITHOUT_LAYER);
}

static void dispatch_shell(struct dispatch *c)
{
	struct buf message = dispatch_message("SHELL ");
	const struct command *command = &c->in->command;

	dispatch_config(c)->shell =
		(struct str_list){command->args, command->n_args, true};
	gofmt_list(&message, dispatch_config(c)->shell);
	dispatch_commit(c, &message, WITHOUT_LAYER);
}

static void dispatch_maintainer(struct dispatch *c)
{
	struct buf message = dispatch_message("MAINTAINER ");

	dispatch_config(c)->author = c->in->maintainer;
	buf_add_str(&message, c->in->maintainer);
	dispatch_commit(c, &message, WITHOUT_LAYER);
}

static void dispatch_onbuild(struct dispatch *c)
{
	dispatch_config(c)->on_build =
		str_list_add(dispatch_arena(c), dispatch_config(c)->on_build,
			     c->in->onbuild.text);
}

static void dispatch_workdir(struct dispatch *c)
{
	struct buf message = dispatch_message("WORKDIR ");
	struct str path;

	if (!dispatch_expand(c, &c->in->word, &path)) {
		buf_release(&message);
		return;
	}
	/* an absolute one is recorded as it was written */
	if (!str_starts(path, "/"))
		path = path_clean(
			dispatch_arena(c),
			path_for_workdir(dispatch_arena(c),
					 dispatch_config(c)->working_dir,
					 path));
	dispatch_config(c)->working_dir = path;
	buf_add_str(&message, path);
	if (str_eq_c(path, "/")) {
		dispatch_commit(c, &message, WITHOUT_LAYER);
		return;
	}
	dispatch_add_step(c, STEP_WORKDIR)->workdir = (struct step_workdir){
		.path = path_clean(dispatch_arena(c), path),
		.user = dispatch_config(c)->user};
	dispatch_commit(c, &message, WITH_LAYER);
}

static void dispatch_instruction(struct dispatch *c)
{
	switch (c->in->kind) {
	case INSTRUCTION_ADD:
	case INSTRUCTION_COPY: dispatch_copy(c); break;
	case INSTRUCTION_ARG: dispatch_arg(c); break;
	case INSTRUCTION_CMD: dispatch_cmd(c); break;
	case INSTRUCTION_ENTRYPOINT: dispatch_entrypoint(c); break;
	case INSTRUCTION_ENV: dispatch_env(c); break;
	case INSTRUCTION_EXPOSE: dispatch_expose(c); break;
	case INSTRUCTION_HEALTHCHECK: dispatch_healthcheck(c); break;
	case INSTRUCTION_LABEL: dispatch_label(c); break;
	case INSTRUCTION_MAINTAINER: dispatch_maintainer(c); break;
	case INSTRUCTION_ONBUILD: dispatch_onbuild(c); break;
	case INSTRUCTION_RUN: dispatch_run(c); break;
	case INSTRUCTION_SHELL: dispatch_shell(c); break;
	case INSTRUCTION_STOPSIGNAL: dispatch_stopsignal(c); break;
	case INSTRUCTION_USER: dispatch_user(c); break;
	case INSTRUCTION_VOLUME: dispatch_volume(c); break;
	case INSTRUCTION_WORKDIR: dispatch_workdir(c); break;
	case INSTRUCTION_FROM: /* begins the stage */
	case INSTRUCTION_N: break;
	}
}

static void dispatch_end(struct planner *p, struct stage_state *s,
			 struct err *e)
{
	struct dispatch c = {
		.p = p,
		.s = s,
		.in = s->source->from,
		.span = s->span,
		.title = STR("shell"),
		.e = e,
	};

	dispatch_user_shell(&c);
}

int dispatch_stage(struct planner *p, struct stage_state *s, struct err *e)
{
	if (s->out.base_context) {
		struct dispatch c = {
			.p = p,
			.s = s,
			.in = s->source->from,
			.title = s->source->from->text,
			.e = e,
		};

		dispatch_base_context(&c);
	}
	for (size_t i = 0; i < s->instructions.n; i++) {
		struct dispatch c = {
			.p = p,
			.s = s,
			.in = s->instructions.v[i],
			.span = s->instructions.v[i]->span,
			.title = s->instructions.v[i]->text,
			.e = e,
		};

		if (i < s->n_triggers && s->out.base_kind == BASE_IMAGE)
			c.span = s->span; /* it has a source of its own */
		if (i < s->n_triggers)
			c.title = arena_printf(p->arena, "ONBUILD %.*s",
					       STR_ARG(c.title));
		dispatch_instruction(&c);
		if (c.failed)
			return -1;
	}
	if (p->opt->shell.wanted && s->is_target)
		dispatch_end(p, s, e);
	return 0;
}
