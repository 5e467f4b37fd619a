#include "cli/lint/settings.h"

#include "base/io.h"
#include "lint/rule.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

void lint_settings_release(struct lint_settings *s)
{
	vec_release(&s->selected);
	vec_release(&s->ignored);
	for (size_t i = 0; i < ARRAY_LEN(s->overrides); i++)
		vec_release(&s->overrides[i]);
	vec_release(&s->trusted);
	vec_release(&s->labels);
	vec_release(&s->formats);
	vec_release(&s->outputs);
	vec_release(&s->excludes);
	arena_release(&s->arena);
}

/* "A,B" */
static void add_list(struct lint_settings *s, string_list *list,
		     const char *name)
{
	struct str rest = str_from(getenv(name));

	while (rest.n) {
		struct str one;

		(void)str_cut(rest, ',', &one, &rest);
		one = str_trim(one);
		if (one.n)
			*vec_push(list) = arena_c(&s->arena, one);
	}
}

static int set_flag(bool *flag, const char *name, struct err *e)
{
	static const char *const yes[] = {"1", "true", "yes", "on", "y", "t"};
	static const char *const no[] = {"",	"0", "false", "no",
					 "off", "n", "f"};
	struct str value = str_from(getenv(name));

	for (size_t i = 0; i < ARRAY_LEN(yes); i++)
		if (str_eq_nocase(value, str_from(yes[i]))) {
			*flag = true;
			return 0;
		}
	for (size_t i = 0; i < ARRAY_LEN(no); i++)
		if (str_eq_nocase(value, str_from(no[i])))
			return 0;
	return err_set(e, ERR_INVALID, "%s=%.*s: neither true nor false", name,
		       STR_ARG(value));
}

int lint_settings_environment(struct lint_settings *s, struct err *e)
{
	static const char *const overrides[] = {
		[DIAG_ERROR] = "HADOLINT_OVERRIDE_ERROR",
		[DIAG_WARNING] = "HADOLINT_OVERRIDE_WARNING",
		[DIAG_INFO] = "HADOLINT_OVERRIDE_INFO",
		[DIAG_STYLE] = "HADOLINT_OVERRIDE_STYLE",
	};
	const char *format = getenv("HADOLINT_FORMAT");
	const char *no_color = getenv("NO_COLOR");

	add_list(s, &s->ignored, "HADOLINT_IGNORE");
	add_list(s, &s->trusted, "HADOLINT_TRUSTED_REGISTRIES");
	add_list(s, &s->labels, "HADOLINT_REQUIRE_LABELS");
	for (size_t i = 0; i < ARRAY_LEN(overrides); i++)
		add_list(s, &s->overrides[i], overrides[i]);
	if (format && *format)
		*vec_push(&s->formats) = format;
	if (getenv("HADOLINT_FAILURE_THRESHOLD"))
		s->threshold = getenv("HADOLINT_FAILURE_THRESHOLD");
	s->no_color = no_color && *no_color;
	if (set_flag(&s->no_fail, "HADOLINT_NOFAIL", e) < 0 ||
	    set_flag(&s->verbose, "HADOLINT_VERBOSE", e) < 0 ||
	    set_flag(&s->strict_labels, "HADOLINT_STRICT_LABELS", e) < 0)
		return -1;
	return set_flag(&s->disable_pragmas, "HADOLINT_DISABLE_IGNORE_PRAGMA",
			e);
}

/* Config files. */

static const struct {
	const char *variable; /* NULL: the working folder */
	const char *path;
} places[] = {
	{NULL, ".imgbuild"},
	{NULL, ".hadolint"},
	{"XDG_CONFIG_HOME", "imgbuild"},
	{"XDG_CONFIG_HOME", "hadolint"},
	{"HOME", ".config/hadolint"},
	{"HOME", ".hadolint/hadolint"},
	{"HOME", "hadolint/config"},
	{"HOME", ".hadolint/config"},
	{"HOME", ".hadolint"},
};

enum { CONFIG_MAX_BYTES = 1 << 20 };

/* 1 read, 0 there is none, -1 error. */
static int read_config(struct lint_settings *s, const char *path, struct err *e)
{
	SCOPED_BUF struct buf text = BUF_INIT(CONFIG_MAX_BYTES);
	int found = io_read_file(AT_FDCWD, path, &text, e);

	if (found <= 0)
		return found;
	if (buf_check(&text, path, e) < 0)
		return -1;
	s->path = arena_c(&s->arena, str_from(path));
	return lint_settings_yaml(s, buf_str(&text), path, e) < 0 ? -1 : 1;
}

static int find_config(struct lint_settings *s, struct err *e)
{
	static const char *const ends[] = {".yaml", ".yml"};

	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		const char *folder =
			places[i].variable ? getenv(places[i].variable) : ".";

		for (size_t k = 0; folder && *folder && k < ARRAY_LEN(ends);
		     k++) {
			SCOPED_PTR char *path = xasprintf(
				"%s/%s%s", folder, places[i].path, ends[k]);
			int found = read_config(
				s, strncmp(path, "./", 2) ? path : path + 2, e);

			if (found)
				return found < 0 ? -1 : 0;
		}
	}
	return 0;
}

