#include "builder/engine/recipe_fields.h"

#include "builder/engine/build.h"
#include "builder/plan/plan.h"

#include <assert.h>
#include <stddef.h>

#define KIND(kind) (1u << (kind))

#define IN(type, of, member)                                         \
	{                                                            \
#member, type, offsetof(struct of, member), NULL, 0, \
			FIELD_ALL_KINDS, NULL, NULL                  \
	}
#define IN_FOR(type, of, member, kinds, why_not)                            \
	{                                                                   \
#member, type, offsetof(struct of, member), NULL, 0, kinds, \
			why_not, NULL                                       \
	}
#define IN_WORDS(of, member, words)                                      \
	{                                                                \
#member, FIELD_WORD, offsetof(struct of, member), words, \
			ARRAY_LEN(words), FIELD_ALL_KINDS, NULL, NULL    \
	}
#define TOLD_BY(of, member, component)                                         \
	{                                                                      \
#member, FIELD_OTHER, offsetof(struct of, member), NULL, 0, 0, \
			NULL, component                                        \
	}
#define OUT(of, member, why_not)                                               \
	{                                                                      \
#member, FIELD_OTHER, offsetof(struct of, member), NULL, 0, 0, \
			why_not, NULL                                          \
	}
#define FIELDS(of, rows)                   \
	{                                  \
#of, rows, ARRAY_LEN(rows) \
	}

static const char *const mount_kinds[] = {
	[MOUNT_BIND] = "bind",	 [MOUNT_CACHE] = "cache",
	[MOUNT_TMPFS] = "tmpfs", [MOUNT_SECRET] = "secret",
	[MOUNT_SSH] = "ssh",
};
static const char *const networks[] = {
	[RUN_NETWORK_DEFAULT] = NULL,
	[RUN_NETWORK_NONE] = "none",
	[RUN_NETWORK_HOST] = NULL, /* the default */
};
static const char *const securities[] = {
	[RUN_SECURITY_SANDBOX] = NULL,
	[RUN_SECURITY_INSECURE] = "insecure",
};

static const char written[] = "where it is written in the Dockerfile";

static const struct field step_fields[] = {
	TOLD_BY(step, kind, "the key's domain"),
	OUT(step, instruction, written),
	OUT(step, span, written),
	TOLD_BY(step, stage, "parent"),
	OUT(step, title, "what is shown of it"),
	OUT(step, number, written),
	OUT(step, history_index, "the image's history, which no layer sees"),
	IN_FOR(FIELD_BOOL, step, has_epoch,
	       KIND(STEP_COPY) | KIND(STEP_WORKDIR),
	       "a command sees it only as a variable of env"),
	IN_FOR(FIELD_I64, step, epoch_s, KIND(STEP_COPY) | KIND(STEP_WORKDIR),
	       "a command sees it only as a variable of env"),
	TOLD_BY(step, run, "the rows of step_run"),
	TOLD_BY(step, copy, "the rows of step_copy"),
	TOLD_BY(step, workdir, "the rows of step_workdir"),
};

static const struct field run_fields[] = {
	IN(FIELD_LIST, step_run, argv),
	OUT(step_run, shell, "the user's shell: its result is not kept"),
	IN(FIELD_STR, step_run, script_name),
	IN(FIELD_STR, step_run, script),
	IN(FIELD_LIST, step_run, env),
	OUT(step_run, hidden_env,
	    "proxies say how to reach the network, not what is there"),
	IN(FIELD_STR, step_run, cwd),
	IN(FIELD_STR, step_run, user),
	OUT(step_run, hostname, "a name for the machine of this build"),
	IN_WORDS(step_run, network, networks),
	IN_WORDS(step_run, security, securities),
	TOLD_BY(step_run, mounts, "the rows of step_mount"),
	TOLD_BY(step_run, n_mounts, "the rows of step_mount"),
};

static const struct field mount_fields[] = {
	IN_WORDS(step_mount, kind, mount_kinds),
	TOLD_BY(step_mount, origin, "content"),
	TOLD_BY(step_mount, source, "content"),
	IN(FIELD_STR, step_mount, target),
	IN_FOR(FIELD_STR, step_mount, id, ~KIND(MOUNT_CACHE),
	       "a cache's id says where it is kept; what is in a cache must "
	       "not matter"),
	IN(FIELD_STR, step_mount, env),
	OUT(step_mount, sharing,
	    "when it may run beside others, not what it sees"),
	IN(FIELD_BOOL, step_mount, readonly),
	IN(FIELD_BOOL, step_mount, required),
	IN(FIELD_BOOL, step_mount, has_mode),
	IN(FIELD_U32, step_mount, mode),
	IN(FIELD_BOOL, step_mount, has_owner),
	IN(FIELD_U32, step_mount, uid),
	IN(FIELD_U32, step_mount, gid),
	IN(FIELD_U64, step_mount, size_bytes),
};

static const struct field copy_fields[] = {
	TOLD_BY(step_copy, origin, "content and owners"),
	TOLD_BY(step_copy, sources, "the rows of step_source"),
	TOLD_BY(step_copy, n_sources, "the rows of step_source"),
	IN(FIELD_STR, step_copy, dest),
	IN(FIELD_STR, step_copy, chown),
	IN(FIELD_STR, step_copy, chmod_text),
	TOLD_BY(step_copy, chmod, "chmod_text"),
	IN(FIELD_LIST, step_copy, excludes),
	IN(FIELD_BOOL, step_copy, link),
	IN(FIELD_BOOL, step_copy, parents),
	IN(FIELD_BOOL, step_copy, unpack),
	IN(FIELD_BOOL, step_copy, unpack_remote),
	OUT(step_copy, checksum,
	    "it is held against the content before there is a key"),
	IN(FIELD_BOOL, step_copy, keep_git_dir),
	OUT(step_copy, is_add,
	    "unpack and unpack_remote say what ADD does "
	    "more"),
};

