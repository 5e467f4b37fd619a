#include "parser/instruction.h"

#include "parser/suggest.h"

#include <assert.h>

#define FLAGS(v) .flags = (v), .n_flags = ARRAY_LEN(v)

static const struct flag_info add_flags[] = {
	{"checksum", FLAG_STRING, true, "digest"},
	{"chmod", FLAG_STRING, true, "mode"},
	{"chown", FLAG_STRING, true, "user[:group]"},
	{"exclude", FLAG_STRINGS, false, "pattern"},
	{"keep-git-dir", FLAG_BOOL, false, NULL},
	{"link", FLAG_BOOL, false, NULL},
	{"unpack", FLAG_BOOL, false, NULL},
};

static const struct flag_info copy_flags[] = {
	{"chmod", FLAG_STRING, true, "mode"},
	{"chown", FLAG_STRING, true, "user[:group]"},
	{"exclude", FLAG_STRINGS, false, "pattern"},
	{"from", FLAG_STRING, false, "stage|context|image"},
	{"link", FLAG_BOOL, false, NULL},
	{"parents", FLAG_BOOL, false, NULL},
};

static const struct flag_info from_flags[] = {
	{"platform", FLAG_STRING, true, "platform"},
};

static const struct flag_info healthcheck_flags[] = {
	{"interval", FLAG_STRING, false, "duration"},
	{"retries", FLAG_STRING, false, "number"},
	{"start-interval", FLAG_STRING, false, "duration"},
	{"start-period", FLAG_STRING, false, "duration"},
	{"timeout", FLAG_STRING, false, "duration"},
};

static const struct flag_info run_flags[] = {
	{"device", FLAG_STRINGS, false, "name[,required]"},
	{"mount", FLAG_STRINGS, true, "type=TYPE[,key=value...]"},
	{"network", FLAG_STRING, false, "default|none|host"},
	{"security", FLAG_STRING, false, "sandbox|insecure"},
};

static const struct instruction_info infos[INSTRUCTION_N] = {
	{"ADD", INSTRUCTION_ADD, ARGUMENTS_WORDS_OR_JSON, EXPAND_WORD, true,
	 true, true, FLAGS(add_flags),
	 "ADD [flags] source... destination\n"
	 "ADD [flags] [\"source\", ..., \"destination\"]\n"
	 "ADD [flags] <<NAME... destination"},
	{"ARG", INSTRUCTION_ARG, ARGUMENTS_NAMES, EXPAND_WORD, false, false,
	 true, NULL, 0, "ARG name[=default]..."},
	{"CMD", INSTRUCTION_CMD, ARGUMENTS_COMMAND, EXPAND_NONE, false, true,
	 true, NULL, 0, "CMD [\"program\", \"argument\"...]\nCMD command line"},
	{"COPY", INSTRUCTION_COPY, ARGUMENTS_WORDS_OR_JSON, EXPAND_WORD, true,
	 true, true, FLAGS(copy_flags),
	 "COPY [flags] source... destination\n"
	 "COPY [flags] [\"source\", ..., \"destination\"]\n"
	 "COPY [flags] <<NAME... destination"},
	{"ENTRYPOINT", INSTRUCTION_ENTRYPOINT, ARGUMENTS_COMMAND, EXPAND_NONE,
	 false, true, true, NULL, 0,
	 "ENTRYPOINT [\"program\", \"argument\"...]\n"
	 "ENTRYPOINT command line"},
	{"ENV", INSTRUCTION_ENV, ARGUMENTS_PAIRS, EXPAND_WORD, false, true,
	 true, NULL, 0, "ENV key=value...\nENV key value"},
	{"EXPOSE", INSTRUCTION_EXPOSE, ARGUMENTS_WORDS, EXPAND_FIELDS, false,
	 true, true, NULL, 0, "EXPOSE port[-port][/protocol]..."},
	{"FROM", INSTRUCTION_FROM, ARGUMENTS_WORDS, EXPAND_WORD, false, true,
	 false, FLAGS(from_flags), "FROM [flags] image [AS name]"},
	{"HEALTHCHECK", INSTRUCTION_HEALTHCHECK, ARGUMENTS_HEALTHCHECK,
	 EXPAND_NONE, false, true, true, FLAGS(healthcheck_flags),
	 "HEALTHCHECK [flags] CMD command\nHEALTHCHECK NONE"},
	{"LABEL", INSTRUCTION_LABEL, ARGUMENTS_PAIRS, EXPAND_WORD, false, true,
	 true, NULL, 0, "LABEL key=value...\nLABEL key value"},
	{"MAINTAINER", INSTRUCTION_MAINTAINER, ARGUMENTS_LINE, EXPAND_NONE,
	 false, true, false, NULL, 0, "MAINTAINER name"},
	{"ONBUILD", INSTRUCTION_ONBUILD, ARGUMENTS_INSTRUCTION, EXPAND_NONE,
	 true, true, false, NULL, 0, "ONBUILD instruction"},
	{"RUN", INSTRUCTION_RUN, ARGUMENTS_COMMAND, EXPAND_NONE, true, true,
	 true, FLAGS(run_flags),
	 "RUN [flags] command line\n"
	 "RUN [flags] [\"program\", \"argument\"...]\n"
	 "RUN [flags] <<NAME"},
	{"SHELL", INSTRUCTION_SHELL, ARGUMENTS_COMMAND, EXPAND_NONE, false,
	 true, true, NULL, 0, "SHELL [\"program\", \"argument\"...]"},
	{"STOPSIGNAL", INSTRUCTION_STOPSIGNAL, ARGUMENTS_LINE, EXPAND_WORD,
	 false, false, true, NULL, 0, "STOPSIGNAL signal"},
	{"USER", INSTRUCTION_USER, ARGUMENTS_LINE, EXPAND_WORD, false, true,
	 true, NULL, 0, "USER user[:group]"},
	{"VOLUME", INSTRUCTION_VOLUME, ARGUMENTS_WORDS_OR_JSON, EXPAND_WORD,
	 false, true, true, NULL, 0, "VOLUME path...\nVOLUME [\"path\"...]"},
	{"WORKDIR", INSTRUCTION_WORKDIR, ARGUMENTS_LINE, EXPAND_WORD, false,
	 true, true, NULL, 0, "WORKDIR path"},
};

const struct instruction_info *instruction_info(enum instruction_kind kind)
{
	assert((unsigned)kind < INSTRUCTION_N);
	assert(infos[kind].kind == kind);
	return &infos[kind];
}

const char *instruction_name(enum instruction_kind kind)
{
	return instruction_info(kind)->name;
}

const char *instruction_suggest(struct str name)
{
	const char *names[INSTRUCTION_N];

	for (size_t i = 0; i < INSTRUCTION_N; i++)
		names[i] = infos[i].name;
	return suggest(name, names, INSTRUCTION_N);
}

int instruction_find_flag(const struct instruction_info *info, struct str name)
{
	for (size_t i = 0; i < info->n_flags; i++)
		if (str_eq_c(name, info->flags[i].name))
			return (int)i;
	return -1;
}

const char *instruction_suggest_flag(const struct instruction_info *info,
				     struct str name)
{
	const char *names[16];

	assert(info->n_flags <= ARRAY_LEN(names));
	for (size_t i = 0; i < info->n_flags; i++)
		names[i] = info->flags[i].name;
	return suggest(name, names, info->n_flags);
}
