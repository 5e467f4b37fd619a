#include "parser/glob.h"
#include "parser/utf8.h"
#include "parser/word_template.h"

#include "base/buf.h"
#include "base/vec.h"

#include <string.h>

/* Enough for a pass over the longest value, and its pattern. */
enum { WORD_MAX_STEPS = WORD_MAX_BYTES + WORD_MAX_BYTES / 4 };

struct expansion {
	const struct word_template *t;
	const struct word_env *env;
	const struct word_unset *unset;
	struct buf out;	 /* results, and operands while they are needed */
	size_t produced; /* bytes of all substitutions and fields so far */
	size_t steps;	 /* that matching patterns may still take */
	struct err *e;
};

static int expand_nodes(struct expansion *x, size_t i, size_t end);

static struct str node_text(const struct expansion *x, const struct node *node)
{
	return str_sub(x->t->text, node->offset, node->offset + node->n);
}

/*
 * What is made on the way counts as well, or a value that is multiplied again
 * and again would cost its limit each time.
 */
static void produce(struct expansion *x, size_t n)
{
	x->out.over |= n > WORD_MAX_BYTES - x->produced;
	x->produced = x->out.over ? WORD_MAX_BYTES : x->produced + n;
}

static bool get(struct expansion *x, struct str name, struct str *value)
{
	*value = (struct str){0};
	if (x->env && x->env->get && x->env->get(x->env->ctx, name, value))
		return true;
	if (x->unset && x->unset->note)
		x->unset->note(x->unset->ctx, name);
	return false;
}

static int require(struct expansion *x, const struct node *node, bool set,
		   struct str message)
{
	struct str name = node_text(x, node);

	if (message.n)
		return err_set(x->e, ERR_INVALID, "%.*s: %.*s", STR_ARG(name),
			       STR_ARG(message));
	return err_set(x->e, ERR_INVALID, "%.*s: is not allowed to be %s",
		       STR_ARG(name), set ? "empty" : "unset");
}

/* operand is what follows # or %: a second one makes the match a long one. */
static int trim(struct expansion *x, const struct node *node,
		struct str operand, struct str value, struct str *out)
{
	bool prefix = node->operator== OPERATOR_TRIM_PREFIX;
	bool greedy = str_starts(operand, prefix ? "#" : "%");

	operand = str_skip(operand, greedy);
	if (prefix)
		return glob_trim_prefix(operand, value, greedy, &x->steps, out,
					x->e);
	return glob_trim_suffix(operand, value, greedy, &x->steps, out, x->e);
}

static int replace(struct expansion *x, const struct node *node, size_t mark,
		   size_t middle, struct str value)
{
	struct str operands = str_skip(buf_str(&x->out), mark);
	struct str pattern = str_sub(operands, 0, middle - mark);
	struct str replacement = str_skip(operands, middle - mark);
	struct buf result = BUF_INIT(WORD_MAX_BYTES);
	int r;

	if (node->operator== OPERATOR_REPLACE)
		r = glob_replace(&result, pattern, value, replacement,
				 &x->steps, x->e);
	else
		r = glob_replace_all(&result, pattern, value, replacement,
				     &x->steps, x->e);
	x->out.n = mark;
	buf_add_str(&x->out, buf_str(&result));
	x->out.over |= result.over;
	produce(x, result.n);
	buf_release(&result);
	return r;
}

/*
 * The operands are always expanded, used or not, as BuildKit does: their
 * errors and their unset variables count.
 */
static int expand_operator(struct expansion *x, size_t i)
{
	const struct node *node = &x->t->nodes[i];
	size_t mark = x->out.n;
	size_t middle;
	struct str operand;
	struct str value;
	bool set;
	bool usable;

	if (expand_nodes(x, i + 1, node->first_end) < 0)
		return -1;
	middle = x->out.n;
	if (expand_nodes(x, node->first_end, node->end) < 0)
		return -1;
	operand = str_sub(buf_str(&x->out), mark, middle);
	set = get(x, node_text(x, node), &value);
	usable = set && !(node->colon && value.n == 0);

	switch ((enum operator)node->operator) {
	case OPERATOR_DEFAULT:
		if (!usable)
			return 0;
		break;
	case OPERATOR_ALTERNATE:
		if (usable)
			return 0;
		value.n = 0;
		break;
	case OPERATOR_REQUIRE:
		if (!usable)
			return require(x, node, set, operand);
		break;
	case OPERATOR_TRIM_PREFIX:
	case OPERATOR_TRIM_SUFFIX:
		if (trim(x, node, operand, value, &value) < 0)
			return -1;
		break;
	case OPERATOR_REPLACE:
	case OPERATOR_REPLACE_ALL: return replace(x, node, mark, middle, value);
	}
	x->out.n = mark;
	buf_add_str(&x->out, value);
	return 0;
}

