/*
 * RUN --mount=key=value,...: fields as in a CSV line.
 *
 *   mount = field ("," field)*
 *   field = '"' ([^"] | '""')* '"' | [^",]*
 *
 * Reference: BuildKit instructions/commands_runmount.go.
 */
#include "parser/parse.h"

#include "parser/instruction.h"
#include "parser/suggest.h"
#include "parser/values.h"

#include <string.h>

static const char *const mount_kinds[] = {
	[MOUNT_BIND] = "bind",	 [MOUNT_CACHE] = "cache",
	[MOUNT_TMPFS] = "tmpfs", [MOUNT_SECRET] = "secret",
	[MOUNT_SSH] = "ssh",
};

static const char *const mount_sharings[] = {
	[MOUNT_SHARED] = "shared",
	[MOUNT_PRIVATE] = "private",
	[MOUNT_LOCKED] = "locked",
};

static const char *const mount_keys[] = {
	"type", "from",	       "source",   "src",      "target",
	"dst",	"destination", "readonly", "ro",       "readwrite",
	"rw",	"id",	       "sharing",  "required", "mode",
	"uid",	"gid",	       "size",	   "env",
};

/* What is wrong with a field, or with the mount as a whole. */
struct problem {
	struct str text;
	struct str hint;
	struct str at; /* empty: the mount */
};

/* A mount while its fields are applied one by one. */
struct making {
	struct arena *arena;
	struct mount *mount;
	bool has_kind_unknown; /* a variable decides the kind */
	bool has_sharing;
	bool has_readonly;
	struct problem *problem;
};

static int problem(struct making *m, struct str at, struct str text)
{
	*m->problem = (struct problem){.text = text, .at = at};
	return -1;
}

static int find_name(const char *const *names, size_t n, struct str s)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq_nocase(s, str_from(names[i])))
			return (int)i;
	return -1;
}

/* An enumeration's value; -1 with a problem that lists the choices. */
static int choose(struct making *m, const struct mount_field *f,
		  struct str value, const char *const *names, size_t n)
{
	int found = find_name(names, n, value);
	const char *near;

	if (found >= 0)
		return found;
	near = suggest(value, names, n);
	problem(m, f->value.text,
		arena_printf(m->arena, "'%.*s' is not a mount's %.*s",
			     STR_ARG(value), STR_ARG(f->key)));
	if (near)
		m->problem->hint =
			arena_printf(m->arena, "did you mean %s?", near);
	return -1;
}

static int wrong_kind(struct making *m, const struct mount_field *f)
{
	return problem(m, f->text,
		       arena_printf(m->arena,
				    "%.*s means nothing for a mount of type %s",
				    STR_ARG(f->key),
				    mount_kinds[m->mount->kind]));
}

static int set_bool(struct making *m, const struct mount_field *f,
		    struct str value, bool *out)
{
	struct err e;

	if (!f->has_value)
		*out = true;
	else if (bool_parse(value, out, &e) < 0)
		return problem(m, f->value.text,
			       arena_printf(m->arena, "%.*s: %s",
					    STR_ARG(f->key), e.msg));
	return 0;
}

static int set_required(struct making *m, const struct mount_field *f,
			struct str value)
{
	enum mount_kind kind = m->mount->kind;

	if (!m->has_kind_unknown && kind != MOUNT_SECRET && kind != MOUNT_SSH)
		return wrong_kind(m, f);
	return set_bool(m, f, value, &m->mount->required);
}

static int set_readonly(struct making *m, const struct mount_field *f,
			struct str value, bool readonly)
{
	bool given;

	if (set_bool(m, f, value, &given) < 0)
		return -1;
	m->mount->readonly = given == readonly;
	m->has_readonly = true;
	return 0;
}

static int check_number(struct making *m, const struct mount_field *f,
			struct str value, bool octal)
{
	uint64_t number;
	bool good = octal ? str_octal_to_u64(value, UINT32_MAX, &number)
			  : str_to_u64(value, UINT32_MAX, &number);

	if (good)
		return 0;
	return problem(m, f->value.text,
		       arena_printf(m->arena, "%.*s: '%.*s' is not %s",
				    STR_ARG(f->key), STR_ARG(value),
				    octal ? "an octal number" : "a number"));
}