int lint_settings_file(struct lint_settings *s, const char *path, struct err *e)
{
	int found;

	if (!path)
		return find_config(s, e);
	found = read_config(s, path, e);
	if (found == 0)
		return err_set(e, ERR_NOT_FOUND, "%s: there is no such file",
			       path);
	return found < 0 ? -1 : 0;
}

/* As the linter takes them. */

static struct lint_strings strings_of(struct lint_settings *s,
				      const string_list *list)
{
	struct str *v = arena_new_array(&s->arena, list->n, struct str);

	for (size_t i = 0; i < list->n; i++)
		v[i] = str_from(list->v[i]);
	return (struct lint_strings){v, list->n};
}

static int apply_labels(struct lint_settings *s, struct lint_options *out,
			struct err *e)
{
	struct lint_label *labels =
		arena_new_array(&s->arena, s->labels.n, struct lint_label);

	for (size_t i = 0; i < s->labels.n; i++) {
		struct str text = str_from(s->labels.v[i]);
		ptrdiff_t colon = str_rfind(text, ':');
		struct str kind = colon < 0 ? STR("text")
					    : str_skip(text, (size_t)colon + 1);

		labels[i].name =
			colon < 0 ? text : str_sub(text, 0, (size_t)colon);
		if (!lint_label_kind(kind, &labels[i].kind))
			return err_set(e, ERR_INVALID,
				       "label %s: %.*s is none of text, "
				       "rfc3339, semver, url, hash, spdx, "
				       "email",
				       s->labels.v[i], STR_ARG(kind));
	}
	out->labels = labels;
	out->n_labels = s->labels.n;
	return 0;
}

static int apply_threshold(const char *name, enum diag_severity *out,
			   struct err *e)
{
	static const struct {
		const char *name;
		enum diag_severity severity;
	} names[] = {
		{"error", DIAG_ERROR},	{"warning", DIAG_WARNING},
		{"info", DIAG_INFO},	{"style", DIAG_STYLE},
		{"ignore", DIAG_STYLE}, {"none", DIAG_STYLE},
	};

	*out = DIAG_INFO;
	if (!name)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (str_eq_nocase(str_from(name), str_from(names[i].name))) {
			*out = names[i].severity;
			return 0;
		}
	return err_set(e, ERR_INVALID,
		       "failure threshold %s: none of error, "
		       "warning, info, style, ignore, none",
		       name);
}

static int apply_preset(const char *name, enum lint_set *out, struct err *e)
{
	if (!name || strcmp(name, "all") == 0)
		*out = LINT_ALL;
	else if (strcmp(name, "hadolint") == 0)
		*out = LINT_HADOLINT;
	else if (strcmp(name, "buildkit") == 0)
		*out = LINT_BUILDKIT;
	else
		return err_set(e, ERR_INVALID,
			       "preset %s: none of hadolint, buildkit, all",
			       name);
	return 0;
}

static int apply_version(const char *text, unsigned *out, struct err *e)
{
	uint64_t version;

	*out = 0;
	if (!text)
		return 0;
	if (!str_to_u64(str_from(text), RULES_VERSION, &version) ||
	    version == 0)
		return err_set(e, ERR_INVALID,
			       "rules version %s: this imgbuild has 1 to %d",
			       text, RULES_VERSION);
	*out = (unsigned)version;
	return 0;
}

int lint_settings_apply(struct lint_settings *s, struct lint_options *out,
			enum diag_severity *threshold, struct err *e)
{
	*out = (struct lint_options){
		.selected = strings_of(s, &s->selected),
		.ignored = strings_of(s, &s->ignored),
		.trusted = strings_of(s, &s->trusted),
		.strict_labels = s->strict_labels,
		.disable_pragmas = s->disable_pragmas,
		.check = str_from(getenv("BUILDKIT_DOCKERFILE_CHECK")),
	};
	for (size_t i = 0; i < ARRAY_LEN(s->overrides); i++)
		out->overrides[i] = strings_of(s, &s->overrides[i]);
	if (apply_preset(s->preset, &out->set, e) < 0 ||
	    apply_version(s->rules_version, &out->rules_version, e) < 0 ||
	    apply_threshold(s->threshold, threshold, e) < 0)
		return -1;
	return apply_labels(s, out, e);
}

bool lint_settings_shellcheck(const struct lint_settings *s,
			      const struct lint_options *options)
{
	const struct lint_strings *selected = &options->selected;
	struct str setting = str_from(s->shell_check);
	bool any = selected->n == 0;

	for (size_t i = 0; i < selected->n; i++)
		any |= str_starts(selected->v[i], "SC");
	return any && (options->set & LINT_HADOLINT) &&
	       !str_eq_c(setting, "false") && !str_eq_c(setting, "no") &&
	       !str_eq_c(setting, "off");
}
