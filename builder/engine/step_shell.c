#include "builder/engine/step_shell.h"

#include "base/clock.h"
#include "base/io.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const *shell_argv(struct arena *a,
				     const struct step_run *run)
{
	const char **out = arena_new_array(a, 2, const char *);
	const struct str_list argv = run->argv;

	/* that of the SHELL instruction, or what everything has */
	out[0] = run->shell || (argv.n == 3 && str_eq_c(argv.v[1], "-c"))
			 ? arena_c(a, argv.v[0])
			 : "/bin/sh";
	return out;
}

static const char *const *with_term(struct arena *a, const char *const *env)
{
	const char *term = getenv("TERM");
	size_t n = 0;
	const char **out;

	while (env[n] && strncmp(env[n], "TERM=", 5) != 0)
		n++;
	if (env[n] || !term)
		return env;
	out = arena_new_array(a, n + 2, const char *);
	memcpy(out, env, n * sizeof(*out));
	out[n] = arena_printf(a, "TERM=%s", term).p;
	return out;
}

static void tell(struct step_run_context *c, enum event_kind kind,
		 struct str text)
{
	struct event_sink *events = &c->build->events.sink;
	int64_t now_ns = clock_monotonic_ns();
	const struct event event = {.kind = kind,
				    .step = c->number,
				    .text = text,
				    .at_ns = now_ns,
				    .duration_ns = now_ns - c->started_ns};

	events->emit(events, &event);
}

int step_run_shell(struct step_run_context *c, struct arena *a,
		   const struct run_spec *command, struct str why,
		   struct err *e)
{
	static const struct run_terminal terminal = {STDIN_FILENO,
						     STDOUT_FILENO};
	const struct build_options *opt = c->build->opt;
	struct run_spec spec = *command;
	struct run_result ignored;

	if (!build_take_terminal(c->build))
		return 0;
	if (why.n)
		tell(c, EVENT_STEP_FAILED, why);
	c->told = why.n > 0;
	tell(c, EVENT_STEP_SHELL, (struct str){0});
	event_queue_flush(&c->build->events);
	/* an overlay's work folder serves once */
	if (io_remove_tree(c->draft->fd, "work", e) < 0 ||
	    io_remove_tree(c->draft->fd, "stubs", e) < 0)
		return -1;
	spec.argv = shell_argv(a, &c->step->run);
	spec.env = with_term(a, command->env);
	spec.terminal = &terminal;
	spec.cancel_fd = opt->cancel_fd; /* the build's has ended the others */
	return opt->executor->run(opt->executor, &spec, &ignored, e);
}