static int set_size(struct making *m, const struct mount_field *f,
		    struct str value)
{
	uint64_t bytes;
	struct err e;

	if (!m->has_kind_unknown && m->mount->kind != MOUNT_TMPFS)
		return wrong_kind(m, f);
	if (size_parse(value, &bytes, &e) < 0)
		return problem(m, f->value.text,
			       arena_printf(m->arena, "size: %s", e.msg));
	m->mount->size = f->value;
	return 0;
}

static int set_from(struct making *m, const struct mount_field *f)
{
	ptrdiff_t dollar = str_find(f->value.text, '$');

	m->mount->from = f->value;
	if (dollar < 0 || (size_t)dollar + 1 == f->value.text.n)
		return 0;
	problem(m, f->value.text, STR("a mount's from can't hold a variable"));
	m->problem->hint = STR("give the image a stage of its own and name "
			       "that");
	return -1;
}

static int set_kind(struct making *m, const struct mount_field *f,
		    struct str value)
{
	int kind = choose(m, f, value, mount_kinds, ARRAY_LEN(mount_kinds));

	if (kind < 0)
		return -1;
	m->mount->kind = (enum mount_kind)kind;
	return 0;
}

static int set_sharing(struct making *m, const struct mount_field *f,
		       struct str value)
{
	int sharing =
		choose(m, f, value, mount_sharings, ARRAY_LEN(mount_sharings));

	if (sharing < 0)
		return -1;
	m->mount->sharing = (enum mount_sharing)sharing;
	m->has_sharing = true;
	return 0;
}

static bool key_is(const struct mount_field *f, const char *a, const char *b)
{
	return str_eq_c(f->key, a) || str_eq_c(f->key, b);
}

static int unknown_key(struct making *m, const struct mount_field *f)
{
	const char *near = suggest(f->key, mount_keys, ARRAY_LEN(mount_keys));

	problem(m, f->text,
		arena_printf(m->arena, "a mount has no key '%.*s'",
			     STR_ARG(f->key)));
	if (near)
		m->problem->hint =
			arena_printf(m->arena, "did you mean %s?", near);
	return -1;
}

static bool stands_alone(const struct mount_field *f)
{
	return key_is(f, "readonly", "ro") || key_is(f, "readwrite", "rw") ||
	       key_is(f, "required", "required");
}

/* A key whose value is a word that is used as it is. */
static struct word *word_for(struct mount *m, const struct mount_field *f)
{
	if (key_is(f, "source", "src"))
		return &m->source;
	if (key_is(f, "target", "dst") || key_is(f, "destination", ""))
		return &m->target;
	if (key_is(f, "id", "id"))
		return &m->id;
	if (key_is(f, "env", "env"))
		return &m->env;
	return NULL;
}

/* mode, uid and gid: a number, checked where its text is known. */
static int set_number(struct making *m, const struct mount_field *f,
		      const struct str *value)
{
	bool octal = str_eq_c(f->key, "mode");

	if (value && check_number(m, f, *value, octal) < 0)
		return -1;
	if (octal)
		m->mount->mode = f->value;
	else if (str_eq_c(f->key, "uid"))
		m->mount->uid = f->value;
	else
		m->mount->gid = f->value;
	return 0;
}

/* A field whose text a variable decides: it is looked at later. */
static int defer(struct making *m, const struct mount_field *f)
{
	if (str_eq_c(f->key, "size"))
		m->mount->size = f->value;
	else
		m->mount->deferred = true;
	m->has_kind_unknown |= str_eq_c(f->key, "type");
	return 0;
}

