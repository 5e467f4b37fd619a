/*
 * Stages: what each is built from, which of them the target needs, in which
 * order. What instructions do is in dispatch.c.
 */
#include "builder/plan/planner.h"

#include "base/path.h"

#include <string.h>

static void set_platform_args(struct planner *p, const char *prefix,
			      const struct platform *platform)
{
	const struct {
		const char *suffix;
		struct str value;
	} parts[] = {
		{"PLATFORM", platform_format(p->arena, platform)},
		{"OS", platform->os},
		{"OSVERSION", platform->os_version},
		{"ARCH", platform->architecture},
		{"VARIANT", platform->variant},
	};

	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		scope_set(
			&p->globals,
			arena_printf(p->arena, "%s%s", prefix, parts[i].suffix),
			parts[i].value);
}

/* Predefined arguments, which --build-arg may override. */
static void predefine(struct planner *p)
{
	const struct dockerfile *df = p->df;
	struct str stage = p->opt->target;

	if (stage.n == 0 && df->n_stages)
		stage = df->stages[df->n_stages - 1].from->from.alias;
	if (stage.n == 0)
		stage = STR("default");
	set_platform_args(p, "BUILD", &p->opt->build_platform);
	set_platform_args(p, "TARGET", &p->opt->target_platform);
	scope_set(&p->globals, STR("TARGETSTAGE"), stage);
	for (size_t i = 0; i < p->globals.env.n; i++) {
		struct str name;
		struct str value;

		(void)str_cut(p->globals.env.v[i], '=', &name, &value);
		if (planner_build_arg(p, name, &value))
			scope_set(&p->globals, name, value);
	}
}

/* The ARGs before the first FROM. */
static void dispatch_meta_args(struct planner *p)
{
	for (size_t i = 0; i < p->df->n_meta_args; i++) {
		const struct pairs *pairs = &p->df->instructions[i].pairs;

		for (size_t k = 0; k < pairs->n; k++) {
			const struct pair *pair = &pairs->v[k];
			struct plan_arg *arg = vec_push(&p->global_args);

			arg->declared = pair;
			arg->span = p->df->instructions[i].span;
			arg->has_value =
				planner_build_arg(p, pair->key.text,
						  &arg->value) ||
				(pair->has_value &&
				 scope_expand(&p->globals, &pair->value,
					      &arg->value, p->diags));
			if (arg->has_value)
				scope_set(&p->globals, pair->key.text,
					  arg->value);
		}
	}
}

static struct span stage_span(const struct stage *stage)
{
	return stage->from->from.base.span;
}

/* FROM's platform, with the global arguments. */
static bool stage_platform(struct planner *p, struct stage_state *s)
{
	const struct word *w = &s->source->from->from.platform;
	struct str text;
	struct err e;

	s->platform = p->opt->target_platform;
	if (w->text.n == 0)
		return true;
	if (!scope_expand(&p->globals, w, &text, p->diags))
		return false;
	if (platform_parse(p->arena, text, &s->platform, &e) == 0)
		return true;
	diag_add(p->diags, "platform", DIAG_ERROR, w->span, "%s", e.msg);
	return false;
}

/* A context with the stage's name takes its place. */
static void init_base(struct planner *p, struct stage_state *s)
{
	const struct stage *source = s->source;
	struct str alias = source->from->from.alias;
	const struct named_context *named =
		alias.n ? planner_context(p, alias) : NULL;

	if (named) {
		planner_base_context(p, s, named, s->span);
		return;
	}
	planner_base(p, s, &source->from->from.base);
	for (size_t i = 0; i < source->n_instructions; i++)
		*vec_push(&s->instructions) = &source->instructions[i];
}

