/* Lists the instructions, follows SHELL through the stages, parses scripts. */
#include "lint/context.h"

#include "base/vec.h"
#include "lint/pragma.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static struct diag *add(struct lint *l, const struct rule *rule,
			struct span span, const char *text)
{
	struct diag *diag =
		diag_add(l->diags, rule->id, rule->severity, span, "%s", text);

	diag->alias = rule->alias;
	return diag;
}

struct diag *lint_report(struct lint *l, const struct rule *rule,
			 struct span span, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return add(l, rule, span, text);
}

struct diag *lint_report_script(struct lint *l, const struct rule *rule,
				const struct lint_run *run, struct span part,
				const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return add(l, rule, shell_text_span(&run->text, part), text);
}

struct str lint_unquote(struct str text)
{
	if (text.n >= 2 && text.p[0] == text.p[text.n - 1] &&
	    (text.p[0] == '"' || text.p[0] == '\''))
		return str_sub(text, 1, text.n - 1);
	return text;
}

bool lint_is_kept(const struct lint *l, const struct lint_item *item)
{
	return item->onbuild || item->stage == NO_STAGE ||
	       item->stage + 1 == l->n_stages || l->stages[item->stage].is_base;
}

bool lint_has_variable(const struct word *word)
{
	return word->template && word_names(word->template).n > 0;
}

struct str lint_plain(const struct word *word)
{
	return lint_unquote(word->text);
}

/* A stage's names beyond these are not kept, bases below these not asked. */
enum { NAMES_MAX = 1000, BASES_MAX = 100 };

const struct str *lint_names_next(struct lint_names *names, size_t *i)
{
	for (unsigned depth = 0; *i >= names->n; depth++) {
		if (!names->base || depth == BASES_MAX)
			return NULL;
		*names = *names->base;
		*i = 0;
	}
	return &names->v[(*i)++];
}

/* Shells and scripts. */

struct shell_state {
	struct str shell; /* "/bin/sh -c" */
	bool posix;
	bool pipefail;
};

struct builder {
	struct lint *lint;
	struct lint_file *file;
	struct lint_stage *stages;
	struct strmap by_name;	      /* of the stages so far */
	struct shell_state *of_stage; /* at the end of each */
	struct lint_names *names_of_stage;
	struct shell_state now;
	/* only ever appended to, so that what RUNs borrow stays as it was */
	struct lint_names names;
	struct str *names_end; /* behind the last, in the arena */
	size_t names_room;
	VEC(struct lint_script) scripts;
	size_t pragma;
};

static struct str shell_base(struct str path)
{
	ptrdiff_t slash = str_rfind(path, '/');
	ptrdiff_t back = str_rfind(path, '\\');

	return str_skip(path, (size_t)((slash > back ? slash : back) + 1));
}

static bool is_posix_shell(struct str path)
{
	struct str name = shell_base(path);

	return !str_starts(name, "pwsh") && !str_starts(name, "powershell") &&
	       !str_starts(name, "cmd") && !str_starts(name, "PowerShell");
}

static void set_shell(struct builder *b, struct str shell)
{
	b->now = (struct shell_state){shell, is_posix_shell(shell), false};
}

/* SHELL ["/bin/bash", "-eo", "pipefail", "-c"] */
static void read_shell(struct builder *b, const struct command *command)
{
	struct str name;
	bool option = false;

	if (command->n_args == 0)
		return;
	set_shell(b, command->args[0]);
	name = shell_base(command->args[0]);
	for (size_t i = 1; i < command->n_args; i++) {
		struct str arg = command->args[i];

		if (option && str_eq_c(arg, "pipefail"))
			b->now.pipefail = name_in(name, "bash zsh ash ksh");
		option =
			arg.n > 1 && arg.p[0] == '-' && arg.p[arg.n - 1] == 'o';
	}
}

static bool is_windows_image(struct str image)
{
	return str_has(image, "windows/") || str_has(image, "windowsserver") ||
	       str_has(image, "nanoserver") || str_has(image, "servercore");
}

