/*
 * Package managers: one table row a rule, four ways to check.
 *
 * A command is meant where its program is one of the manager's and one of its
 * operands is one of the row's subcommands; what follows are the packages.
 */
#include "lint/rules.h"

#include <ctype.h>
#include <string.h>

struct manager {
	const char *programs;
	/* NULL, or what else is the program: "python3 -m pip" */
	bool (*is_program)(const struct shell_command *c);
	const char *value_flags; /* flags whose value is the next word */
	bool ends_at_dashes;	 /* what follows -- are no packages */
};

/* One operand of an install command. */
struct package {
	struct str text;
	const struct shell_command *command;
	const struct lint_run *run;
};

struct package_rule {
	const struct manager *manager;
	const char *subcommands;
	bool comes_first; /* the subcommand is the first operand */
	bool (*pinned)(const struct package *package);
	const char *pin;     /* how to write it, for people */
	const char *flags;   /* any of these will do */
	const char *options; /* as will one of these words */
	const char *clean;   /* subcommands that clean up */
	const char *cache;   /* what else holds the cache: rm -rf, or a mount */
	bool of_kept_stages; /* other stages may keep their cache */
};

/* c is one of r's; *packages then stands behind the subcommand. */
static bool matches(const struct package_rule *r, const struct shell_command *c,
		    struct operands *packages)
{
	const struct manager *m = r->manager;
	const struct shell_word *word;

	if (!name_in(c->words[0].text, m->programs) &&
	    !(m->is_program && m->is_program(c)))
		return false;
	*packages = operands_of(c, m->value_flags);
	while ((word = operand_next(packages))) {
		if (name_in(word->text, r->subcommands))
			return true;
		if (r->comes_first)
			break;
	}
	return false;
}

static void report_unpinned(struct lint *l, const struct rule *rule,
			    const struct lint_run *run,
			    const struct shell_command *c, struct operands o)
{
	const struct package_rule *r = rule->data;
	struct str program = c->words[0].text;
	const struct shell_word *word;

	if (str_starts(program, "python"))
		program = STR("pip");
	while ((word = operand_next(&o))) {
		struct package package = {word->text, c, run};

		if (o.only && r->manager->ends_at_dashes)
			return;
		if (name_in(word->text, r->subcommands) || r->pinned(&package))
			continue;
		(void)lint_report_script(l, rule, run, word->span,
					 "no version of %.*s is pinned: "
					 "write %.*s %s",
					 STR_ARG(word->text), STR_ARG(program),
					 r->pin);
		return;
	}
}

void check_pinned(struct lint *l, const struct rule *rule)
{
	const struct package_rule *r = rule->data;

	FOR_ITEMS(l, item)
	{
		for (size_t i = 0;
		     item->run && i < item->run->script.n_commands; i++) {
			const struct shell_command *c =
				&item->run->script.commands[i];
			struct operands o;

			if (!matches(r, c, &o) ||
			    (r->flags && command_has_any_flag(c, r->flags)))
				continue;
			if (r->options && command_has_arg(c, r->options))
				continue;
			report_unpinned(l, rule, item->run, c, o);
		}
	}
}

static bool has_option(const struct package_rule *r,
		       const struct shell_command *c)
{
	if (command_has_any_flag(c, r->flags))
		return true;
	for (size_t i = 1; r->options && i < c->n_words; i++)
		if (name_in(c->words[i].text, r->options))
			return true;
	return false;
}

/* apt-get -q -q, -q=2 and the like mean -y too. */
static bool is_very_quiet(const struct shell_command *c)
{
	size_t n = 0;

	for (size_t i = 1; i < c->n_words; i++) {
		struct str text = c->words[i].text;

		n += str_eq_c(text, "--quiet");
		if (!str_starts(text, "-") || str_starts(text, "--"))
			continue;
		for (size_t k = 1; k < text.n; k++)
			n += text.p[k] == 'q';
		n += str_ends(text, "q=2");
	}
	return n >= 2;
}

