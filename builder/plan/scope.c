#include "builder/plan/scope.h"

#include <string.h>

void scope_set(struct scope *s, struct str name, struct str value)
{
	s->env = env_set(s->arena, s->env, name, value);
}

void scope_unset(struct scope *s, struct str name)
{
	struct str_list out = {0};
	struct str value;
	struct str key;

	for (size_t i = 0; i < s->env.n; i++)
		if (!str_cut(s->env.v[i], '=', &key, &value) ||
		    !str_eq(key, name))
			out = str_list_add(s->arena, out, s->env.v[i]);
	s->env = out;
}

void scope_declare(struct scope *s, struct str name, const struct str *value)
{
	struct scope_arg *args = arena_append(s->arena, s->args, s->n_args,
					      sizeof(*args), &s->args_room);

	args[s->n_args] = (struct scope_arg){
		.name = name,
		.value = value ? *value : (struct str){0},
		.has_value = value != NULL,
	};
	s->args = args;
	s->n_args++;
}

static bool get(void *ctx, struct str name, struct str *value)
{
	struct scope *s = ctx;
	bool found = env_get(s->env, name, value);

	s->missed |= !found && s->open;
	return found;
}

struct word_env scope_env(struct scope *s)
{
	return (struct word_env){get, s};
}

bool scope_expand(struct scope *s, const struct word *w, struct str *out,
		  struct diags *d)
{
	const struct word_env env = scope_env(s);
	struct err e;

	bool good;

	*out = w->text;
	if (!w->template)
		return true;
	s->missed = false;
	good = word_expand(s->arena, w->template, &env, NULL, out, &e) == 0;
	if (!good && !s->missed)
		diag_add(d, "expand", DIAG_ERROR, w->span, "%s", e.msg);
	return good && !s->missed;
}

bool scope_expand_fields(struct scope *s, const struct word *w,
			 struct str **out, size_t *n_out, struct diags *d)
{
	const struct word_env env = scope_env(s);
	struct err e;
	bool good;

	if (!w->template) {
		*out = arena_new(s->arena, struct str);
		**out = w->text;
		*n_out = 1;
		return true;
	}
	s->missed = false;
	good = word_expand_fields(s->arena, w->template, &env, NULL, out, n_out,
				  &e) == 0;
	if (!good && !s->missed)
		diag_add(d, "expand", DIAG_ERROR, w->span, "%s", e.msg);
	return good && !s->missed;
}

/* Whether a later declaration of the same name stands in its place. */
static size_t first_of(const struct scope *s, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (str_eq(s->args[k].name, s->args[i].name))
			return k;
	return i;
}

static struct str value_of(const struct scope *s, size_t i)
{
	struct str value;

	if (env_get(s->env, s->args[i].name, &value))
		return value;
	for (size_t k = s->n_args; k > i; k--)
		if (str_eq(s->args[k - 1].name, s->args[i].name))
			return s->args[k - 1].value;
	return s->args[i].value;
}

void scope_add_history(struct buf *out, const struct scope *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_args; i++)
		n += first_of(s, i) == i;
	if (n == 0)
		return;
	buf_printf(out, "|%zu ", n);
	for (size_t i = 0; i < s->n_args; i++) {
		struct str value = value_of(s, i);

		if (first_of(s, i) == i)
			buf_printf(out, "%.*s=%.*s ", STR_ARG(s->args[i].name),
				   STR_ARG(value));
	}
}