static int expand_node(struct expansion *x, size_t i)
{
	const struct node *node = &x->t->nodes[i];
	struct str value;

	switch ((enum node_kind)node->kind) {
	case NODE_TEXT:
	case NODE_RAW: buf_add_str(&x->out, node_text(x, node)); return 0;
	case NODE_VARIABLE:
		(void)get(x, node_text(x, node), &value);
		buf_add_str(&x->out, value);
		return 0;
	case NODE_OPERATOR: return expand_operator(x, i);
	}
	return 0;
}

static int expand_nodes(struct expansion *x, size_t i, size_t end)
{
	for (; i < end; i = x->t->nodes[i].end)
		if (expand_node(x, i) < 0 ||
		    buf_check(&x->out, "expanded word", x->e) < 0)
			return -1;
	return 0;
}

int word_expand(struct arena *a, const struct word_template *t,
		const struct word_env *env, const struct word_unset *unset,
		struct str *out, struct err *e)
{
	struct expansion x = {
		t, env, unset, BUF_INIT(WORD_MAX_BYTES), 0, WORD_MAX_STEPS, e};
	int r;

	if (t->n_nodes == 0) {
		*out = t->text;
		return 0;
	}
	r = expand_nodes(&x, 0, t->n_nodes);
	if (r == 0)
		*out = arena_str(a, buf_str(&x.out));
	buf_release(&x.out);
	return r;
}

struct fields {
	struct arena *arena;
	struct buf field; /* the one being collected */
	VEC(struct str) found;
};

static void end_field(struct fields *f)
{
	if (f->field.n)
		*vec_push(&f->found) = arena_str(f->arena, buf_str(&f->field));
	buf_clear(&f->field);
}

static void add_run(struct fields *f, struct str text, bool split)
{
	if (!split) {
		buf_add_str(&f->field, text);
		return;
	}
	while (text.n) {
		struct rune r = rune_at(text);

		if (rune_is_space(r.value))
			end_field(f);
		else
			buf_add(&f->field, text.p, r.n);
		text = str_skip(text, r.n);
	}
}

static int expand_runs(struct expansion *x, struct fields *f)
{
	const struct word_template *t = x->t;

	if (t->n_nodes == 0)
		add_run(f, t->text, true);
	for (size_t i = 0; i < t->n_nodes; i = t->nodes[i].end) {
		const struct node *node = &t->nodes[i];
		bool split = node->kind != NODE_RAW && !node->quoted;

		buf_clear(&x->out);
		if (expand_node(x, i) < 0)
			return -1;
		produce(x, x->out.n);
		if (buf_check(&x->out, "expanded word", x->e) < 0)
			return -1;
		add_run(f, buf_str(&x->out), split);
	}
	return buf_check(&f->field, "expanded word", x->e);
}

int word_expand_fields(struct arena *a, const struct word_template *t,
		       const struct word_env *env,
		       const struct word_unset *unset, struct str **out,
		       size_t *out_n, struct err *e)
{
	struct expansion x = {
		t, env, unset, BUF_INIT(WORD_MAX_BYTES), 0, WORD_MAX_STEPS, e};
	struct fields f = {a, BUF_INIT(WORD_MAX_BYTES), {0}};
	int r = expand_runs(&x, &f);

	if (r == 0) {
		end_field(&f);
		*out_n = f.found.n;
		*out = arena_new_array(a, f.found.n, struct str);
		if (f.found.n)
			memcpy(*out, f.found.v, f.found.n * sizeof(**out));
	}
	vec_release(&f.found);
	buf_release(&f.field);
	buf_release(&x.out);
	return r;
}
