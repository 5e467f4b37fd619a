#include "parser/values.h"

#include <string.h>

enum {
	USER_BITS = 04700,
	GROUP_BITS = 02070,
	OTHER_BITS = 00007,
	STICKY = 01000,
	SET_ID = 06000,
	EXECUTE = 00111,
};

/* One "who op permissions" of the symbolic form; the octal form is one "=". */
struct mode_op {
	char op;	 /* + - = */
	char copy;	 /* u, g or o: that class's permissions; else 0 */
	bool execute_if; /* X */
	uint32_t who;	 /* the bits that may change */
	uint32_t bits;	 /* of every class; who selects */
};

struct mode_change {
	struct mode_op *v;
	size_t n;
	bool octal;
};

static int bad_mode(struct str s, struct err *e)
{
	return err_set(e, ERR_INVALID,
		       "'%.*s' is not a mode: write octal digits such as 0755, "
		       "or changes such as u+rwX,go-w",
		       STR_ARG(s));
}

static uint32_t who_bits(char c)
{
	switch (c) {
	case 'u': return USER_BITS;
	case 'g': return GROUP_BITS;
	case 'o': return OTHER_BITS;
	case 'a': return USER_BITS | GROUP_BITS | OTHER_BITS;
	}
	return 0;
}

static bool take_permission(struct mode_op *op, char c, bool only_others)
{
	switch (c) {
	case 'r': op->bits |= 0444; return true;
	case 'w': op->bits |= 0222; return true;
	case 'x': op->bits |= EXECUTE; return true;
	case 'X': op->execute_if = true; return true;
	case 's': op->bits |= only_others ? 0 : SET_ID; return true;
	case 't':
		if (!only_others) {
			op->bits |= STICKY;
			op->who |= STICKY;
		}
		return true;
	}
	return false;
}

/* permissions = [rwxXst]* | [ugo] */
static void take_permissions(struct mode_op *op, struct str *s,
			     bool only_others)
{
	if (s->n && memchr("ugo", s->p[0], 3)) {
		op->copy = s->p[0];
		*s = str_skip(*s, 1);
		return;
	}
	while (s->n && take_permission(op, s->p[0], only_others))
		*s = str_skip(*s, 1);
}

/* clause = [ugoa]* ([-+=] permissions)+ */
static bool take_clause(struct mode_change *m, struct str *s)
{
	uint32_t who = 0;
	size_t before = m->n;
	bool only_others;

	while (s->n && who_bits(s->p[0])) {
		who |= who_bits(s->p[0]);
		*s = str_skip(*s, 1);
	}
	only_others = who == OTHER_BITS;
	if (who == 0)
		who = who_bits('a');
	while (s->n && memchr("-+=", s->p[0], 3)) {
		struct mode_op *op = &m->v[m->n++];

		*op = (struct mode_op){.op = s->p[0], .who = who};
		*s = str_skip(*s, 1);
		take_permissions(op, s, only_others);
	}
	return m->n > before;
}

/* mode = octal | clause ("," clause)* */
int mode_parse(struct arena *a, struct str s, const struct mode_change **out,
	       struct err *e)
{
	struct mode_change *m = arena_new(a, struct mode_change);
	struct str rest = s;
	uint64_t octal;

	*out = m;
	if (s.n == 0)
		return bad_mode(s, e);
	m->v = arena_new_array(a, s.n, struct mode_op);
	if (s.p[0] >= '0' && s.p[0] <= '9') {
		if (!str_octal_to_u64(s, 07777, &octal))
			return bad_mode(s, e);
		m->v[m->n++] = (struct mode_op){
			.op = '=',
			.who = 07777,
			.bits = (uint32_t)octal,
		};
		m->octal = true;
		return 0;
	}
	for (;;) {
		if (!take_clause(m, &rest))
			return bad_mode(s, e);
		if (rest.n == 0)
			return 0;
		if (rest.p[0] != ',')
			return bad_mode(s, e);
		rest = str_skip(rest, 1);
	}
}

static uint32_t copied_bits(char who, uint32_t mode)
{
	uint32_t class = who == 'u' ? mode >> 6 : who == 'g' ? mode >> 3 : mode;

	return (class & 7) * EXECUTE;
}

static uint32_t apply(const struct mode_op *op, uint32_t mode, bool execute)
{
	uint32_t bits = op->bits;

	uint32_t who = op->who;

	if (op->copy) {
		/* only permissions are copied, set-ids stay */
		bits = copied_bits(op->copy, mode);
		who &= 0777;
	}
	if (op->execute_if && execute)
		bits |= EXECUTE;
	bits &= who;
	switch (op->op) {
	case '+': return mode | bits;
	case '-': return mode & ~bits;
	}
	return (mode & ~who) | bits;
}

bool mode_is_octal(const struct mode_change *m)
{
	return m->octal;
}

uint32_t mode_apply(const struct mode_change *m, uint32_t mode, bool is_dir)
{
	bool execute = is_dir || (mode & EXECUTE);

	mode &= 07777;
	for (size_t i = 0; i < m->n; i++)
		mode = apply(&m->v[i], mode, execute);
	return mode;
}
