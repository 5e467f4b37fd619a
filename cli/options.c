#include "cli/options.h"
#include "cli/print.h"

#include <stdio.h>
#include <string.h>

static void print_help(const struct command_help *help)
{
	print_out("Usage: %s\n\n%s\n", help->usage, help->about);
	if (help->n_options)
		print_out("\nOptions:\n");
	for (size_t i = 0; i < help->n_options; i++) {
		const struct option_row *o = &help->options[i];
		char left[64];

		(void)snprintf(left, sizeof(left), "%c%c%c --%s%s%s",
			       o->letter ? '-' : ' ',
			       o->letter ? o->letter : ' ',
			       o->letter ? ',' : ' ', o->name,
			       !o->argument		 ? ""
			       : o->kind == OPTION_MAYBE ? "[=]"
							 : " ",
			       o->argument ? o->argument : "");
		print_out("  %-30s %s\n", left, o->help);
	}
}

static const struct option_row *find_long(const struct command_help *help,
					  const char *name, size_t n)
{
	for (size_t i = 0; i < help->n_options; i++)
		if (strlen(help->options[i].name) == n &&
		    memcmp(help->options[i].name, name, n) == 0)
			return &help->options[i];
	return NULL;
}

static const struct option_row *find_short(const struct command_help *help,
					   char letter)
{
	for (size_t i = 0; i < help->n_options; i++)
		if (letter && help->options[i].letter == letter)
			return &help->options[i];
	return NULL;
}

static enum options_result wrong(const struct command_help *help,
				 const char *what, const char *about)
{
	print_err("imgbuild: %s %s\nUsage: %s\n", what, about, help->usage);
	return OPTIONS_WRONG;
}

static void set(const struct option_row *o, const char *value)
{
	switch (o->kind) {
	case OPTION_FLAG:
		*(bool *)o->target = !value || strcmp(value, "false") != 0;
		break;
	case OPTION_STRING: *(const char **)o->target = value; break;
	case OPTION_MAYBE:
		*(const char **)o->target = value ? value : "";
		break;
	case OPTION_LIST: *vec_push((string_list *)o->target) = value; break;
	}
}

struct cursor {
	int argc;
	char **argv;
	int i;
};

/* An option's value: what is attached, else the next argument. */
static bool take_value(const struct option_row *o, const char *attached,
		       struct cursor *c)
{
	const char *value = attached;

	if (!value && o->kind != OPTION_FLAG && o->kind != OPTION_MAYBE) {
		if (c->i + 1 >= c->argc)
			return false;
		value = c->argv[++c->i];
	}
	set(o, value);
	return true;
}

static enum options_result parse_long(const struct command_help *help,
				      const char *arg, struct cursor *c)
{
	const char *equals = strchr(arg, '=');
	size_t n = equals ? (size_t)(equals - arg) : strlen(arg);
	const struct option_row *o = find_long(help, arg + 2, n - 2);

	if (strcmp(arg, "--help") == 0) {
		print_help(help);
		return OPTIONS_HELP;
	}
	if (!o)
		return wrong(help, arg, "is no option of this command");
	if (!take_value(o, equals ? equals + 1 : NULL, c))
		return wrong(help, arg, "needs a value");
	return OPTIONS_OK;
}

/* -q, -fFILE, -f FILE, -qf FILE */
static enum options_result parse_short(const struct command_help *help,
				       const char *arg, struct cursor *c)
{
	for (const char *p = arg + 1; *p; p++) {
		const struct option_row *o = find_short(help, *p);

		if (*p == 'h' && !o) {
			print_help(help);
			return OPTIONS_HELP;
		}
		if (!o)
			return wrong(help, arg, "is no option of this command");
		if (o->kind == OPTION_FLAG) {
			set(o, NULL);
			continue;
		}
		if (!take_value(o, p[1] ? p + 1 + (p[1] == '=') : NULL, c))
			return wrong(help, arg, "needs a value");
		break;
	}
	return OPTIONS_OK;
}

enum options_result options_parse(const struct command_help *help, int argc,
				  char **argv, string_list *arguments)
{
	struct cursor c = {argc, argv, 1};
	bool only_arguments = false;

	for (; c.i < argc; c.i++) {
		const char *arg = argv[c.i];
		enum options_result result = OPTIONS_OK;

		if (only_arguments || arg[0] != '-' || arg[1] == '\0')
			*vec_push(arguments) = arg;
		else if (strcmp(arg, "--") == 0)
			only_arguments = true;
		else if (arg[1] == '-')
			result = parse_long(help, arg, &c);
		else
			result = parse_short(help, arg, &c);
		if (result != OPTIONS_OK)
			return result;
	}
	if (arguments->n < help->min_arguments)
		return wrong(help, argv[0], "needs more arguments");
	if (arguments->n > help->max_arguments)
		return wrong(help, arguments->v[help->max_arguments],
			     "is one argument too many");
	return OPTIONS_OK;
}