static void check_item(struct lint *l, const struct rule *rule,
		       const struct lint_item *item)
{
	const struct package_rule *r = rule->data;

	if (!item->run || (r->cache && run_has_cache(item->in, r->cache)))
		return;
	for (size_t i = 0; i < item->run->script.n_commands; i++) {
		const struct shell_command *c = &item->run->script.commands[i];
		struct operands o;

		if (!matches(r, c, &o) || has_option(r, c) ||
		    (r == &apt_yes && is_very_quiet(c)))
			continue;
		(void)lint_report_script(l, rule, item->run, c->span,
					 "%.*s without %s",
					 STR_ARG(c->words[0].text), r->pin);
	}
}

void check_flag(struct lint *l, const struct rule *rule)
{
	FOR_ITEMS(l, item)
	check_item(l, rule, item);
}

static bool is_true(struct str value)
{
	return str_eq_c(value, "1") || str_eq_nocase(value, STR("true")) ||
	       str_eq_nocase(value, STR("on")) ||
	       str_eq_nocase(value, STR("yes"));
}

static bool turns_pip_cache_off(const struct instruction *in)
{
	if (in->kind != INSTRUCTION_ENV && in->kind != INSTRUCTION_ARG)
		return false;
	for (size_t i = 0; i < in->pairs.n; i++)
		if (str_eq_c(in->pairs.v[i].key.text, "PIP_NO_CACHE_DIR") &&
		    is_true(lint_plain(&in->pairs.v[i].value)))
			return true;
	return false;
}

/* A script that sets PIP_NO_CACHE_DIR itself, exported or before the command.
 */
static bool script_turns_pip_cache_off(const struct lint_run *run)
{
	struct str rest = run->text.text;
	const char *at =
		rest.n ? memmem(rest.p, rest.n, "PIP_NO_CACHE_DIR=", 17) : NULL;
	size_t n;

	if (!at)
		return false;
	rest = str_skip(rest, (size_t)(at - rest.p) + 17);
	for (n = 0; n < rest.n && n < 5; n++)
		if (strchr(" ;&\n\t", rest.p[n]))
			break;
	return is_true(str_sub(rest, 0, n));
}

/* As check_flag, but the environment may have turned the cache off. */
void check_pip_cache(struct lint *l, const struct rule *rule)
{
	bool *off = arena_new_array(l->arena, l->n_stages + 1, bool);

	FOR_ITEMS(l, item)
	{
		bool *now = &off[item->stage + 1]; /* 0: before any stage */

		if (item->in->kind == INSTRUCTION_FROM)
			*now = off[l->stages[item->stage].base + 1];
		if (turns_pip_cache_off(item->in))
			*now = true;
		if (item->run && !*now &&
		    !script_turns_pip_cache_off(item->run))
			check_item(l, rule, item);
	}
}

static bool cleans_later(const struct lint_run *run, size_t from,
			 const struct package_rule *r, struct str program)
{
	for (size_t i = from; i < run->script.n_commands; i++) {
		const struct shell_command *c = &run->script.commands[i];
		struct operands o = operands_of(c, "");
		const struct shell_word *word;

		if (command_deletes(c, r->cache))
			return true;
		if (!str_eq(c->words[0].text, program))
			continue;
		while ((word = operand_next(&o)))
			if (name_in(word->text, r->clean))
				return true;
	}
	return false;
}

void check_clean(struct lint *l, const struct rule *rule)
{
	const struct package_rule *r = rule->data;

	FOR_ITEMS(l, item)
	{
		if (!item->run || run_has_cache(item->in, r->cache) ||
		    (r->of_kept_stages && !lint_is_kept(l, item)))
			continue;
		for (size_t i = 0; i < item->run->script.n_commands; i++) {
			const struct shell_command *c =
				&item->run->script.commands[i];
			struct operands o;

			if (!matches(r, c, &o) ||
			    cleans_later(item->run, i + 1, r, c->words[0].text))
				continue;
			(void)lint_report_script(l, rule, item->run, c->span,
						 "no %s after %.*s", r->pin,
						 STR_ARG(c->words[0].text));
			break;
		}
	}
}