static void init_stage(struct planner *p, size_t i)
{
	struct stage_state *s = &p->stages[i];
	const struct stage *source = &p->df->stages[i];

	s->source = source;
	s->span = stage_span(source);
	s->out.index = i;
	s->out.name = source->name;
	if (p->n_stages > 1)
		s->out.title = source->from->from.alias.n
				       ? source->from->from.alias
				       : arena_printf(p->arena, "stage-%zu", i);
	s->scope.arena = p->arena;
	if (stage_platform(p, s))
		init_base(p, s);
	if (source->from->from.alias.n)
		strmap_set(&p->names, source->from->from.alias, s);
}

/* A trigger of the base comes before the stage's own instructions. */
static void add_triggers(struct stage_state *s,
			 const struct instruction *const *triggers, size_t n)
{
	size_t own = s->instructions.n;

	for (size_t i = 0; i < n; i++)
		*vec_push(&s->instructions) = NULL;
	if (own)
		memmove(s->instructions.v + n, s->instructions.v,
			own * sizeof(*s->instructions.v));
	if (n)
		memcpy(s->instructions.v, triggers,
		       n * sizeof(*s->instructions.v));
	s->n_triggers = n;
}

static void add_stage_triggers(struct planner *p, struct stage_state *s)
{
	const struct stage *base = &p->df->stages[s->out.base_stage->index];
	VEC(const struct instruction *) triggers = {0};

	for (size_t i = 0; i < base->n_instructions; i++) {
		const struct instruction *in = &base->instructions[i];

		if (in->kind == INSTRUCTION_ONBUILD && in->onbuild.trigger)
			*vec_push(&triggers) = in->onbuild.trigger;
	}
	add_triggers(s, triggers.v, triggers.n);
	vec_release(&triggers);
}

/* Mistakes in an image's triggers are reported at the FROM that brings them. */
static void add_image_triggers(struct planner *p, struct stage_state *s)
{
	struct str_list list = s->out.base_image->config.on_build;
	VEC(const struct instruction *) triggers = {0};

	for (size_t i = 0; i < list.n; i++) {
		struct source *src = arena_new(p->arena, struct source);
		struct diags found;
		const struct instruction *in;

		diags_init(&found, p->arena);
		source_init(src, p->arena,
			    arena_printf(p->arena, "ONBUILD of %.*s",
					 STR_ARG(s->out.base_image->name)),
			    list.v[i]);
		in = dockerfile_parse_trigger(p->arena, src, p->df->escape,
					      &found);
		if (in)
			*vec_push(&triggers) = in;
		for (size_t k = 0; k < found.n; k++)
			diag_add(p->diags, found.v[k].id, found.v[k].severity,
				 s->span, "%.*s: %.*s", STR_ARG(src->name),
				 STR_ARG(found.v[k].text));
		diags_release(&found);
	}
	add_triggers(s, triggers.v, triggers.n);
	vec_release(&triggers);
}

static void need(struct stage_state *s, struct stage_state **stack, size_t *n)
{
	if (!s || s->needed)
		return;
	s->needed = true;
	stack[(*n)++] = s;
}

/* Stages whose files the instruction reads. */
static void need_of(struct planner *p, const struct instruction *in,
		    struct stage_state **stack, size_t *n)
{
	if (in->kind == INSTRUCTION_COPY)
		need(planner_origin_stage(p, &in->copy.from,
					  STAGE_BY_NAME_OR_INDEX),
		     stack, n);
	if (in->kind != INSTRUCTION_RUN)
		return;
	for (size_t i = 0; i < in->run.n_mounts; i++)
		need(planner_origin_stage(p, &in->run.mounts[i].from,
					  STAGE_BY_NAME),
		     stack, n);
}

static int expand_stage(struct planner *p, struct stage_state *s, struct err *e)
{
	int found;

	if (s->out.base_kind == BASE_STAGE)
		add_stage_triggers(p, s);
	if (s->out.base_kind != BASE_IMAGE)
		return 0;
	found = planner_image(p, &s->image_name, s->span, &s->platform,
			      &s->out.base_image, e);
	if (found == 1)
		add_image_triggers(p, s);
	return found < 0 ? -1 : 0;
}

