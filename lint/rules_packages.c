/*
 * Package managers: one table row a rule, four ways to check.
 *
 * A command is meant where its program is one of a row's and one of its
 * operands is one of the row's subcommands; what follows are the packages.
 */
#include "lint/rules.h"

#include <string.h>

struct package_rule {
	const char *programs;
	const char *subcommands;
	const char *value_flags; /* flags whose value is the next word */
	bool (*pinned)(struct str package);
	const char *pin;     /* how to write it, for people */
	const char *flags;   /* any of these will do */
	const char *options; /* as will one of these words */
	const char *clean;   /* subcommands that clean up */
	const char *cache;   /* what else holds the cache: rm -rf, or a mount */
};

/* "pip", "pip3.11"; "python3 -m pip" is found by is_python_pip. */
static bool is_pip(struct str name)
{
	if (!str_starts(name, "pip"))
		return false;
	for (size_t i = 3; i < name.n; i++)
		if (name.p[i] != '.' && (name.p[i] < '0' || name.p[i] > '9'))
			return false;
	return true;
}

static bool is_python_pip(const struct shell_command *c)
{
	if (!str_starts(c->words[0].text, "python"))
		return false;
	for (size_t i = 1; i + 1 < c->n_words; i++)
		if (str_eq_c(c->words[i].text, "-m"))
			return str_eq_c(c->words[i + 1].text, "pip");
	return false;
}

/* c is one of r's; *packages then stands behind the subcommand. */
static bool matches(const struct package_rule *r, const struct shell_command *c,
		    struct operands *packages)
{
	struct str name = c->words[0].text;
	const struct shell_word *word;

	if (!name_in(name, r->programs) &&
	    !(name_in(STR("pip"), r->programs) &&
	      (is_pip(name) || is_python_pip(c))))
		return false;
	*packages = operands_of(c, r->value_flags ? r->value_flags : "");
	while ((word = operand_next(packages)))
		if (name_in(word->text, r->subcommands))
			return true;
	return false;
}