/* value is NULL where a variable in it has no value yet. */
static int apply(struct making *m, const struct mount_field *f,
		 const struct str *value)
{
	struct word *word = word_for(m->mount, f);
	struct str none = {0};

	if (!f->has_value && !stands_alone(f)) {
		problem(m, f->text,
			arena_printf(m->arena, "'%.*s' has no value",
				     STR_ARG(f->text)));
		m->problem->hint = STR("write key=value");
		return -1;
	}
	if (word) {
		*word = f->value;
		return 0;
	}
	if (str_eq_c(f->key, "from"))
		return set_from(m, f);
	if (key_is(f, "uid", "gid") || str_eq_c(f->key, "mode"))
		return set_number(m, f, value);
	if (find_name(mount_keys, ARRAY_LEN(mount_keys), f->key) < 0)
		return unknown_key(m, f);
	if (!value && f->has_value)
		return defer(m, f);
	if (!f->has_value)
		value = &none;
	if (str_eq_c(f->key, "type"))
		return set_kind(m, f, *value);
	if (str_eq_c(f->key, "sharing"))
		return set_sharing(m, f, *value);
	if (str_eq_c(f->key, "required"))
		return set_required(m, f, *value);
	if (str_eq_c(f->key, "size"))
		return set_size(m, f, *value);
	return set_readonly(m, f, *value, key_is(f, "readonly", "ro"));
}

static int check_secret(struct making *m)
{
	struct mount *mount = m->mount;
	struct str none = {0};

	if (mount->from.text.n)
		return problem(m, none, STR("a secret mount has no from"));
	if (m->has_sharing)
		return problem(m, none, STR("a secret mount has no sharing"));
	if (!mount->source.text.n && !mount->target.text.n && !mount->id.text.n)
		return problem(m, none,
			       STR("a secret mount needs an id or a target"));
	if (mount->source.text.n && mount->id.text.n)
		return problem(m, none,
			       STR("a secret mount takes id or source, not "
				   "both"));
	return 0;
}

/* What the fields say together. */
static int check(struct making *m)
{
	struct mount *mount = m->mount;
	enum mount_kind kind = mount->kind;
	bool owned = kind == MOUNT_SECRET || kind == MOUNT_SSH ||
		     kind == MOUNT_CACHE;
	struct str none = {0};

	if (mount->deferred)
		return 0;
	if (!owned &&
	    (mount->mode.text.n || mount->uid.text.n || mount->gid.text.n))
		return problem(m, none,
			       arena_printf(m->arena,
					    "mode, uid and gid mean nothing "
					    "for a mount of type %s",
					    mount_kinds[kind]));
	if (!m->has_readonly)
		mount->readonly = kind != MOUNT_CACHE && kind != MOUNT_TMPFS;
	if (kind == MOUNT_SECRET && check_secret(m) < 0)
		return -1;
	if (m->has_sharing && kind != MOUNT_CACHE)
		return problem(m, none, STR("only a cache mount has sharing"));
	return 0;
}

/* The next field of *rest, its quotes removed; false where it is malformed. */
static bool next_field(struct arena *a, struct str *rest, struct str *out)
{
	char *to;
	size_t n = 0;
	size_t i = 1;

	if (!str_starts(*rest, "\"")) {
		ptrdiff_t comma = str_find(*rest, ',');

		*out = str_sub(*rest, 0, comma < 0 ? rest->n : (size_t)comma);
		*rest = str_skip(*rest, out->n);
		return str_find(*out, '"') < 0;
	}
	to = arena_alloc(a, rest->n);
	for (; i < rest->n; i++) {
		if (rest->p[i] == '"' &&
		    (i + 1 == rest->n || rest->p[i + 1] != '"'))
			break;
		i += rest->p[i] == '"';
		to[n++] = rest->p[i];
	}
	if (i >= rest->n)
		return false;
	*out = (struct str){to, n};
	*rest = str_skip(*rest, i + 1);
	return rest->n == 0 || rest->p[0] == ',';
}

static struct mount_field split_field(struct parse *p, struct str text,
				      struct span span)
{
	struct mount_field f = {.text = text};
	struct str key;
	struct str value;
	char *lower;

	f.has_value = str_cut(text, '=', &key, &value);
	lower = arena_c(p->arena, key);
	for (size_t i = 0; i < key.n; i++)
		if (lower[i] >= 'A' && lower[i] <= 'Z')
			lower[i] |= 0x20;
	f.key = (struct str){lower, key.n};
	if (f.has_value && str_eq_c(f.key, "from"))
		f.value = parse_plain(value, parse_span(p, value, span));
	else if (f.has_value)
		f.value = parse_expanding(p, value, parse_span(p, value, span));
	return f;
}