static bool overlap(struct span a, struct span b)
{
	return a.offset < b.end && b.offset < a.end;
}

/* Leave out of the target what comes after the place of the shell. */
static bool cut_for_shell(struct planner *p, struct stage_state *target)
{
	const struct span at = p->opt->shell.at;

	target->is_target = true;
	if (at.end == 0)
		return true;
	if (overlap(target->source->from->span, at)) {
		target->instructions.n = 0;
		return true;
	}
	for (size_t i = 0; i < target->instructions.n; i++) {
		const struct instruction *in = target->instructions.v[i];

		if (!overlap(in->span, at))
			continue;
		target->ends_in_run = in->kind == INSTRUCTION_RUN;
		target->instructions.n = i + target->ends_in_run;
		return true;
	}
	diag_add(p->diags, "shell-line", DIAG_ERROR, at,
		 "no instruction of the target stage stands on this line");
	return false;
}

/* Mark what the target needs, triggers of base images included. */
static int mark_needed(struct planner *p, struct stage_state *target,
		       struct err *e)
{
	SCOPED_PTR struct stage_state **stack =
		xcalloc(p->n_stages, sizeof(struct stage_state *));
	size_t n = 0;

	need(target, stack, &n);
	for (size_t i = 0; p->opt->by_file_alone && i < p->n_stages; i++)
		need(&p->stages[i], stack, &n);
	while (n) {
		struct stage_state *s = stack[--n];

		if (expand_stage(p, s, e) < 0)
			return -1;
		if (s->out.base_kind == BASE_STAGE)
			need(&p->stages[s->out.base_stage->index], stack, &n);
		for (size_t i = 0; i < s->instructions.n; i++)
			need_of(p, s->instructions.v[i], stack, &n);
	}
	return 0;
}

static const char DEFAULT_PATH[] =
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/* What a stage starts with. */
static void inherit(struct planner *p, struct stage_state *s)
{
	struct image_config *config = &s->out.config;
	struct str path;

	switch (s->out.base_kind) {
	case BASE_SCRATCH:
		/* whatever FROM --platform says */
		s->platform = p->opt->target_platform;
		*config = (struct image_config){.platform = s->platform,
						.working_dir = STR("/")};
		break;
	case BASE_IMAGE:
		if (s->out.base_image)
			*config = s->out.base_image->config;
		config->has_created = false;
		break;
	case BASE_STAGE: {
		const struct stage_state *base =
			&p->stages[s->out.base_stage->index];

		*config = base->out.config;
		s->scope = base->scope;
		s->platform = base->platform;
		s->has_unsaid_layer = base->has_unsaid_layer;
		break;
	}
	}
	s->scope.open = p->opt->by_file_alone;
	config->on_build = (struct str_list){0};
	for (size_t i = 0; i < config->n_history; i++)
		*vec_push(&s->history) = config->history[i];
	if (!env_get(config->env, STR("PATH"), &path))
		config->env = str_list_add(p->arena, config->env,
					   str_from(DEFAULT_PATH));
	if (s->out.base_kind != BASE_STAGE)
		s->scope.env = config->env;
	/* an absolute one stays as it was written */
	if (config->working_dir.n && config->working_dir.p[0] != '/')
		config->working_dir =
			path_join(p->arena, STR("/"), config->working_dir);
}

static struct plan_args keep_args(struct planner *p, const struct plan_arg *v,
				  size_t n)
{
	struct plan_arg *out = arena_new_array(p->arena, n, struct plan_arg);

	if (n)
		memcpy(out, v, n * sizeof(*out));
	return (struct plan_args){out, n};
}

