/*
 * What a name means in FROM, in COPY --from and in a mount's from=: a named
 * context, a stage, or an image.
 */
#include "builder/plan/planner.h"

#include "oci/reference.h"

static struct str lower(struct arena *a, struct str s)
{
	char *out = arena_c(a, s);

	for (size_t i = 0; i < s.n; i++)
		if (out[i] >= 'A' && out[i] <= 'Z')
			out[i] = (char)(out[i] + ('a' - 'A'));
	return (struct str){out, s.n};
}

/* --- images ------------------------------------------------------------- */

typedef int image_resolver(struct plan_source *s, struct arena *a,
			   struct str name, const struct platform *platform,
			   struct plan_image *out, struct err *e);

/* Look an image up, once each. 1, 0, -1. */
static int lookup(struct planner *p, image_resolver *resolve, struct str name,
		  const struct platform *platform,
		  const struct plan_image **out, struct err *e)
{
	struct str key =
		arena_printf(p->arena, "%.*s %.*s", STR_ARG(name),
			     STR_ARG(platform_format(p->arena, platform)));
	struct plan_image *image;
	int found;

	*out = strmap_get(&p->images, key);
	if (*out)
		return 1;
	image = arena_new(p->arena, struct plan_image);
	image->name = name;
	*e = (struct err){.code = ERR_NONE};
	found = resolve(p->source, p->arena, name, platform, image, e);
	if (found <= 0)
		return found;
	strmap_set(&p->images, key, image);
	*out = image;
	return 1;
}

/* Nothing but its name is known. */
static const struct plan_image *unknown_image(struct planner *p,
					      struct str name,
					      const struct platform *platform)
{
	struct plan_image *image = arena_new(p->arena, struct plan_image);

	image->name = name;
	image->config.platform = *platform;
	return image;
}

/* 1 found, 0 absent or no name (noted), -1. */
static int find_stored(struct planner *p, struct str name, struct span span,
		       const struct platform *platform,
		       const struct plan_image **out, struct err *e)
{
	struct reference ref;
	struct diag *diag;
	int found;

	if (reference_parse(p->arena, name, &ref, e) < 0) {
		diag_add(p->diags, "image-name", DIAG_ERROR, span, "%s",
			 e->msg);
		return 0;
	}
	name = reference_name(p->arena, &ref);
	if (p->opt->by_file_alone) {
		*out = unknown_image(p, name, platform);
		return 1;
	}
	found = lookup(p, p->source->resolve, name, platform, out, e);
	if (found < 0)
		return err_wrap(e, "image %.*s", STR_ARG(name));
	if (found)
		return 1;
	diag = diag_add(p->diags, "image-missing", DIAG_ERROR, span,
			"%.*s: there is no such image in the store%s%s",
			STR_ARG(name), e->msg[0] ? ", and " : "", e->msg);
	diag_hint(p->diags, diag,
		  "bring it in with `imgbuild load -i ARCHIVE` or "
		  "`imgbuild import ROOTFS.tar %.*s`",
		  STR_ARG(reference_familiar(p->arena, &ref)));
	return 0;
}

static int find_in_layout(struct planner *p, struct str layout,
			  struct span span, const struct platform *platform,
			  const struct plan_image **out, struct err *e)
{
	int found =
		lookup(p, p->source->resolve_layout, layout, platform, out, e);

	if (found < 0)
		return err_wrap(e, "oci-layout://%.*s", STR_ARG(layout));
	if (!found)
		diag_add(p->diags, "image-missing", DIAG_ERROR, span,
			 "oci-layout://%.*s: there is no such image in the "
			 "layout; say which with :TAG or @DIGEST",
			 STR_ARG(layout));
	return found;
}

/* A variant that differs is no other platform. */
static void note_platform(struct planner *p, const struct image_name *name,
			  struct span span, const struct platform *wanted,
			  const struct platform *found)
{
	if (name->of_context ||
	    (str_eq(wanted->os, found->os) &&
	     str_eq(wanted->architecture, found->architecture)))
		return;
	*vec_push(&p->foreign) =
		(struct plan_foreign){span, name->text, *wanted, *found};
}

int planner_image(struct planner *p, const struct image_name *name,
		  struct span span, const struct platform *platform,
		  const struct plan_image **out, struct err *e)
{
	int found =
		name->in_layout
			? find_in_layout(p, name->text, span, platform, out, e)
			: find_stored(p, name->text, span, platform, out, e);

	if (found == 1)
		note_platform(p, name, span, platform,
			      &(*out)->config.platform);
	return found;
}

/* --- names -------------------------------------------------------------- */

struct stage_state *planner_stage(const struct planner *p, struct str name)
{
	return strmap_get(&p->names, lower(p->arena, name));
}

const struct named_context *planner_context(const struct planner *p,
					    struct str name)
{
	return named_context_find(p->opt->contexts, p->opt->n_contexts, name);
}

static void no_such_stage(struct planner *p, const struct named_context *named,
			  struct span span)
{
	diag_add(p->diags, "context-target", DIAG_ERROR, span,
		 "there is no stage '%.*s' before this one, which "
		 "--build-context %.*s stands for",
		 STR_ARG(named->value), STR_ARG(named->name));
}

static void set_base_stage(struct stage_state *s,
			   const struct stage_state *base)
{
	s->out.base_kind = BASE_STAGE;
	s->out.base_stage = &base->out;
}

static void set_base_image(struct stage_state *s, struct image_name name)
{
	s->out.base_kind = BASE_IMAGE;
	s->image_name = name;
}