/* The subcommand itself is the mistake. */
void check_forbidden(struct lint *l, const struct rule *rule)
{
	const struct package_rule *r = rule->data;

	FOR_ITEMS(l, item)
	{
		for (size_t i = 0;
		     item->run && i < item->run->script.n_commands; i++) {
			const struct shell_command *c =
				&item->run->script.commands[i];
			struct operands o;

			if (matches(r, c, &o))
				(void)lint_report_script(
					l, rule, item->run, c->span, "%.*s %s",
					STR_ARG(c->words[0].text), r->pin);
		}
	}
}

/* What a version looks like. */

static bool apt_pinned(const struct package *p)
{
	return str_find(p->text, '=') >= 0 || str_find(p->text, '/') >= 0 ||
	       str_ends(p->text, ".deb");
}

static bool pip_pinned(const struct package *p)
{
	static const char *const operators[] = {"==", "<", ">", "!=", "~="};
	struct str text = p->text;
	bool is_vcs = str_starts(text, "git") || str_starts(text, "hg+") ||
		      str_starts(text, "svn+") || str_starts(text, "bzr+");

	for (size_t i = 0; i < ARRAY_LEN(operators); i++)
		if (str_has(text, operators[i]))
			return true;
	if (str_ends(text, ".whl") || str_ends(text, ".tar.gz") ||
	    str_eq_c(text, "."))
		return true;
	if (is_vcs && str_find(text, '/') >= 0)
		return str_find(text, '@') >= 0;
	return str_find(text, '/') >= 0;
}

static bool npm_pinned(const struct package *p)
{
	static const char *const suffixes[] = {".tar", ".tar.gz", ".tgz"};
	static const char *const folders[] = {"/", "./", "../", "~/"};
	struct str text = p->text;

	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++)
		if (str_ends(text, suffixes[i]))
			return true;
	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		if (str_starts(text, folders[i]))
			return true;
	if (str_eq_c(text, ".") || str_eq_c(text, ".."))
		return true;
	if (str_starts(text, "git://") || str_starts(text, "git+"))
		return str_find(text, '#') >= 0;
	return str_rfind(text, '@') > 0;
}

static bool apk_pinned(const struct package *p)
{
	return str_find(p->text, '=') >= 0 || str_find(p->text, '~') >= 0 ||
	       str_find(p->text, '<') >= 0 || str_find(p->text, '>') >= 0 ||
	       str_ends(p->text, ".apk");
}

static bool gem_pinned(const struct package *p)
{
	return str_find(p->text, ':') >= 0 || str_ends(p->text, ".gem");
}

static size_t name_length(struct str s)
{
	size_t n = 0;

	while (n < s.n && (s.p[n] == '_' || isalnum((unsigned char)s.p[n])))
		n++;
	return n;
}

enum { LOOK_MAX = 1000 }; /* among this many names */

static bool is_set(struct str name, struct lint_names names)
{
	size_t i = 0;

	for (unsigned n = 0; n < LOOK_MAX; n++) {
		const struct str *one = lint_names_next(&names, &i);

		if (!one || str_eq(*one, name))
			return one != NULL;
	}
	return false;
}

/* $NAME or ${NAME} of one of names is in text. */
static bool has_known_variable(struct str text, struct lint_names names)
{
	struct str before;

	while (str_cut(text, '$', &before, &text)) {
		bool braces = str_starts(text, "{");
		struct str rest = str_skip(text, braces);
		size_t n = name_length(rest);

		if (braces && !str_starts(str_skip(rest, n), "}"))
			continue;
		if (is_set(str_sub(rest, 0, n), names))
			return true;
	}
	return false;
}

/*
 * What follows the first hyphen are parts of a version, one of which begins
 * with a digit: "rpm-sign-4.16" and "gcc-c++-12", but not "rpm-sign".
 */
static bool is_rpm_version(struct str text)
{
	bool has_digit = false;
	struct str part;
	bool more = str_cut(text, '-', &part, &text);

	while (more) {
		more = str_cut(text, '-', &part, &text);
		has_digit |= part.n && isdigit((unsigned char)part.p[0]);
		for (size_t i = 0; i < part.n; i++)
			if (!isalnum((unsigned char)part.p[i]) &&
			    !strchr(".~^_:+", part.p[i]))
				return false;
	}
	return has_digit;
}