/* Move what was collected into the plan's arena. */
static void finish_stage(struct planner *p, struct stage_state *s)
{
	struct step *steps = arena_new_array(p->arena, s->steps.n, struct step);
	struct config_history *history =
		arena_new_array(p->arena, s->history.n, struct config_history);

	if (s->steps.n)
		memcpy(steps, s->steps.v, s->steps.n * sizeof(*steps));
	if (s->history.n)
		memcpy(history, s->history.v, s->history.n * sizeof(*history));
	s->out.steps = steps;
	s->out.n_steps = s->steps.n;
	s->out.args = keep_args(p, s->args.v, s->args.n);
	s->out.config.history = history;
	s->out.config.n_history = s->history.n;
	s->dispatched = true;
}

/* The last step of a stage or of those it is built on, as progress shows it. */
static struct str describe_last(struct planner *p, const struct plan_stage *s)
{
	const struct step *last;
	size_t from_context;

	while (s->n_steps == 0 && s->base_kind == BASE_STAGE)
		s = s->base_stage;
	from_context = s->base_context != NULL;
	if (s->n_steps == from_context)
		return arena_printf(p->arena, "local source for %.*s",
				    STR_ARG(s->base_context->name));
	last = &s->steps[s->n_steps - 1];
	return arena_printf(p->arena, "[%.*s%s%zu/%zu] %.*s", STR_ARG(s->title),
			    s->title.n ? " " : "", last->number - from_context,
			    s->n_steps, STR_ARG(last->title));
}

/*
 * As BuildKit's exporter: a layer that no instruction made, which is what FROM
 * of a folder gives, has its entry at the end, and that tells of the last step.
 */
static void add_unsaid_layer(struct planner *p, struct stage_state *target)
{
	struct image_config *config = &target->out.config;
	struct config_history *history = arena_new_array(
		p->arena, config->n_history + 1, struct config_history);

	if (config->n_history)
		memcpy(history, config->history,
		       config->n_history * sizeof(*history));
	history[config->n_history++] = (struct config_history){
		.created_by = describe_last(p, &target->out),
		.comment = STR("buildkit.exporter.image.v0"),
		.has_created = p->has_epoch,
		.created_ns = p->epoch_s * 1000000000,
	};
	config->history = history;
}

/* --platform; what it leaves out is the base's, where that is for the same. */
static void set_platform(struct platform *out, const struct platform *given)
{
	bool same = str_eq(out->os, given->os) &&
		    str_eq(out->architecture, given->architecture);
	struct platform base = *out;

	*out = *given;
	if (same && given->variant.n == 0)
		out->variant = base.variant;
	if (same && given->os_version.n == 0)
		out->os_version = base.os_version;
}

static void finish_target(struct planner *p, struct stage_state *target)
{
	struct image_config *config = &target->out.config;

	for (size_t i = 0; i < p->opt->labels.n; i++)
		config->labels = pairs_set(p->arena, config->labels,
					   p->opt->labels.v[i].key,
					   p->opt->labels.v[i].value);
	if (target->has_unsaid_layer)
		add_unsaid_layer(p, target);
	if (p->opt->platform_given)
		set_platform(&config->platform, &p->opt->target_platform);
	/* arm64 has no other variant worth naming (containerd/platforms) */
	if (str_eq_c(config->platform.architecture, "arm64") &&
	    str_eq_c(config->platform.variant, "v8"))
		config->platform.variant = (struct str){0};
}

static struct stage_state *find_target(struct planner *p)
{
	struct stage_state *target;
	struct diag *diag;

	if (p->opt->target.n == 0)
		return &p->stages[p->n_stages - 1];
	target = planner_stage(p, p->opt->target);
	if (target)
		return target;
	diag = diag_add(p->diags, "target", DIAG_ERROR, SPAN_NONE,
			"target stage '%.*s' could not be found",
			STR_ARG(p->opt->target));
	diag_hint(p->diags, diag, "the last stage is '%.*s'",
		  STR_ARG(p->stages[p->n_stages - 1].out.name));
	return NULL;
}

