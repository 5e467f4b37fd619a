#include "builder/sandbox/seccomp_gen_tree.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	WINDOW = 1024, /* numbers asked about from each start */
	RANGES_MAX = 4 * WINDOW,
};

static void die(const char *what, uint32_t arch, uint32_t number)
{
	fprintf(stderr, "seccomp_gen: %s (architecture %#x, number %u)\n", what,
		arch, number);
	exit(1);
}

/* --- asking the filter ---------------------------------------------------- */

/* The filter's verdict; *constant is false where it looks at arguments. */
static uint32_t verdict_of(struct tree_program p, uint32_t arch,
			   uint32_t number, bool *constant)
{
	uint32_t a = 0;
	size_t i;

	*constant = true;
	for (i = 0; i < p.n; i++) {
		struct sock_filter f = p.v[i];
		bool holds = false;

		switch (f.code) {
		case BPF_LD | BPF_W | BPF_ABS:
			if (f.k == offsetof(struct seccomp_data, nr))
				a = number;
			else if (f.k == offsetof(struct seccomp_data, arch))
				a = arch;
			else
				*constant = false;
			if (!*constant)
				return 0;
			continue;
		case BPF_RET | BPF_K: return f.k;
		case BPF_ALU | BPF_AND | BPF_K: a &= f.k; continue;
		case BPF_JMP | BPF_JA: i += f.k; continue;
		case BPF_JMP | BPF_JEQ | BPF_K: holds = a == f.k; break;
		case BPF_JMP | BPF_JGE | BPF_K: holds = a >= f.k; break;
		case BPF_JMP | BPF_JGT | BPF_K: holds = a > f.k; break;
		case BPF_JMP | BPF_JSET | BPF_K: holds = a & f.k; break;
		default: die("unknown instruction", f.code, f.k);
		}
		i += holds ? f.jt : f.jf;
	}
	die("the filter has no end", arch, number);
	return 0;
}

/* --- ranges --------------------------------------------------------------- */

/* From first up to the next range's first. */
struct range {
	uint32_t first;
	uint32_t verdict;
	const struct tree_condition *condition; /* instead of verdict */
};

struct ranges {
	struct range v[RANGES_MAX];
	size_t n;
};

static struct range classify(const struct tree_spec *spec, uint32_t arch,
			     uint32_t number)
{
	struct range r = {.first = number};
	bool constant;
	size_t i;

	for (i = 0; i < spec->n_overrides; i++)
		if (number >= spec->overrides[i].first &&
		    number <= spec->overrides[i].last) {
			r.verdict = spec->overrides[i].verdict;
			return r;
		}
	r.verdict = verdict_of(spec->filter, arch, number, &constant);
	if (constant)
		return r;
	for (i = 0; i < spec->n_conditions; i++)
		if (spec->conditions[i].audit_arch == arch &&
		    spec->conditions[i].number == number)
			r.condition = &spec->conditions[i];
	if (!r.condition)
		die("a call has no condition", arch, number);
	return r;
}

static void add(struct ranges *list, struct range r)
{
	const struct range *last = list->n ? &list->v[list->n - 1] : NULL;

	if (!last || last->condition || r.condition ||
	    last->verdict != r.verdict)
		list->v[list->n++] = r;
}

static void find_ranges(const struct tree_spec *spec, uint32_t arch,
			struct ranges *out)
{
	size_t i;
	uint32_t j;

	if (spec->n_starts * WINDOW > RANGES_MAX)
		die("too many starts", arch, 0);
	out->n = 0;
	for (i = 0; i < spec->n_starts; i++)
		for (j = 0; j < WINDOW; j++)
			add(out, classify(spec, arch, spec->starts[i] + j));
}

/* --- writing -------------------------------------------------------------- */

struct writer {
	struct sock_filter *v;
	size_t n;
	size_t max;
};

static size_t emit(struct writer *w, uint16_t code, uint32_t k)
{
	if (w->n == w->max)
		die("the filter gets too long", 0, 0);
	w->v[w->n] = (struct sock_filter)BPF_STMT(code, k);
	return w->n++;
}

static void emit_leaf(struct writer *w, const struct range *r)
{
	size_t i;

	if (!r->condition) {
		(void)emit(w, BPF_RET | BPF_K, r->verdict);
		return;
	}
	for (i = 0; i < r->condition->code.n; i++)
		w->v[emit(w, 0, 0)] = r->condition->code.v[i];
}

/*
 * A binary search: the lower half follows, the upper half is jumped to. A
 * condition can jump over 255 instructions; where the half has more, the
 * condition jumps around a jump that can do more.
 */
static void emit_tree(struct writer *w, const struct range *v, size_t n)
{
	size_t half = n / 2;
	size_t jump;

	if (n == 1) {
		emit_leaf(w, v);
		return;
	}
	jump = emit(w, BPF_JMP | BPF_JGE | BPF_K, v[half].first);
	emit_tree(w, v, half);
	if (w->n - jump - 1 <= UINT8_MAX) {
		w->v[jump].jt = (uint8_t)(w->n - jump - 1);
	} else {
		w->n = jump + 1;
		w->v[jump].jf = 1;
		(void)emit(w, BPF_JMP | BPF_JA, 0);
		emit_tree(w, v, half);
		w->v[jump + 1].k = (uint32_t)(w->n - jump - 2);
	}
	emit_tree(w, v + half, n - half);
}

size_t tree_build(const struct tree_spec *spec, struct sock_filter *out,
		  size_t max)
{
	struct writer w = {.v = out, .max = max};
	static struct ranges ranges;
	size_t i;

	(void)emit(&w, BPF_LD | BPF_W | BPF_ABS,
		   offsetof(struct seccomp_data, arch));
	for (i = 0; i < spec->n_audit_archs; i++) {
		size_t other = emit(&w, BPF_JMP | BPF_JEQ | BPF_K,
				    spec->audit_archs[i]);
		size_t skip;

		/* a block may be longer than a condition can jump */
		w.v[other].jt = 1;
		skip = emit(&w, BPF_JMP | BPF_JA, 0);
		(void)emit(&w, BPF_LD | BPF_W | BPF_ABS,
			   offsetof(struct seccomp_data, nr));
		find_ranges(spec, spec->audit_archs[i], &ranges);
		emit_tree(&w, ranges.v, ranges.n);
		w.v[skip].k = (uint32_t)(w.n - skip - 1);
	}
	(void)emit(&w, BPF_RET | BPF_K, spec->bad_arch);
	return w.n;
}
