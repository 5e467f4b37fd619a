/* Commands in RUN that are mistakes by themselves. */
#include "lint/rules.h"

#include <string.h>

/* Every command of every RUN. */
typedef void command_function(struct lint *l, const struct rule *rule,
			      const struct lint_item *item,
			      const struct shell_command *c);

static void for_commands(struct lint *l, const struct rule *rule,
			 command_function *function)
{
	FOR_ITEMS(l, item)
	{
		for (size_t i = 0;
		     item->run && i < item->run->script.n_commands; i++)
			function(l, rule, item, &item->run->script.commands[i]);
	}
}

static void pointless(struct lint *l, const struct rule *rule,
		      const struct lint_item *item,
		      const struct shell_command *c)
{
	struct str name = c->words[0].text;

	if (name_in(name, "free kill mount ps service shutdown ssh top vim "
			  "ifconfig"))
		(void)lint_report_script(l, rule, item->run, c->words[0].span,
					 "%.*s does nothing useful in an image",
					 STR_ARG(name));
}

void check_pointless(struct lint *l, const struct rule *rule)
{
	for_commands(l, rule, pointless);
}

static void cd(struct lint *l, const struct rule *rule,
	       const struct lint_item *item, const struct shell_command *c)
{
	if (command_is(c, "cd"))
		(void)lint_report_script(l, rule, item->run, c->span,
					 "cd holds for this RUN only: WORKDIR "
					 "holds for all that follow");
}

void check_cd(struct lint *l, const struct rule *rule)
{
	for_commands(l, rule, cd);
}

static void sudo(struct lint *l, const struct rule *rule,
		 const struct lint_item *item, const struct shell_command *c)
{
	if (command_is(c, "sudo"))
		(void)lint_report_script(
			l, rule, item->run, c->words[0].span,
			"sudo handles signals and terminals in "
			"ways of its own: use USER, or gosu");
}

void check_sudo(struct lint *l, const struct rule *rule)
{
	for_commands(l, rule, sudo);
}

static void apt(struct lint *l, const struct rule *rule,
		const struct lint_item *item, const struct shell_command *c)
{
	if (command_is(c, "apt"))
		(void)lint_report_script(l, rule, item->run, c->words[0].span,
					 "apt is made for terminals: use "
					 "apt-get or apt-cache");
}

void check_apt(struct lint *l, const struct rule *rule)
{
	for_commands(l, rule, apt);
}

/* DL3009 */

static bool is_apt(const struct shell_command *c)
{
	return name_in(c->words[0].text, "apt-get apt aptitude");
}

static const struct shell_command *find_update(const struct lint_run *run)
{
	for (size_t i = 0; i < run->script.n_commands; i++) {
		const struct shell_command *c = &run->script.commands[i];

		if (is_apt(c) && command_has_arg(c, "update"))
			return c;
	}
	return NULL;
}

static bool deletes_lists(const struct lint_run *run)
{
	for (size_t i = 0; i < run->script.n_commands; i++) {
		const struct shell_command *c = &run->script.commands[i];

		if (command_deletes(c, "/var/lib/apt/") ||
		    (is_apt(c) && (command_has_arg(c, "distclean") ||
				   command_has_arg(c, "dist-clean"))))
			return true;
	}
	return false;
}

/* A cache of all that apt-get keeps, or of the lists alone. */
static bool caches_lists(const struct instruction *in)
{
	return run_has_cache(in, "/var/lib/apt/lists") ||
	       (run_has_cache(in, "/var/lib/apt") &&
		run_has_cache(in, "/var/cache/apt"));
}

void check_apt_lists(struct lint *l, const struct rule *rule)
{
	FOR_ITEMS(l, item)
	{
		const struct shell_command *update;

		if (!item->run || !lint_is_kept(l, item) ||
		    caches_lists(item->in))
			continue;
		update = find_update(item->run);
		if (update && !deletes_lists(item->run))
			(void)lint_report_script(
				l, rule, item->run, update->span,
				"the package lists stay in the layer: end the "
				"RUN with rm -rf /var/lib/apt/lists/*");
	}
}