/* As BuildKit: a warning, since scripts pass the same arguments everywhere. */
static void warn_of_unused_args(struct planner *p)
{
	for (size_t i = 0; i < p->opt->build_args.n; i++) {
		struct str name = p->opt->build_args.v[i].key;
		struct diag *diag;

		if (p->used_build_args[i] || str_starts(name, "BUILDKIT_") ||
		    planner_is_proxy(name))
			continue;
		diag = diag_add(p->diags, "unused-build-arg", DIAG_WARNING,
				SPAN_NONE, "--build-arg %.*s was not consumed",
				STR_ARG(name));
		diag_hint(p->diags, diag,
			  "no ARG %.*s stands in a stage that "
			  "the target needs",
			  STR_ARG(name));
	}
}

static int plan_stages(struct planner *p, struct plan *out, struct err *e)
{
	const struct plan_stage **stages = arena_new_array(
		p->arena, p->n_stages, const struct plan_stage *);
	struct stage_state *target;

	for (size_t i = 0; i < p->n_stages; i++)
		init_stage(p, i);
	target = find_target(p);
	if (!target || (p->diags->n_errors && !p->opt->by_file_alone))
		return 0;
	if (p->opt->shell.wanted && !cut_for_shell(p, target))
		return 0;
	if (mark_needed(p, target, e) < 0)
		return -1;
	out->stages = stages;
	for (size_t i = 0; i < p->n_stages; i++) {
		struct stage_state *s = &p->stages[i];

		if (p->diags->n_errors && !p->opt->by_file_alone)
			break;
		if (!s->needed)
			continue;
		inherit(p, s);
		if (dispatch_stage(p, s, e) < 0)
			return -1;
		finish_stage(p, s);
		stages[out->n_stages++] = &s->out;
	}
	finish_target(p, target);
	out->target = &target->out;
	return 0;
}

static void planner_release(struct planner *p)
{
	for (size_t i = 0; i < p->n_stages; i++) {
		vec_release(&p->stages[i].instructions);
		vec_release(&p->stages[i].steps);
		vec_release(&p->stages[i].history);
		vec_release(&p->stages[i].args);
	}
	strmap_release(&p->names);
	strmap_release(&p->images);
	vec_release(&p->global_args);
	vec_release(&p->foreign);
}

static void keep_foreign(struct planner *p, struct plan *out)
{
	struct plan_foreign *v =
		arena_new_array(p->arena, p->foreign.n, struct plan_foreign);

	if (p->foreign.n)
		memcpy(v, p->foreign.v, p->foreign.n * sizeof(*v));
	out->foreign = v;
	out->n_foreign = p->foreign.n;
}

int plan_make(struct arena *a, const struct dockerfile *df,
	      const struct plan_options *opt, struct plan_source *source,
	      struct diags *d, const struct plan **out, struct err *e)
{
	struct plan *plan = arena_new(a, struct plan);
	struct planner p = {
		.arena = a,
		.df = df,
		.opt = opt,
		.source = source,
		.diags = d,
		.globals = {.arena = a, .open = opt->by_file_alone},
		.n_stages = df->n_stages,
	};
	int result;

	*out = plan;
	p.stages = arena_new_array(a, df->n_stages, struct stage_state);
	p.used_build_args = arena_new_array(a, opt->build_args.n, bool);
	if (df->n_stages == 0)
		return 0; /* the parser said so */
	predefine(&p);
	dispatch_meta_args(&p);
	result = planner_find_epoch(&p, e);
	plan->has_epoch = p.has_epoch;
	plan->epoch_s = p.epoch_s;
	plan->globals = keep_args(&p, p.global_args.v, p.global_args.n);
	if (result == 0)
		result = plan_stages(&p, plan, e);
	keep_foreign(&p, plan);
	if (result == 0 && d->n_errors == 0)
		warn_of_unused_args(&p);
	planner_release(&p);
	return result;
}