static const struct field source_fields[] = {
	IN(FIELD_STR, step_source, path),
	IN(FIELD_BOOL, step_source, is_inline),
	IN(FIELD_STR, step_source, content),
};

static const struct field workdir_fields[] = {
	IN(FIELD_STR, step_workdir, path),
	IN(FIELD_STR, step_workdir, user),
};

static const struct field origin_fields[] = {
	TOLD_BY(origin, kind, "content and owners"),
	TOLD_BY(origin, stage, "content"),
	TOLD_BY(origin, image, "content"),
	TOLD_BY(origin, folder, "content"),
};

static const char how[] = "how a build is carried out";
static const char limits[] = "limits bound a command, they are no input";

static const struct field options_fields[] = {
	OUT(build_options, context_path, "the place of the context on disk"),
	OUT(build_options, dockerfile_name,
	    "what its .dockerignore leaves is told by content"),
	OUT(build_options, no_cache, how),
	OUT(build_options, n_jobs, how),
	OUT(build_options, secrets, "secret values are in no key"),
	OUT(build_options, n_secrets, "secret values are in no key"),
	OUT(build_options, ssh, "an agent's keys are secrets"),
	OUT(build_options, n_ssh, "an agent's keys are secrets"),
	OUT(build_options, extra_hosts,
	    "names of the network, as BuildKit leaves them out"),
	OUT(build_options, shm_size_bytes, limits),
	OUT(build_options, limits, limits),
	OUT(build_options, n_limits, limits),
	OUT(build_options, cgroup, limits),
	OUT(build_options, tier, "each makes the same image"),
	OUT(build_options, executor, how),
	OUT(build_options, events, how),
	OUT(build_options, identity, "it names a build, for its trace"),
	OUT(build_options, names, "they name the image, for its trace"),
	OUT(build_options, n_names, "they name the image, for its trace"),
	OUT(build_options, explain, how),
	OUT(build_options, shell_on_error, how),
	OUT(build_options, cancel_fd, how),
};

const struct fields FIELDS_STEP = FIELDS(step, step_fields);
const struct fields FIELDS_STEP_RUN = FIELDS(step_run, run_fields);
const struct fields FIELDS_STEP_MOUNT = FIELDS(step_mount, mount_fields);
const struct fields FIELDS_STEP_COPY = FIELDS(step_copy, copy_fields);
const struct fields FIELDS_STEP_SOURCE = FIELDS(step_source, source_fields);
const struct fields FIELDS_STEP_WORKDIR = FIELDS(step_workdir, workdir_fields);
const struct fields FIELDS_ORIGIN = FIELDS(origin, origin_fields);
const struct fields FIELDS_BUILD_OPTIONS =
	FIELDS(build_options, options_fields);

const struct fields *const FIELDS_ALL[] = {
	&FIELDS_STEP,	   &FIELDS_STEP_RUN,	  &FIELDS_STEP_MOUNT,
	&FIELDS_STEP_COPY, &FIELDS_STEP_SOURCE,	  &FIELDS_STEP_WORKDIR,
	&FIELDS_ORIGIN,	   &FIELDS_BUILD_OPTIONS, NULL,
};

/* --- adding ------------------------------------------------------------- */

static void add(struct key *k, const char *prefix, const struct field *f,
		struct str value)
{
	key_add(k, arena_printf(&k->arena, "%s%s", prefix, f->name).p, value);
}

static void add_number(struct key *k, const char *prefix, const struct field *f,
		       uint64_t n)
{
	if (n)
		add(k, prefix, f,
		    arena_printf(&k->arena, "%llu", (unsigned long long)n));
}

static void add_word(struct key *k, const char *prefix, const struct field *f,
		     unsigned value)
{
	assert(value < f->n_words);
	if (f->words[value])
		add(k, prefix, f, str_from(f->words[value]));
}

static void add_list(struct key *k, const char *prefix, const struct field *f,
		     const struct str_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		add(k, prefix, f, list->v[i]);
}

static void add_field(struct key *k, const char *prefix, const struct field *f,
		      const void *at)
{
	switch (f->type) {
	case FIELD_STR:
		if (((const struct str *)at)->n)
			add(k, prefix, f, *(const struct str *)at);
		break;
	case FIELD_LIST: add_list(k, prefix, f, at); break;
	case FIELD_BOOL: add_number(k, prefix, f, *(const bool *)at); break;
	case FIELD_U32: add_number(k, prefix, f, *(const uint32_t *)at); break;
	case FIELD_U64: add_number(k, prefix, f, *(const uint64_t *)at); break;
	case FIELD_I64:
		add_number(k, prefix, f, (uint64_t) * (const int64_t *)at);
		break;
	case FIELD_WORD: add_word(k, prefix, f, *(const unsigned *)at); break;
	case FIELD_OTHER: break;
	}
}

void fields_add(struct key *k, const struct fields *f, unsigned kind,
		const char *prefix, const void *value)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->v[i].kinds & KIND(kind))
			add_field(k, prefix, &f->v[i],
				  (const char *)value + f->v[i].offset);
}