static bool is_module_or_rpm_pinned(const struct package *p, bool *out)
{
	if (command_has_arg(p->command, "module"))
		*out = str_find(p->text, ':') >= 0;
	else if (str_ends(p->text, ".rpm"))
		*out = true;
	else
		return false;
	return true;
}

/* hadolint takes any hyphen behind a variable for a version here. */
static bool yum_pinned(const struct package *p)
{
	bool pinned;

	if (is_module_or_rpm_pinned(p, &pinned))
		return pinned;
	if (str_find(p->text, '$') >= 0)
		return str_find(p->text, '-') >= 0;
	return is_rpm_version(p->text);
}

static bool dnf_pinned(const struct package *p)
{
	bool pinned;

	if (is_module_or_rpm_pinned(p, &pinned))
		return pinned;
	if (command_has_arg(p->command, "group"))
		return true;
	if (str_find(p->text, '$') >= 0)
		return str_find(p->text, '-') >= 0 &&
		       has_known_variable(p->text, p->run->names);
	return is_rpm_version(p->text);
}

static bool zypper_pinned(const struct package *p)
{
	return str_find(p->text, '=') >= 0 || str_find(p->text, '<') >= 0 ||
	       str_find(p->text, '>') >= 0 || str_ends(p->text, ".rpm");
}

static bool go_pinned(const struct package *p)
{
	return str_starts(p->text, ".") || str_starts(p->text, "/") ||
	       (str_find(p->text, '@') > 0 && !str_ends(p->text, "@latest") &&
		!str_ends(p->text, "@none"));
}

/* Managers. */

/* "pip", "pip3.11", "pip3"; "python3 -m pip" */
static bool is_pip(const struct shell_command *c)
{
	struct str name = c->words[0].text;

	if (str_starts(name, "python")) {
		for (size_t i = 1; i + 1 < c->n_words; i++)
			if (str_eq_c(c->words[i].text, "-m"))
				return str_eq_c(c->words[i + 1].text, "pip");
		return false;
	}
	if (!str_starts(name, "pip"))
		return false;
	for (size_t i = 3; i < name.n; i++)
		if (name.p[i] != '.' && (name.p[i] < '0' || name.p[i] > '9'))
			return false;
	return true;
}

#define PIP_VALUES                                                           \
	"abi b build e editable extra-index-url f find-links i index-url "   \
	"implementation no-binary only-binary platform prefix progress-bar " \
	"proxy python-version root src t target trusted-host "               \
	"upgrade-strategy timeout retries m"
#define RPM_VALUES \
	"c config enablerepo disablerepo installroot x exclude setopt"

static const struct manager apt_get = {
	.programs = "apt-get",
	.value_flags = "t target-release o option c config-file",
};
static const struct manager pip = {
	.programs = "pip", .is_program = is_pip, .value_flags = PIP_VALUES};
/* pipx takes packages as pip does, and keeps no cache of its own */
static const struct manager pip_or_pipx = {
	.programs = "pip pipx",
	.is_program = is_pip,
	.value_flags = PIP_VALUES " python spec pip-args suffix preinstall",
};
static const struct manager npm = {
	.programs = "npm",
	.value_flags = "registry prefix cache C loglevel w workspace",
};
static const struct manager apk = {
	.programs = "apk",
	.value_flags = "t virtual repository X p root",
};
static const struct manager gem = {
	.programs = "gem",
	.value_flags = "i install-dir n bindir s source p http-proxy",
	.ends_at_dashes = true, /* flags for building extensions */
};
static const struct manager yum = {.programs = "yum",
				   .value_flags = RPM_VALUES};
static const struct manager dnf = {.programs = "dnf microdnf",
				   .value_flags = RPM_VALUES};
static const struct manager zypper = {
	.programs = "zypper",
	.value_flags = "t type r repo from",
};
static const struct manager yarn = {.programs = "yarn", .value_flags = ""};
static const struct manager go = {
	.programs = "go",
	.value_flags = "ldflags tags C p mod o gcflags",
};

/* Rules. */

#define ASKS "-y waits for an answer that nobody gives"
#define RPM_YES                                                \
	.subcommands = "install in groupinstall localinstall", \
	.flags = "y yes assumeyes", .pin = ASKS