static bool split(struct parse *p, const struct flag *flag, struct mount *out)
{
	VEC(struct mount_field) fields = {0};
	struct str rest = flag->value.text;
	struct mount_field *v;
	struct str text;
	bool good = rest.n > 0;

	while (good) {
		good = next_field(p->arena, &rest, &text);
		if (!good)
			break;
		*vec_push(&fields) = split_field(p, text, flag->span);
		if (rest.n == 0)
			break;
		rest = str_skip(rest, 1);
	}
	v = arena_new_array(p->arena, fields.n, struct mount_field);
	if (fields.n)
		memcpy(v, fields.v, fields.n * sizeof(*v));
	out->fields = v;
	out->n_fields = fields.n;
	vec_release(&fields);
	return good;
}

/* The value of f where no variable is in it. */
static bool static_value(struct arena *a, const struct mount_field *f,
			 struct str *value)
{
	struct err e;

	*value = f->value.text;
	if (!f->value.template)
		return true;
	return word_names(f->value.template).n == 0 &&
	       word_expand(a, f->value.template, NULL, NULL, value, &e) == 0;
}

static void report(struct parse *p, const struct flag *flag,
		   const struct problem *problem)
{
	struct diag *diag;

	diag = parse_report(p, "invalid-mount", problem->at, "%.*s",
			    STR_ARG(problem->text));
	if (problem->at.n == 0 || !problem->at.p)
		diag->span = flag->span;
	else
		diag->span = parse_span(p, problem->at, flag->span);
	if (problem->hint.n)
		parse_hint(p, diag, "%.*s", STR_ARG(problem->hint));
}

void parse_mount(struct parse *p, const struct flag *flag, struct mount *out)
{
	struct problem found = {0};
	struct making m = {.arena = p->arena, .mount = out, .problem = &found};
	bool failed = p->failed;

	out->span = flag->span;
	p->failed = false;
	if (!split(p, flag, out)) {
		found.text = STR("a mount is a list of key=value with commas "
				 "between");
		report(p, flag, &found);
		return;
	}
	for (size_t i = 0; i < out->n_fields && !p->failed; i++) {
		const struct mount_field *f = &out->fields[i];
		struct str value;
		bool known = static_value(p->arena, f, &value);

		if (apply(&m, f, known ? &value : NULL) < 0)
			report(p, flag, &found);
	}
	if (!p->failed && check(&m) < 0)
		report(p, flag, &found);
	p->failed |= failed;
}

static struct mount_field expanded(const struct mount_field *f,
				   struct str value)
{
	struct mount_field copy = *f;

	copy.value.text = value;
	copy.value.template = NULL;
	return copy;
}

int mount_resolve(struct arena *a, const struct mount *mount,
		  const struct word_env *env, const struct word_unset *unset,
		  struct mount *out, struct err *e)
{
	struct problem found = {0};
	struct making m = {.arena = a, .mount = out, .problem = &found};

	*out = (struct mount){
		.span = mount->span,
		.fields = mount->fields,
		.n_fields = mount->n_fields,
	};
	for (size_t i = 0; i < mount->n_fields; i++) {
		const struct mount_field *f = &mount->fields[i];
		struct str value = f->value.text;
		struct mount_field now;

		if (f->value.template && word_expand(a, f->value.template, env,
						     unset, &value, e) < 0)
			return err_wrap(e, "--mount: %.*s", STR_ARG(f->text));
		now = expanded(f, value);
		if (apply(&m, &now, &value) < 0)
			return err_set(e, ERR_INVALID, "--mount: %.*s",
				       STR_ARG(found.text));
	}
	if (check(&m) < 0)
		return err_set(e, ERR_INVALID, "--mount: %.*s",
			       STR_ARG(found.text));
	return 0;
}

const char *mount_key(size_t i)
{
	return i < ARRAY_LEN(mount_keys) ? mount_keys[i] : NULL;
}

const char *mount_type(size_t i)
{
	return i < ARRAY_LEN(mount_kinds) ? mount_kinds[i] : NULL;
}

const char *mount_sharing_name(size_t i)
{
	return i < ARRAY_LEN(mount_sharings) ? mount_sharings[i] : NULL;
}