static struct image_name context_image(const struct named_context *named)
{
	return (struct image_name){.text = named->value,
				   .in_layout = named->kind == NAMED_LAYOUT,
				   .of_context = true};
}

void planner_base_context(struct planner *p, struct stage_state *s,
			  const struct named_context *named, struct span span)
{
	const struct stage_state *base;

	switch (named->kind) {
	case NAMED_FOLDER:
	case NAMED_REMOTE:
		s->out.base_context = named;
		s->has_unsaid_layer = true;
		break;
	case NAMED_IMAGE:
	case NAMED_LAYOUT: set_base_image(s, context_image(named)); break;
	case NAMED_STAGE:
		base = planner_stage(p, named->value);
		if (base)
			set_base_stage(s, base);
		else
			no_such_stage(p, named, span);
		break;
	case NAMED_SCRATCH: break;
	}
}

void planner_base(struct planner *p, struct stage_state *s,
		  const struct word *w)
{
	const struct named_context *named;
	struct stage_state *base;
	struct str name;

	if (!scope_expand(&p->globals, w, &name, p->diags))
		return;
	if (name.n == 0) {
		diag_add(p->diags, "from-blank", DIAG_ERROR, w->span,
			 "base name (%.*s) should not be blank",
			 STR_ARG(w->text));
		return;
	}
	named = planner_context(p, name);
	base = named ? NULL : strmap_get(&p->names, name);
	if (named)
		planner_base_context(p, s, named, w->span);
	else if (base)
		set_base_stage(s, base);
	else if (!str_eq_c(name, "scratch"))
		set_base_image(s, (struct image_name){.text = name});
}

/* The stage that --from=NAME means; NULL where it is an image. */
static struct stage_state *origin_stage(struct planner *p, struct str name,
					enum stage_naming naming,
					struct span span, bool *mistaken)
{
	uint64_t index;

	*mistaken = false;
	if (naming == STAGE_BY_NAME || !str_to_u64(name, UINT32_MAX, &index))
		return planner_stage(p, name);
	if (index < p->n_stages)
		return &p->stages[index];
	diag_add(p->diags, "stage-index", DIAG_ERROR, span,
		 "invalid stage index %.*s: there are %zu stages",
		 STR_ARG(name), p->n_stages);
	*mistaken = true;
	return NULL;
}

/* Of the target's platform, whatever the stage's own is. */
static bool image_origin(struct planner *p, const struct image_name *name,
			 struct span span, struct origin *out, bool *failed,
			 struct err *e)
{
	int found = planner_image(p, name, span, &p->opt->target_platform,
				  &out->image, e);

	out->kind = ORIGIN_IMAGE;
	*failed |= found < 0;
	return found == 1;
}

static bool stage_origin(struct planner *p, const struct stage_state *stage,
			 const struct word *from, struct origin *out)
{
	out->kind = ORIGIN_STAGE;
	out->stage = &stage->out;
	if (stage->dispatched)
		return true;
	diag_add(p->diags, "stage-order", DIAG_ERROR, from->span,
		 "cannot copy from stage '%.*s', it needs to be defined "
		 "before the stage that uses it",
		 STR_ARG(from->text));
	return false;
}

static bool context_origin(struct planner *p, const struct named_context *named,
			   const struct word *from, struct origin *out,
			   bool *failed, struct err *e)
{
	const struct image_name image = context_image(named);
	const struct stage_state *stage;

	out->folder = named->value;
	switch (named->kind) {
	case NAMED_FOLDER: out->kind = ORIGIN_FOLDER; return true;
	case NAMED_REMOTE: out->kind = ORIGIN_REMOTE; return true;
	case NAMED_SCRATCH: out->kind = ORIGIN_SCRATCH; return true;
	case NAMED_STAGE:
		stage = planner_stage(p, named->value);
		if (stage)
			return stage_origin(p, stage, from, out);
		no_such_stage(p, named, from->span);
		return false;
	case NAMED_IMAGE:
	case NAMED_LAYOUT: break;
	}
	return image_origin(p, &image, from->span, out, failed, e);
}

bool planner_origin(struct planner *p, const struct word *from,
		    enum stage_naming naming, struct origin *out, bool *failed,
		    struct err *e)
{
	const struct image_name image = {.text = from->text};
	const struct named_context *named;
	const struct stage_state *stage;
	bool mistaken;

	*out = (struct origin){.kind = ORIGIN_CONTEXT};
	if (from->text.n == 0)
		return true;
	if (str_eq_c(from->text, "scratch")) {
		out->kind = ORIGIN_SCRATCH;
		return true;
	}
	named = planner_context(p, from->text);
	if (named)
		return context_origin(p, named, from, out, failed, e);
	stage = origin_stage(p, from->text, naming, from->span, &mistaken);
	if (mistaken)
		return false;
	if (stage)
		return stage_origin(p, stage, from, out);
	return image_origin(p, &image, from->span, out, failed, e);
}

struct stage_state *planner_origin_stage(struct planner *p,
					 const struct word *from,
					 enum stage_naming naming)
{
	const struct named_context *named;
	uint64_t index;

	if (from->text.n == 0)
		return NULL;
	named = planner_context(p, from->text);
	if (named)
		return named->kind == NAMED_STAGE
			       ? planner_stage(p, named->value)
			       : NULL;
	if (naming == STAGE_BY_NAME ||
	    !str_to_u64(from->text, UINT32_MAX, &index))
		return planner_stage(p, from->text);
	return index < p->n_stages ? &p->stages[index] : NULL;
}