#define RPM_PIN \
	.subcommands = "install in", .pin = "install <package>-<version>"

const struct package_rule apt_pin = {
	.manager = &apt_get,
	.subcommands = "install",
	.pinned = apt_pinned,
	.pin = "install <package>=<version>",
};
const struct package_rule apt_yes = {
	.manager = &apt_get,
	.subcommands = "install",
	.flags = "y yes assume-yes qq",
	.pin = ASKS,
};
const struct package_rule apt_recommends = {
	.manager = &apt_get,
	.subcommands = "install",
	.flags = "no-install-recommends",
	.options = "APT::Install-Recommends=false APT::Install-Recommends=0 "
		   "APT::Install-Recommends=no",
	.pin = "--no-install-recommends installs more than was asked for",
};
const struct package_rule pip_pin = {
	.manager = &pip_or_pipx,
	.subcommands = "install",
	.pinned = pip_pinned,
	.flags = "r requirement c constraint",
	.options = ".",
	.pin = "install <package>==<version>, or --requirement <file>",
};
const struct package_rule pip_cache = {
	.manager = &pip,
	.subcommands = "install",
	.flags = "no-cache-dir",
	.pin = "--no-cache-dir keeps a cache that is never used",
	.cache = ".cache/pip",
};
const struct package_rule npm_pin = {
	.manager = &npm,
	.subcommands = "install",
	.comes_first = true,
	.pinned = npm_pinned,
	.pin = "install <package>@<version>",
};
const struct package_rule apk_pin = {
	.manager = &apk,
	.subcommands = "add",
	.pinned = apk_pinned,
	.pin = "add <package>=<version>",
};
const struct package_rule apk_cache = {
	.manager = &apk,
	.subcommands = "add",
	.flags = "no-cache",
	.pin = "--no-cache leaves the index in the image",
	.cache = "/var/cache/apk",
};
const struct package_rule gem_pin = {
	.manager = &gem,
	.subcommands = "install i",
	.pinned = gem_pinned,
	.flags = "v version",
	.pin = "install <gem>:<version>",
};
const struct package_rule yum_yes = {.manager = &yum, RPM_YES};
const struct package_rule dnf_yes = {.manager = &dnf, RPM_YES};
const struct package_rule yum_pin = {
	.manager = &yum, .pinned = yum_pinned, RPM_PIN};
const struct package_rule dnf_pin = {
	.manager = &dnf, .pinned = dnf_pinned, RPM_PIN};
const struct package_rule yum_clean = {
	.manager = &yum,
	.subcommands = "install",
	.clean = "clean",
	.cache = "/var/cache/yum",
	.pin = "yum clean all",
};
const struct package_rule dnf_clean = {
	.manager = &dnf,
	.subcommands = "install in",
	.clean = "clean",
	.cache = "/var/cache/",
	.pin = "dnf clean all",
};
const struct package_rule zypper_yes = {
	.manager = &zypper,
	.subcommands = "install in remove rm source-install si patch",
	.flags = "n non-interactive no-confirm y",
	.pin = ASKS,
};
const struct package_rule zypper_dup = {
	.manager = &zypper,
	.subcommands = "dist-upgrade dup",
	.pin = "dist-upgrade makes another system of the base image; take a "
	       "newer base",
};
const struct package_rule zypper_clean = {
	.manager = &zypper,
	.subcommands = "install in",
	.clean = "clean cc",
	.cache = "/var/cache/zypp",
	.pin = "zypper clean",
};
const struct package_rule zypper_pin = {
	.manager = &zypper,
	.subcommands = "install in",
	.pinned = zypper_pinned,
	.pin = "install <package>=<version>",
};
const struct package_rule yarn_clean = {
	.manager = &yarn,
	.subcommands = "install",
	.clean = "cache",
	.cache = ".cache/yarn",
	.of_kept_stages = true,
	.pin = "yarn cache clean",
};
const struct package_rule go_pin = {
	.manager = &go,
	.subcommands = "install get",
	.pinned = go_pinned,
	.pin = "install <package>@<version>",
};