/* The stage above with that name, in any case; NO_STAGE. */
static size_t named_stage(const struct builder *b, struct str name)
{
	char *low = arena_c(b->lint->arena, name);
	const struct lint_stage *found;

	for (char *p = low; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	if (name.n == 0)
		return NO_STAGE;
	found = strmap_get(&b->by_name, str_from(low));
	return found ? (size_t)(found - b->stages) : NO_STAGE;
}

/* FROM takes names only; COPY --from takes numbers too. */
static size_t copied_stage(const struct builder *b,
			   const struct lint_item *item)
{
	struct str name = lint_plain(&item->in->copy.from);
	size_t found = named_stage(b, name);
	uint64_t index;

	if (found == NO_STAGE && item->stage != NO_STAGE &&
	    str_to_u64(name, item->stage, &index) && index < item->stage)
		return (size_t)index;
	return found;
}

static void name_stage(struct builder *b, size_t stage)
{
	struct lint_stage *s = &b->stages[stage];

	if (s->stage->from->from.alias.n)
		strmap_set(&b->by_name, s->stage->from->from.alias, s);
}

/* The length of a platform's variable, "$TARGETARCH" or in braces; 0. */
static size_t platform_variable(struct str text)
{
	static const char *const parts[] = {"PLATFORM", "OS", "ARCH",
					    "VARIANT"};
	bool braces = str_starts(text, "${");
	struct str name = str_skip(text, braces ? 2 : 1);
	size_t prefix;

	if (!str_starts(text, "$"))
		return 0;
	prefix = str_starts(name, "TARGET")  ? 6
		 : str_starts(name, "BUILD") ? 5
					     : 0;
	for (size_t i = 0; prefix && i < ARRAY_LEN(parts); i++) {
		struct str rest = str_skip(name, prefix);
		size_t n = strlen(parts[i]);

		if (str_starts(rest, parts[i]) &&
		    (!braces || str_starts(str_skip(rest, n), "}")))
			return (braces ? 3 : 1) + prefix + n;
	}
	return 0;
}

enum { VARIABLES_MAX = 4 }; /* in one name; each tries every place */

/*
 * Whether name is text with something in place of platforms' variables, of
 * which at most n_left may come.
 */
static bool matches_platform(struct str text, struct str name, unsigned n_left)
{
	size_t n;

	while (text.n) {
		n = platform_variable(text);
		if (n && n_left == 0)
			return false;
		if (n) {
			text = str_skip(text, n);
			do {
				if (matches_platform(text, name, n_left - 1))
					return true;
				name = str_skip(name, 1);
			} while (name.n);
			return text.n == 0;
		}
		if (name.n == 0 || tolower((unsigned char)text.p[0]) !=
					   tolower((unsigned char)name.p[0]))
			return false;
		text = str_skip(text, 1);
		name = str_skip(name, 1);
	}
	return name.n == 0;
}

/*
 * FROM x-$TARGETARCH: a stage for each platform. All are used; the last stands
 * for what this one has from its base.
 */
static size_t platform_stage(struct builder *b, size_t stage, struct str text)
{
	size_t found = NO_STAGE;

	if (str_find(text, '$') < 0)
		return NO_STAGE;
	for (size_t i = 0; i < stage; i++) {
		struct lint_stage *s = &b->stages[i];

		if (!s->stage->from->from.alias.n ||
		    !matches_platform(text, s->stage->from->from.alias,
				      VARIABLES_MAX))
			continue;
		s->used = true;
		s->is_base = true;
		found = i;
	}
	return found;
}

static void find_base(struct builder *b, size_t stage)
{
	struct lint_stage *s = &b->stages[stage];
	struct str text;

	s->stage = &b->lint->df->stages[stage];
	text = lint_plain(&s->stage->from->from.base);
	s->base = named_stage(b, text);
	if (s->base == NO_STAGE)
		s->base = platform_stage(b, stage, text);
	if (s->base == NO_STAGE)
		return;
	b->stages[s->base].used = true;
	b->stages[s->base].is_base = true;
}

static void enter_stage(struct builder *b, size_t stage)
{
	const struct lint_stage *s = &b->stages[stage];

	find_base(b, stage);
	b->names = (struct lint_names){0};
	b->names_room = 0;
	if (s->base != NO_STAGE) {
		b->now = b->of_stage[s->base];
		b->names.base = &b->names_of_stage[s->base];
	} else if (is_windows_image(s->stage->from->from.base.text))
		set_shell(b, STR("cmd"));
	else
		set_shell(b, STR("/bin/sh"));
}

static void add_name(struct builder *b, struct str name)
{
	size_t n = b->names.n;

	if (b->names_room == 0) {
		struct str *v =
			arena_new_array(b->lint->arena, 2 * n + 8, struct str);

		if (n)
			memcpy(v, b->names.v, n * sizeof(*v));
		b->names.v = v;
		b->names_end = v + n;
		b->names_room = n + 8;
	}
	*b->names_end++ = name;
	b->names_room--;
	b->names.n++;
}

static void add_names(struct builder *b, const struct pairs *pairs)
{
	for (size_t i = 0; i < pairs->n && b->names.n < NAMES_MAX; i++)
		add_name(b, pairs->v[i].key.text);
}

/* ["apt-get", "install"] is one command with constant words. */
static void exec_words(struct builder *b, const struct command *command,
		       struct lint_run *run)
{
	struct arena *a = b->lint->arena;
	struct shell_word *words =
		arena_new_array(a, command->n_args, struct shell_word);
	struct shell_command *one = arena_new(a, struct shell_command);

	for (size_t i = 0; i < command->n_args; i++) {
		words[i].text = command->args[i];
		words[i].constant = true;
	}
	one->words = words;
	one->n_words = command->n_args;
	run->text.whole = command->span;
	run->script.commands = one;
	run->script.n_commands = command->n_args > 0;
}

/* ["/bin/sh", "-c", "script"] */
static bool is_shell_call(const struct command *command)
{
	return command->n_args >= 3 &&
	       name_in(shell_base(command->args[0]), "sh bash ash dash zsh") &&
	       str_starts(command->args[1], "-") &&
	       str_ends(command->args[1], "c");
}

static void remember_script(struct builder *b, const struct instruction *in,
			    const struct shell_text *text, struct str shell)
{
	if (text->text.n)
		*vec_push(&b->scripts) =
			(struct lint_script){in, *text, shell, b->names};
}

/* A heredoc that begins with #! is the script of whatever that names. */
static struct str script_shell(const struct builder *b, struct str text)
{
	struct str line;
	struct str rest;
	struct str program;

	if (!str_starts(text, "#!"))
		return b->now.shell;
	(void)str_cut(text, '\n', &line, &rest);
	line = str_trim(str_skip(line, 2));
	(void)str_cut(line, ' ', &program, &rest);
	if (str_eq_c(shell_base(program), "env"))
		(void)str_cut(str_trim(rest), ' ', &program, &rest);
	return program;
}

static void parse_script(struct builder *b, const struct instruction *in,
			 const struct command *command, struct lint_run *run)
{
	if (!run->posix)
		return;
	if (command->exec_form && is_shell_call(command)) {
		run->text.whole = command->span;
		run->text.text = command->args[2];
		shell_parse(b->lint->arena, run->text.text, &run->script);
		return;
	}
	if (command->exec_form) {
		exec_words(b, command, run);
		return;
	}
	shell_text_of_command(b->lint->arena, b->lint->df, command, &run->text);
	run->shell = script_shell(b, run->text.text);
	if (!name_in(shell_base(run->shell), "sh bash ash dash zsh ksh"))
		return;
	shell_parse(b->lint->arena, run->text.text, &run->script);
	commands_unwrap(b->lint->arena, &run->script);
	remember_script(b, in, &run->text, run->shell);
}

static const struct lint_run *make_run(struct builder *b,
				       const struct instruction *in)
{
	struct lint_run *run = arena_new(b->lint->arena, struct lint_run);

	run->shell = b->now.shell;
	run->posix = b->now.posix;
	run->pipefail = b->now.pipefail;
	run->names = b->names;
	parse_script(b, in, &in->run.command, run);
	return run;
}

/* CMD, ENTRYPOINT and HEALTHCHECK: only ShellCheck looks at their scripts. */
static void other_script(struct builder *b, const struct instruction *in)
{
	const struct command *command = in->kind == INSTRUCTION_HEALTHCHECK
						? &in->healthcheck.command
						: &in->command;
	struct shell_text text;

	if (command->exec_form || command->n_args == 0 || !b->now.posix)
		return;
	shell_text_of_command(b->lint->arena, b->lint->df, command, &text);
	remember_script(b, in, &text, b->now.shell);
}

static void follow(struct builder *b, struct lint_item *item)
{
	const struct instruction *in = item->in;

	switch (in->kind) {
	case INSTRUCTION_FROM: enter_stage(b, item->stage); break;
	case INSTRUCTION_SHELL: read_shell(b, &in->command); break;
	case INSTRUCTION_ARG:
	case INSTRUCTION_ENV: add_names(b, &in->pairs); break;
	case INSTRUCTION_RUN: item->run = make_run(b, in); break;
	case INSTRUCTION_CMD:
	case INSTRUCTION_ENTRYPOINT:
	case INSTRUCTION_HEALTHCHECK: other_script(b, in); break;
	case INSTRUCTION_COPY:
		item->from = copied_stage(b, item);
		if (item->from != NO_STAGE)
			b->stages[item->from].used = true;
		break;
	case INSTRUCTION_ADD:
	case INSTRUCTION_EXPOSE:
	case INSTRUCTION_LABEL:
	case INSTRUCTION_MAINTAINER:
	case INSTRUCTION_ONBUILD:
	case INSTRUCTION_STOPSIGNAL:
	case INSTRUCTION_USER:
	case INSTRUCTION_VOLUME:
	case INSTRUCTION_WORKDIR:
	case INSTRUCTION_N: break;
	}
}

/* "# hadolint shell=" holds from where it stands. */
static void apply_shell_pragmas(struct builder *b, uint32_t offset)
{
	const struct lint_file *f = b->file;

	for (; b->pragma < f->n_pragmas &&
	       f->pragmas[b->pragma].comment.offset < offset;
	     b->pragma++)
		if (f->pragmas[b->pragma].kind == PRAGMA_SHELL)
			set_shell(b, f->pragmas[b->pragma].shell);
}

static void make_items(struct builder *b)
{
	struct lint *l = b->lint;
	const struct dockerfile *df = l->df;
	struct lint_stage *stages = b->stages;
	struct lint_item *items =
		arena_new_array(l->arena, df->n_instructions, struct lint_item);
	size_t stage = NO_STAGE;

	for (size_t i = 0; i < df->n_instructions; i++) {
		const struct instruction *in = &df->instructions[i];
		struct lint_item *item = &items[l->n_items];

		if (in->kind == INSTRUCTION_FROM) {
			if (stage != NO_STAGE) {
				stages[stage].end = l->n_items;
				b->of_stage[stage] = b->now;
				b->names_of_stage[stage] = b->names;
				name_stage(b, stage);
			}
			stages[++stage].first = l->n_items;
		}
		item->onbuild = in->kind == INSTRUCTION_ONBUILD;
		item->in = item->onbuild ? in->onbuild.trigger : in;
		item->stage = stage;
		item->from = NO_STAGE;
		if (!item->in)
			continue;
		l->n_items++;
		if (in->kind == INSTRUCTION_FROM)
			follow(b, item);
		apply_shell_pragmas(b, in->span.offset);
		if (in->kind != INSTRUCTION_FROM)
			follow(b, item);
	}
	if (stage != NO_STAGE)
		stages[stage].end = l->n_items;
	l->items = items;
}

void lint_context_make(struct lint *l, struct lint_file *f)
{
	struct builder b = {.lint = l, .file = f};
	struct lint_script *scripts;

	l->n_stages = l->df->n_stages;
	b.stages = arena_new_array(l->arena, l->n_stages, struct lint_stage);
	l->stages = b.stages;
	b.of_stage = arena_new_array(l->arena, l->n_stages, struct shell_state);
	b.names_of_stage =
		arena_new_array(l->arena, l->n_stages, struct lint_names);
	b.pragma = f->pragmas_of_instructions;
	set_shell(&b, STR("/bin/sh"));
	make_items(&b);
	scripts = arena_new_array(l->arena, b.scripts.n, struct lint_script);
	if (b.scripts.n)
		memcpy(scripts, b.scripts.v, b.scripts.n * sizeof(*scripts));
	f->scripts = scripts;
	f->n_scripts = b.scripts.n;
	strmap_release(&b.by_name);
	vec_release(&b.scripts);
}
