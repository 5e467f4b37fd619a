#include "oci/platform.h"

#include <pthread.h>
#include <string.h>
#include <sys/utsname.h>

static const char *const known_os[] = {
	"aix",	   "android", "darwin",	 "dragonfly", "freebsd", "hurd",
	"illumos", "ios",     "js",	 "linux",     "nacl",	 "netbsd",
	"openbsd", "plan9",   "solaris", "wasip1",    "windows", "zos",
};

static const char *const known_architecture[] = {
	"386",	 "amd64",   "arm",    "arm64",	  "armbe", "arm64be", "loong64",
	"mips",	 "mipsle",  "mips64", "mips64le", "ppc",   "ppc64",   "ppc64le",
	"riscv", "riscv64", "s390",   "s390x",	  "sparc", "sparc64", "wasm",
};

/*
 * Names that mean another one. A variant that is given replaces the entry's;
 * default_variant is what an absent one means, dropped the one that is implied.
 */
struct architecture_rule {
	const char *name;
	const char *architecture;
	const char *default_variant;
	const char *dropped_variant;
};

static const struct architecture_rule architecture_rules[] = {
	{"i386", "386", "", NULL},     {"i686", "386", "", NULL},
	{"x86_64", "amd64", "", "v1"}, {"x86-64", "amd64", "", "v1"},
	{"amd64", "amd64", "", "v1"},  {"aarch64", "arm64", "", "v8"},
	{"arm64", "arm64", "", "v8"},  {"armhf", "arm", "v7", NULL},
	{"armel", "arm", "v6", NULL},  {"armv7l", "arm", "v7", NULL},
	{"armv6l", "arm", "v6", NULL}, {"arm", "arm", "v7", NULL},
};

static bool is_one_of(struct str s, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq_c(s, names[i]))
			return true;
	return false;
}

static struct str lower(struct arena *a, struct str s)
{
	char *p = arena_c(a, s);

	for (size_t i = 0; i < s.n; i++)
		if (p[i] >= 'A' && p[i] <= 'Z')
			p[i] = (char)(p[i] - 'A' + 'a');
	return (struct str){p, s.n};
}

static const struct architecture_rule *rule_for(struct str architecture)
{
	for (size_t i = 0; i < ARRAY_LEN(architecture_rules); i++)
		if (str_eq_c(architecture, architecture_rules[i].name))
			return &architecture_rules[i];
	return NULL;
}

/* "7" is "v7" and "8.1" is "v8.1"; words stay. */
static struct str variant_normal(struct arena *a, struct str v)
{
	v = lower(a, v);
	if (v.n && v.p[0] >= '0' && v.p[0] <= '9')
		return arena_printf(a, "v%.*s", STR_ARG(v));
	return v;
}

static void normalise(struct arena *a, struct platform *p)
{
	const struct architecture_rule *rule;

	p->os = lower(a, p->os);
	if (str_eq_c(p->os, "macos"))
		p->os = STR("darwin");
	p->architecture = lower(a, p->architecture);
	p->variant = variant_normal(a, p->variant);
	rule = rule_for(p->architecture);
	if (!rule)
		return;
	p->architecture = str_from(rule->architecture);
	if (!p->variant.n)
		p->variant = str_from(rule->default_variant);
	else if (rule->dropped_variant &&
		 str_eq_c(p->variant, rule->dropped_variant))
		p->variant = STR("");
}

static struct utsname host_uname;
static struct platform host;

static void host_find(void)
{
	const struct architecture_rule *rule;

	host.os = STR("linux");
	host.architecture = STR("amd64");
	if (uname(&host_uname) < 0)
		return;
	rule = rule_for(str_from(host_uname.machine));
	host.architecture =
		str_from(rule ? rule->architecture : host_uname.machine);
	host.variant = str_from(rule ? rule->default_variant : "");
}

struct platform platform_host(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, host_find);
	return host;
}

static bool is_architecture(struct str s)
{
	return rule_for(s) ||
	       is_one_of(s, known_architecture, ARRAY_LEN(known_architecture));
}

static int one_word(struct arena *a, struct str word, struct platform *p,
		    struct err *e)
{
	struct platform here = platform_host();
	struct str w = lower(a, word);

	if (is_one_of(w, known_os, ARRAY_LEN(known_os)) ||
	    str_eq_c(w, "macos")) {
		p->os = w;
		p->architecture = here.architecture;
		p->variant = here.variant;
		return 0;
	}
	if (is_architecture(w)) {
		p->os = here.os;
		p->architecture = w;
		return 0;
	}
	return err_set(e, ERR_INVALID,
		       "platform '%.*s': unknown operating system or "
		       "architecture; expected os/architecture[/variant], such "
		       "as linux/amd64",
		       STR_ARG(word));
}

static bool is_word(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			     (c >= '0' && c <= '9');

		if (!alnum && c != '_' && c != '-' && c != '.')
			return false;
	}
	return s.n > 0;
}

/* os := word [ "(" version ")" ] */
static bool split_os(struct str *os, struct str *version)
{
	struct str rest;

	*version = STR("");
	if (!str_cut(*os, '(', os, &rest))
		return true;
	if (!str_ends(rest, ")"))
		return false;
	*version = str_sub(rest, 0, rest.n - 1);
	return is_word(*version);
}

/* platform := word | os "/" architecture [ "/" variant ] */
int platform_parse(struct arena *a, struct str s, struct platform *out,
		   struct err *e)
{
	struct str part[3] = {0};
	struct str rest = s;
	size_t n = 0;
	bool more = true;

	*out = (struct platform){0};
	while (more && n < ARRAY_LEN(part))
		more = str_cut(rest, '/', &part[n++], &rest);
	if (more || !split_os(&part[0], &out->os_version))
		return err_set(e, ERR_INVALID,
			       "platform '%.*s': expected "
			       "os/architecture[/variant], such as linux/amd64",
			       STR_ARG(s));
	for (size_t i = 0; i < n; i++)
		if (!is_word(part[i]))
			return err_set(e, ERR_INVALID,
				       "platform '%.*s': empty or odd part "
				       "'%.*s'",
				       STR_ARG(s), STR_ARG(part[i]));
	if (n == 1) {
		if (one_word(a, part[0], out, e) < 0)
			return -1;
	} else {
		out->os = part[0];
		out->architecture = part[1];
		out->variant = part[2];
	}
	out->os_version = arena_str(a, out->os_version);
	normalise(a, out);
	return 0;
}

bool platform_eq(const struct platform *a, const struct platform *b)
{
	return str_eq(a->os, b->os) &&
	       str_eq(a->architecture, b->architecture) &&
	       str_eq(a->variant, b->variant);
}

struct str platform_format(struct arena *a, const struct platform *p)
{
	if (p->variant.n)
		return arena_printf(a, "%.*s/%.*s/%.*s", STR_ARG(p->os),
				    STR_ARG(p->architecture),
				    STR_ARG(p->variant));
	return arena_printf(a, "%.*s/%.*s", STR_ARG(p->os),
			    STR_ARG(p->architecture));
}
