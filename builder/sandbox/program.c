#include "builder/sandbox/program.h"

#include <string.h>

static const char default_path[] =
	"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

static struct str path_variable(const char *const *env)
{
	for (size_t i = 0; env && env[i]; i++)
		if (strncmp(env[i], "PATH=", 5) == 0)
			return str_from(env[i] + 5);
	return str_from(default_path);
}

int program_candidates(struct arena *a, const char *const *argv,
		       const char *const *env, const char *const **out,
		       struct err *e)
{
	struct str rest = path_variable(env);
	const char **list;
	struct str folder;
	bool more;
	size_t n = 0;

	if (!argv || !argv[0] || argv[0][0] == '\0')
		return err_set(e, ERR_INVALID, "no command given");
	list = arena_new_array(a, rest.n + 2, const char *);
	if (strchr(argv[0], '/')) {
		list[n++] = argv[0];
		rest.n = 0;
	}
	for (more = rest.n > 0; more;) {
		more = str_cut(rest, ':', &folder, &rest);
		if (str_starts(folder, "/"))
			list[n++] = arena_printf(a, "%.*s/%s", STR_ARG(folder),
						 argv[0])
					    .p;
	}
	*out = list;
	return 0;
}
