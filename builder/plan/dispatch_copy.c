/* COPY and ADD. */
#include "builder/plan/dispatch.h"

#include "base/digest.h"
#include "base/redact.h"
#include "parser/git_url.h"

#include <string.h>

static struct step_source *copy_sources(struct dispatch *c,
					const struct copy *copy, size_t *n)
{
	size_t total = copy->sources.n + copy->heredocs.n;
	struct step_source *out =
		arena_new_array(dispatch_arena(c), total, struct step_source);

	*n = 0;
	for (size_t i = 0; i < copy->sources.n; i++)
		if (dispatch_expand(c, &copy->sources.v[i], &out[*n].path))
			(*n)++;
	for (size_t i = 0; i < copy->heredocs.n; i++) {
		const struct heredoc *doc = &copy->heredocs.v[i];
		struct word body = {.text = doc->content,
				    .span = doc->body,
				    .template = doc->template};

		out[*n].path = doc->name;
		out[*n].is_inline = true;
		if (dispatch_expand(c, &body, &out[*n].content))
			(*n)++;
	}
	return out;
}

static struct str_list expand_list(struct dispatch *c, struct words words)
{
	struct str_list out = {0};

	for (size_t i = 0; i < words.n; i++) {
		struct str text;

		if (dispatch_expand(c, &words.v[i], &text))
			out = str_list_add(dispatch_arena(c), out, text);
	}
	return out;
}

static void check_digest(struct dispatch *c, const struct copy *in,
			 struct str checksum)
{
	struct digest ignored;

	if (!digest_parse(checksum, &ignored))
		diag_add(c->p->diags, "checksum", DIAG_ERROR, in->checksum.span,
			 "checksum %.*s is no sha256: and 64 digits",
			 STR_ARG(checksum));
}

static void check_checksum(struct dispatch *c, const struct copy *in,
			   const struct step_copy *copy)
{
	if (in->checksum.text.n == 0)
		return;
	if (copy->n_sources != 1)
		dispatch_mistake(
			c, "checksum", in->checksum.span,
			"checksum can't be specified for multiple sources");
	else if (remote_kind_of(copy->sources[0].path) == REMOTE_NONE)
		dispatch_mistake(c, "checksum", in->checksum.span,
				 "checksum requires HTTP(S) or Git sources");
	else if (remote_kind_of(copy->sources[0].path) == REMOTE_HTTP)
		check_digest(c, in, copy->checksum);
}

static void check_remote(struct dispatch *c, const struct step_copy *copy)
{
	for (size_t i = 0; i < copy->n_sources; i++) {
		switch (remote_kind_of(copy->sources[i].path)) {
		case REMOTE_HTTP:
			if (!copy->is_add)
				dispatch_mistake(
					c, "copy-remote", c->in->span,
					"source can't be a URL for COPY");
			break;
		case REMOTE_GIT:
			if (!copy->is_add)
				dispatch_mistake(
					c, "copy-remote", c->in->span,
					"source can't be a git ref for COPY");
			break;
		case REMOTE_NONE: break;
		}
	}
}

static void copy_history(struct dispatch *c, const struct step_copy *copy,
			 struct str dest)
{
	struct buf message = dispatch_message(copy->is_add ? "ADD" : "COPY");

	if (copy->parents)
		buf_add_c(&message, " --parents");
	if (copy->chown.n)
		buf_printf(&message, " --chown=%.*s", STR_ARG(copy->chown));
	if (copy->chmod_text.n)
		buf_printf(&message, " --chmod=%.*s",
			   STR_ARG(copy->chmod_text));
	for (size_t i = 0; i < copy->n_sources; i++) {
		buf_add_c(&message, copy->sources[i].is_inline ? " <<" : " ");
		redact_add(&message, copy->sources[i].path);
	}
	buf_add_char(&message, ' ');
	buf_add_str(&message, dest);
	buf_add_c(&message, " # buildkit");
	dispatch_commit(c, &message, WITH_LAYER);
}

static bool copy_options(struct dispatch *c, const struct copy *in,
			 struct step_copy *out)
{
	struct err e;

	if (!dispatch_expand(c, &in->chown, &out->chown) ||
	    !dispatch_expand(c, &in->chmod, &out->chmod_text))
		return false;
	if (out->chmod_text.n && mode_parse(dispatch_arena(c), out->chmod_text,
					    &out->chmod, &e) < 0) {
		dispatch_mistake(c, "chmod", in->chmod.span, e.msg);
		return false;
	}
	out->excludes = expand_list(c, in->excludes);
	out->link = in->link;
	out->parents = in->parents;
	out->is_add = c->in->kind == INSTRUCTION_ADD;
	out->unpack = in->has_unpack ? in->unpack : out->is_add;
	out->unpack_remote = in->has_unpack && in->unpack;
	out->keep_git_dir = in->keep_git_dir;
	if (!dispatch_expand(c, &in->checksum, &out->checksum))
		return false;
	return planner_origin(c->p, &in->from, STAGE_BY_NAME_OR_INDEX,
			      &out->origin, &c->failed, c->e);
}

void dispatch_copy(struct dispatch *c)
{
	const struct copy *in = &c->in->copy;
	struct step_copy out = {0};
	struct str dest;

	out.sources = copy_sources(c, in, &out.n_sources);
	if (!dispatch_expand(c, &in->dest, &dest) || !copy_options(c, in, &out))
		return;
	out.dest = path_for_workdir(dispatch_arena(c),
				    dispatch_config(c)->working_dir, dest);
	check_checksum(c, in, &out);
	check_remote(c, &out);
	dispatch_add_step(c, STEP_COPY)->copy = out;
	copy_history(c, &out, dest);
}

void dispatch_base_context(struct dispatch *c)
{
	const struct named_context *named = c->s->out.base_context;
	struct step_source *all =
		arena_new(dispatch_arena(c), struct step_source);
	struct step *step = dispatch_add_step(c, STEP_COPY);

	all->path = STR("/");
	step->copy = (struct step_copy){
		.origin = {.kind = named->kind == NAMED_REMOTE ? ORIGIN_REMOTE
							       : ORIGIN_FOLDER,
			   .folder = named->value},
		.sources = all,
		.n_sources = 1,
		.dest = STR("/"),
	};
	/* these are no copies: files keep their times */
	step->has_epoch = false;
}
