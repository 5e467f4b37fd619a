/* Questions that rules ask about a command and its words. */
#include "lint/context.h"

#include <string.h>

bool str_has(struct str s, const char *part)
{
	return s.n && memmem(s.p, s.n, part, strlen(part));
}

bool name_in(struct str name, const char *names)
{
	struct str rest = str_from(names);

	while (rest.n) {
		struct str one;

		(void)str_cut(rest, ' ', &one, &rest);
		if (str_eq(one, name))
			return true;
	}
	return false;
}

static bool runs_the_next(const struct shell_command *c)
{
	return c->n_words > 1 &&
	       name_in(c->words[0].text, "exec command builtin busybox") &&
	       !str_starts(c->words[1].text, "-");
}

void commands_unwrap(struct arena *a, struct shell_script *script)
{
	struct shell_command *copy =
		arena_new_array(a, script->n_commands, struct shell_command);

	for (size_t i = 0; i < script->n_commands; i++) {
		size_t n = runs_the_next(&script->commands[i]);

		copy[i] = script->commands[i];
		copy[i].words += n;
		copy[i].n_words -= n;
		if (n)
			copy[i].span.offset = copy[i].words[0].span.offset;
	}
	script->commands = copy;
}

bool command_is(const struct shell_command *c, const char *name)
{
	return str_eq_c(c->words[0].text, name);
}

bool command_has_arg(const struct shell_command *c, const char *arg)
{
	for (size_t i = 1; i < c->n_words; i++)
		if (str_eq_c(c->words[i].text, arg))
			return true;
	return false;
}

static bool is_flag(struct str text)
{
	return text.n > 1 && text.p[0] == '-' && !str_eq_c(text, "--");
}

static bool word_has_flag(struct str text, struct str flag)
{
	struct str name;
	struct str value;

	if (!is_flag(text))
		return false;
	if (!str_starts(text, "--"))
		return flag.n == 1 && str_find(text, flag.p[0]) > 0;
	(void)str_cut(str_skip(text, 2), '=', &name, &value);
	return str_eq(name, flag);
}

static bool has_flag(const struct shell_command *c, struct str flag)
{
	for (size_t i = 1; i < c->n_words; i++)
		if (word_has_flag(c->words[i].text, flag))
			return true;
	return false;
}

bool command_has_flag(const struct shell_command *c, const char *flag)
{
	return has_flag(c, str_from(flag));
}

bool command_has_any_flag(const struct shell_command *c, const char *flags)
{
	struct str rest = str_from(flags);

	while (rest.n) {
		struct str one;

		(void)str_cut(rest, ' ', &one, &rest);
		if (has_flag(c, one))
			return true;
	}
	return false;
}

bool command_deletes(const struct shell_command *c, const char *folder)
{
	if (!command_is(c, "rm") && !command_is(c, "find"))
		return false;
	for (size_t i = 1; i < c->n_words; i++)
		if (str_has(c->words[i].text, folder))
			return true;
	return command_is(c, "rm") && command_has_arg(c, "-rf");
}

struct operands operands_of(const struct shell_command *c,
			    const char *value_flags)
{
	return (struct operands){c, value_flags, 1, false};
}

/* A flag whose value is the next word. */
static bool takes_value(struct str flag, const char *value_flags)
{
	if (str_starts(flag, "--"))
		return str_find(flag, '=') < 0 &&
		       name_in(str_skip(flag, 2), value_flags);
	return name_in(str_skip(flag, flag.n - 1), value_flags);
}

const struct shell_word *operand_next(struct operands *o)
{
	while (o->i < o->command->n_words) {
		const struct shell_word *word = &o->command->words[o->i++];

		if (o->only)
			return word;
		if (str_eq_c(word->text, "--")) {
			o->only = true;
			continue;
		}
		if (!is_flag(word->text))
			return word;
		if (takes_value(word->text, o->value_flags))
			o->i++;
	}
	return NULL;
}

bool run_has_cache(const struct instruction *in, const char *folder)
{
	if (in->kind != INSTRUCTION_RUN)
		return false;
	for (size_t i = 0; i < in->run.n_mounts; i++) {
		const struct mount *m = &in->run.mounts[i];

		if ((m->kind == MOUNT_CACHE || m->kind == MOUNT_TMPFS) &&
		    str_has(m->target.text, folder))
			return true;
	}
	return false;
}
