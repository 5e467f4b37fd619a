/* Instructions that hold a command: RUN, CMD, ENTRYPOINT, SHELL, HEALTHCHECK.
 */
#include "parser/parse.h"

#include "parser/argument.h"
#include "parser/utf8.h"
#include "parser/values.h"

#include <string.h>

/* text, or the JSON array that it is, as a command. */
static void set_command(struct parse *p, struct command *command,
			struct str text)
{
	struct str *args;

	command->exec_form = p->json_result == JSON_STRINGS;
	command->n_args = command->exec_form ? p->json.n : 1;
	command->span =
		text.n ? line_span(p->line, text)
		       : (struct span){p->line->span.end, p->line->span.end};
	args = arena_new_array(p->arena, command->n_args, struct str);
	if (!command->exec_form)
		args[0] = text;
	for (size_t i = 0; command->exec_form && i < p->json.n; i++)
		args[i] = p->json.v[i].value;
	command->args = args;
	command->heredocs = p->heredocs;
}

void parse_command(struct parse *p, struct instruction *in)
{
	set_command(p, &in->command, p->args);
}

void parse_shell(struct parse *p, struct instruction *in)
{
	struct diag *diag;

	set_command(p, &in->command, p->args);
	if (in->command.exec_form && in->command.n_args > 0)
		return;
	if (p->args.n == 0 || in->command.exec_form)
		diag = parse_report(p, "missing-argument", p->args,
				    "SHELL needs an argument");
	else
		diag = parse_report(p, "shell-not-json", p->args,
				    "SHELL takes a JSON array of strings");
	parse_hint(p, diag, "write SHELL [\"/bin/sh\", \"-c\"]");
}

static void parse_network(struct parse *p, const struct flag *flag,
			  struct run *run)
{
	struct str value = flag->value.text;
	struct diag *diag;

	if (str_eq_c(value, "default"))
		run->network = RUN_NETWORK_DEFAULT;
	else if (str_eq_c(value, "none"))
		run->network = RUN_NETWORK_NONE;
	else if (str_eq_c(value, "host"))
		run->network = RUN_NETWORK_HOST;
	else {
		diag = parse_report(p, "invalid-network", value,
				    "'%.*s' is not a network mode",
				    STR_ARG(value));
		diag->span = value.n ? diag->span : flag->span;
		parse_hint(p, diag, "choose default, none or host");
	}
}

static void parse_security(struct parse *p, const struct flag *flag,
			   struct run *run)
{
	struct str value = flag->value.text;
	struct diag *diag;

	if (str_eq_c(value, "sandbox"))
		run->security = RUN_SECURITY_SANDBOX;
	else if (str_eq_c(value, "insecure"))
		run->security = RUN_SECURITY_INSECURE;
	else {
		diag = parse_report(p, "invalid-security", value,
				    "'%.*s' is not a security mode",
				    STR_ARG(value));
		diag->span = value.n ? diag->span : flag->span;
		parse_hint(p, diag, "choose sandbox or insecure");
	}
}

static size_t count_flag(const struct instruction *in, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < in->flags.n; i++)
		n += str_eq_c(in->flags.v[i].name, name);
	return n;
}

void parse_run(struct parse *p, struct instruction *in)
{
	struct run *run = &in->run;
	struct mount *mounts = NULL;
	struct word *devices = NULL;

	set_command(p, &run->command, p->args);
	if (in->flags.n) {
		mounts = arena_new_array(p->arena, count_flag(in, "mount"),
					 struct mount);
		devices = arena_new_array(p->arena, count_flag(in, "device"),
					  struct word);
	}
	for (size_t i = 0; i < in->flags.n; i++) {
		const struct flag *flag = &in->flags.v[i];

		if (str_eq_c(flag->name, "mount"))
			parse_mount(p, flag, &mounts[run->n_mounts++]);
		else if (str_eq_c(flag->name, "device"))
			devices[run->n_devices++] = flag->value;
		else if (str_eq_c(flag->name, "network"))
			parse_network(p, flag, run);
		else if (str_eq_c(flag->name, "security"))
			parse_security(p, flag, run);
	}
	run->mounts = mounts;
	run->devices = devices;
}

/* A duration that is given must be at least a millisecond, or 0: inherit. */
static int64_t parse_interval(struct parse *p, const struct instruction *in,
			      const char *name)
{
	const struct flag *flag = parse_flag(in, name);
	struct diag *diag;
	struct err e;
	int64_t ns;

	if (!flag || flag->value.text.n == 0)
		return 0;
	if (duration_parse(flag->value.text, &ns, &e) < 0) {
		parse_report(p, "invalid-duration", flag->value.text,
			     "--%s: %s", name, e.msg);
		return 0;
	}
	if (ns != 0 && ns < 1000000) {
		diag = parse_report(p, "invalid-duration", flag->value.text,
				    "--%s: %.*s is less than 1ms", name,
				    STR_ARG(flag->value.text));
		parse_hint(p, diag, "0 takes the default");
	}
	return ns;
}

static int64_t parse_retries(struct parse *p, const struct instruction *in)
{
	const struct flag *flag = parse_flag(in, "retries");
	struct str text;
	uint64_t value;

	if (!flag || flag->value.text.n == 0)
		return 0;
	text = flag->value.text;
	if (str_starts(text, "-") || str_starts(text, "+"))
		text = str_skip(text, 1);
	if (!str_to_u64(text, INT32_MAX, &value)) {
		parse_report(p, "invalid-retries", flag->value.text,
			     "--retries: '%.*s' is not a number",
			     STR_ARG(flag->value.text));
		return 0;
	}
	if (value && str_starts(flag->value.text, "-"))
		parse_report(p, "invalid-retries", flag->value.text,
			     "--retries can't be negative");
	return (int64_t)value;
}

static void report_type(struct parse *p, struct str type)
{
	struct diag *diag;

	if (type.n == 0)
		diag = parse_report(p, "missing-argument", type,
				    "HEALTHCHECK needs an argument");
	else
		diag = parse_report(p, "unknown-healthcheck", type,
				    "HEALTHCHECK can't be %.*s", STR_ARG(type));
	parse_hint(p, diag,
		   "write HEALTHCHECK CMD command, or HEALTHCHECK "
		   "NONE");
}

/* p->args is the type and, behind it, its command. */
void parse_healthcheck(struct parse *p, struct instruction *in)
{
	struct healthcheck *check = &in->healthcheck;
	struct str rest = p->args;
	struct str type = {0};

	(void)argument_blank(&rest, &type);
	rest = str_trim_space_left(rest);
	if (str_eq_nocase(type, STR("NONE"))) {
		check->none = true;
		if (rest.n)
			parse_report(p, "healthcheck-none", rest,
				     "HEALTHCHECK NONE takes no arguments");
		return;
	}
	if (!str_eq_nocase(type, STR("CMD"))) {
		report_type(p, type);
		return;
	}
	set_command(p, &check->command, rest);
	if (check->command.exec_form ? p->json.n == 0 : rest.n == 0)
		parse_report(p, "missing-command", type,
			     "no command after HEALTHCHECK CMD");
	check->interval_ns = parse_interval(p, in, "interval");
	check->timeout_ns = parse_interval(p, in, "timeout");
	check->start_period_ns = parse_interval(p, in, "start-period");
	check->start_interval_ns = parse_interval(p, in, "start-interval");
	check->retries = parse_retries(p, in);
}