static void report_unpinned(struct lint *l, const struct rule *rule,
			    const struct lint_run *run,
			    const struct shell_command *c, struct operands o)
{
	const struct package_rule *r = rule->data;
	const struct shell_word *word;

	while ((word = operand_next(&o))) {
		if (name_in(word->text, r->subcommands) ||
		    r->pinned(word->text))
			continue;
		(void)lint_report_script(l, rule, run, word->span,
					 "no version of %.*s is pinned: "
					 "write %.*s %s",
					 STR_ARG(word->text),
					 STR_ARG(c->words[0].text), r->pin);
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

/* rm -rf of the cache's folder, or of what is in it. */
static bool removes(const struct shell_command *c, const char *folder)
{
	if (!command_is(c, "rm"))
		return false;
	for (size_t i = 1; i < c->n_words; i++)
		if (str_has(c->words[i].text, folder))
			return true;
	return false;
}

static bool cleans_later(const struct lint_run *run, size_t from,
			 const struct package_rule *r, struct str program)
{
	for (size_t i = from; i < run->script.n_commands; i++) {
		const struct shell_command *c = &run->script.commands[i];
		struct operands o = operands_of(c, "");
		const struct shell_word *word;

		if (removes(c, r->cache))
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
		if (!item->run || run_has_cache(item->in, r->cache))
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

static bool apt_pinned(struct str p)
{
	return str_find(p, '=') >= 0 || str_find(p, '/') >= 0 ||
	       str_ends(p, ".deb");
}

static bool pip_pinned(struct str p)
{
	bool is_vcs = str_starts(p, "git") || str_starts(p, "hg+") ||
		      str_starts(p, "svn+") || str_starts(p, "bzr+");

	if (str_find(p, '=') > 0 || str_find(p, '>') > 0 ||
	    str_find(p, '<') > 0 || str_ends(p, ".whl") ||
	    str_ends(p, ".tar.gz") || str_eq_c(p, "."))
		return true;
	if (is_vcs && str_find(p, '/') >= 0)
		return str_find(p, '@') >= 0;
	return str_find(p, '/') >= 0;
}

static bool npm_pinned(struct str p)
{
	static const char *const suffixes[] = {".tar", ".tar.gz", ".tgz"};
	static const char *const folders[] = {"/", "./", "../", "~/"};

	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++)
		if (str_ends(p, suffixes[i]))
			return true;
	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		if (str_starts(p, folders[i]))
			return true;
	if (str_eq_c(p, ".") || str_eq_c(p, ".."))
		return true;
	if (str_starts(p, "git://") || str_starts(p, "git+"))
		return str_find(p, '#') >= 0;
	return str_rfind(p, '@') > 0;
}

static bool apk_pinned(struct str p)
{
	return str_find(p, '=') >= 0 || str_find(p, '~') >= 0 ||
	       str_find(p, '<') >= 0 || str_find(p, '>') >= 0 ||
	       str_ends(p, ".apk");
}

static bool gem_pinned(struct str p)
{
	return str_find(p, ':') >= 0 || str_ends(p, ".gem");
}

static bool rpm_pinned(struct str p)
{
	return str_find(p, '-') >= 0 || str_find(p, ':') >= 0 ||
	       str_ends(p, ".rpm");
}

static bool zypper_pinned(struct str p)
{
	return str_find(p, '=') >= 0 || str_find(p, '<') >= 0 ||
	       str_find(p, '>') >= 0 || str_ends(p, ".rpm");
}

static bool go_pinned(struct str p)
{
	return str_starts(p, ".") || str_starts(p, "/") ||
	       (str_find(p, '@') > 0 && !str_ends(p, "@latest"));
}

#define PIP_VALUES                                                           \
	"abi b build e editable extra-index-url f find-links i index-url "   \
	"implementation no-binary only-binary platform prefix progress-bar " \
	"proxy python-version root src t target trusted-host "               \
	"upgrade-strategy timeout retries"
#define RPM_VALUES \
	"c config enablerepo disablerepo installroot x exclude setopt"

const struct package_rule apt_pin = {
	.programs = "apt-get apt",
	.subcommands = "install",
	.value_flags = "t target-release o option c config-file",
	.pinned = apt_pinned,
	.pin = "install <package>=<version>",
};
const struct package_rule apt_yes = {
	.programs = "apt-get",
	.subcommands = "install",
	.value_flags = "t target-release o option c config-file",
	.flags = "y yes assume-yes qq",
	.pin = "-y waits for an answer that nobody gives",
};
const struct package_rule apt_recommends = {
	.programs = "apt-get",
	.subcommands = "install",
	.value_flags = "t target-release o option c config-file",
	.flags = "no-install-recommends",
	.options = "APT::Install-Recommends=false APT::Install-Recommends=0 "
		   "APT::Install-Recommends=no",
	.pin = "--no-install-recommends installs more than was asked for",
};
const struct package_rule pip_pin = {
	.programs = "pip",
	.subcommands = "install",
	.value_flags = PIP_VALUES " m",
	.pinned = pip_pinned,
	.flags = "r requirement c constraint",
	.options = ".",
	.pin = "install <package>==<version>, or --requirement <file>",
};
const struct package_rule pip_cache = {
	.programs = "pip",
	.subcommands = "install",
	.value_flags = PIP_VALUES " m",
	.flags = "no-cache-dir",
	.pin = "--no-cache-dir keeps a cache that is never used",
	.cache = ".cache/pip",
};
const struct package_rule npm_pin = {
	.programs = "npm",
	.subcommands = "install i add",
	.value_flags = "registry prefix cache C loglevel w workspace",
	.pinned = npm_pinned,
	.pin = "install <package>@<version>",
};
const struct package_rule apk_pin = {
	.programs = "apk",
	.subcommands = "add",
	.value_flags = "t virtual repository X p root",
	.pinned = apk_pinned,
	.pin = "add <package>=<version>",
};
const struct package_rule apk_cache = {
	.programs = "apk",
	.subcommands = "add",
	.value_flags = "t virtual repository X p root",
	.flags = "no-cache",
	.pin = "--no-cache leaves the index in the image",
	.cache = "/var/cache/apk",
};
const struct package_rule gem_pin = {
	.programs = "gem",
	.subcommands = "install i",
	.value_flags = "i install-dir n bindir s source p http-proxy",
	.pinned = gem_pinned,
	.flags = "v version",
	.pin = "install <gem>:<version>",
};
const struct package_rule yum_yes = {
	.programs = "yum",
	.subcommands = "install groupinstall localinstall reinstall update "
		       "upgrade",
	.value_flags = RPM_VALUES,
	.flags = "y yes assumeyes",
	.pin = "-y waits for an answer that nobody gives",
};
const struct package_rule yum_clean = {
	.programs = "yum",
	.subcommands = "install groupinstall localinstall",
	.value_flags = RPM_VALUES,
	.clean = "clean",
	.cache = "/var/cache/yum",
	.pin = "yum clean all",
};
const struct package_rule yum_pin = {
	.programs = "yum",
	.subcommands = "install",
	.value_flags = RPM_VALUES,
	.pinned = rpm_pinned,
	.pin = "install <package>-<version>",
};
const struct package_rule dnf_yes = {
	.programs = "dnf microdnf",
	.subcommands = "install groupinstall localinstall reinstall update "
		       "upgrade",
	.value_flags = RPM_VALUES,
	.flags = "y yes assumeyes",
	.pin = "-y waits for an answer that nobody gives",
};
const struct package_rule dnf_clean = {
	.programs = "dnf microdnf",
	.subcommands = "install groupinstall localinstall",
	.value_flags = RPM_VALUES,
	.clean = "clean",
	.cache = "/var/cache/",
	.pin = "dnf clean all",
};
const struct package_rule dnf_pin = {
	.programs = "dnf microdnf",
	.subcommands = "install",
	.value_flags = RPM_VALUES,
	.pinned = rpm_pinned,
	.pin = "install <package>-<version>",
};
const struct package_rule zypper_yes = {
	.programs = "zypper",
	.subcommands = "install in remove rm source-install si patch",
	.flags = "n non-interactive no-confirm y",
	.pin = "-y waits for an answer that nobody gives",
};
const struct package_rule zypper_dup = {
	.programs = "zypper",
	.subcommands = "dist-upgrade dup",
	.pin = "dist-upgrade makes another system of the base image; take a "
	       "newer base",
};
const struct package_rule zypper_clean = {
	.programs = "zypper",
	.subcommands = "install in",
	.clean = "clean cc",
	.cache = "/var/cache/zypp",
	.pin = "zypper clean",
};
const struct package_rule zypper_pin = {
	.programs = "zypper",
	.subcommands = "install in",
	.value_flags = "t type r repo from",
	.pinned = zypper_pinned,
	.pin = "install <package>=<version>",
};
const struct package_rule yarn_clean = {
	.programs = "yarn",
	.subcommands = "install",
	.clean = "cache",
	.cache = ".cache/yarn",
	.pin = "yarn cache clean",
};
const struct package_rule go_pin = {
	.programs = "go",
	.subcommands = "install get",
	.value_flags = "ldflags tags C p mod o gcflags",
	.pinned = go_pinned,
	.pin = "install <package>@<version>",
};