static void useradd(struct lint *l, const struct rule *rule,
		    const struct lint_item *item, const struct shell_command *c)
{
	struct str uid = {0};

	if (!command_is(c, "useradd") ||
	    command_has_any_flag(c, "l no-log-init"))
		return;
	for (size_t i = 1; i < c->n_words; i++) {
		struct str text = c->words[i].text;

		if (str_starts(text, "--uid="))
			uid = str_skip(text, 6);
		else if (i + 1 < c->n_words &&
			 (str_eq_c(text, "--uid") ||
			  (text.n > 1 && text.p[0] == '-' && text.p[1] != '-' &&
			   text.p[text.n - 1] == 'u')))
			uid = c->words[i + 1].text;
	}
	/* a variable may be anything */
	if (uid.n > 5 || str_find(uid, '$') >= 0)
		(void)lint_report_script(l, rule, item->run, c->span,
					 "useradd of uid %.*s without -l makes "
					 "a huge sparse log",
					 STR_ARG(uid));
}

void check_useradd(struct lint *l, const struct rule *rule)
{
	for_commands(l, rule, useradd);
}

static void wget(struct lint *l, const struct rule *rule,
		 const struct lint_item *item, const struct shell_command *c)
{
	if (!command_is(c, "wget") || command_has_arg(c, "--version") ||
	    command_has_any_flag(c, "progress q quiet o output-file a "
				    "append-output no-verbose") ||
	    command_has_arg(c, "-nv"))
		return;
	(void)lint_report_script(l, rule, item->run, c->span,
				 "wget fills the log with its progress bar: "
				 "add --progress=dot:giga, -q or -nv");
}

void check_wget_progress(struct lint *l, const struct rule *rule)
{
	for_commands(l, rule, wget);
}

/* Reported where the second of the two comes. */
void check_wget_and_curl(struct lint *l, const struct rule *rule)
{
	bool seen[2] = {false, false};

	FOR_ITEMS(l, item)
	{
		if (item->in->kind == INSTRUCTION_FROM)
			seen[0] = seen[1] = false;
		for (size_t i = 0;
		     item->run && i < item->run->script.n_commands; i++) {
			const struct shell_command *c =
				&item->run->script.commands[i];
			bool curl = command_is(c, "curl");

			if (!curl && !command_is(c, "wget"))
				continue;
			seen[curl] = true;
			if (!seen[!curl])
				continue;
			(void)lint_report_script(l, rule, item->run,
						 c->words[0].span,
						 "this stage uses both wget "
						 "and curl: one will do");
			break;
		}
	}
}

static void link_shell(struct lint *l, const struct rule *rule,
		       const struct lint_item *item,
		       const struct shell_command *c)
{
	if (command_is(c, "ln") && command_has_arg(c, "/bin/sh"))
		(void)lint_report_script(l, rule, item->run, c->span,
					 "a link in place of /bin/sh: SHELL "
					 "sets the shell of RUN");
}

void check_link_shell(struct lint *l, const struct rule *rule)
{
	for_commands(l, rule, link_shell);
}

/* DL4006 */

static bool sets_pipefail(const struct shell_command *c)
{
	return command_is(c, "set") && command_has_arg(c, "pipefail");
}

static bool is_safe(const struct lint_run *run, const struct shell_pipe *pipe)
{
	for (size_t i = 0; i < pipe->n_before && i < run->script.n_commands;
	     i++)
		if (sets_pipefail(&run->script.commands[i]))
			return true;
	return false;
}

void check_pipefail(struct lint *l, const struct rule *rule)
{
	FOR_ITEMS(l, item)
	{
		const struct lint_run *run = item->run;

		/* which shell an ONBUILD meets is not known here */
		if (!run || item->onbuild || run->pipefail ||
		    run->script.n_pipes == 0 ||
		    is_safe(run, &run->script.pipes[0]))
			continue;
		(void)lint_report_script(l, rule, run,
					 run->script.pipes[0].span,
					 "only the last command of a pipe can "
					 "fail this RUN: set SHELL with -o "
					 "pipefail before it");
	}
}
