#include "parser/fields.h"

/* An absent word or string is left out. */
static void put_word(const struct field_sink *s, const char *name,
		     const struct word *word)
{
	if (word->text.n || word->template)
		s->word(s->ctx, name, word);
}

static void put_string(const struct field_sink *s, const char *name,
		       struct str value)
{
	if (value.n)
		s->string(s->ctx, name, value);
}

static void put_true(const struct field_sink *s, const char *name, bool value)
{
	if (value)
		s->boolean(s->ctx, name, true);
}

static void put_number(const struct field_sink *s, const char *name,
		       int64_t value)
{
	if (value)
		s->number(s->ctx, name, value);
}

static void put_words(const struct field_sink *s, const char *name,
		      const char *item, struct words words)
{
	if (words.n == 0)
		return;
	s->open_list(s->ctx, name);
	for (size_t i = 0; i < words.n; i++) {
		s->open_object(s->ctx, NULL);
		s->word(s->ctx, item, &words.v[i]);
		s->close_object(s->ctx);
	}
	s->close_list(s->ctx);
}

static void put_heredoc(const struct field_sink *s, const struct heredoc *h)
{
	s->open_object(s->ctx, NULL);
	s->string(s->ctx, "name", h->name);
	put_number(s, "fd", h->fd);
	put_true(s, "expand", h->expand);
	put_true(s, "stripTabs", h->strip_tabs);
	s->string(s->ctx, "content", h->content);
	s->close_object(s->ctx);
}

static void put_heredocs(const struct field_sink *s, struct heredocs heredocs)
{
	if (heredocs.n == 0)
		return;
	s->open_list(s->ctx, "heredocs");
	for (size_t i = 0; i < heredocs.n; i++)
		put_heredoc(s, &heredocs.v[i]);
	s->close_list(s->ctx);
}

static void put_command(const struct field_sink *s,
			const struct command *command)
{
	s->string(s->ctx, "form",
		  command->exec_form ? STR("exec") : STR("shell"));
	s->open_list(s->ctx, "arguments");
	for (size_t i = 0; i < command->n_args; i++)
		s->string(s->ctx, NULL, command->args[i]);
	s->close_list(s->ctx);
	put_heredocs(s, command->heredocs);
}

/* The sources in the order written: paths and heredocs mixed. */
static void put_copy(const struct field_sink *s, const struct copy *copy)
{
	s->open_list(s->ctx, "sources");
	for (size_t i = 0; i < copy->n_order; i++) {
		int at = copy->order[i];

		if (at < 0) {
			put_heredoc(s, &copy->heredocs.v[-at - 1]);
			continue;
		}
		s->open_object(s->ctx, NULL);
		s->word(s->ctx, "path", &copy->sources.v[at]);
		s->close_object(s->ctx);
	}
	s->close_list(s->ctx);
	s->word(s->ctx, "destination", &copy->dest);
	put_word(s, "from", &copy->from);
	put_word(s, "chown", &copy->chown);
	put_word(s, "chmod", &copy->chmod);
	put_word(s, "checksum", &copy->checksum);
	put_words(s, "excludes", "pattern", copy->excludes);
	put_true(s, "link", copy->link);
	put_true(s, "parents", copy->parents);
	put_true(s, "keepGitDir", copy->keep_git_dir);
	if (copy->has_unpack)
		s->boolean(s->ctx, "unpack", copy->unpack);
	put_true(s, "json", copy->json_form);
}

static void put_pairs(const struct field_sink *s, const struct pairs *pairs)
{
	s->open_list(s->ctx, "pairs");
	for (size_t i = 0; i < pairs->n; i++) {
		const struct pair *pair = &pairs->v[i];

		s->open_object(s->ctx, NULL);
		s->word(s->ctx, "key", &pair->key);
		if (pair->has_value)
			s->word(s->ctx, "value", &pair->value);
		put_string(s, "doc", pair->doc);
		s->close_object(s->ctx);
	}
	s->close_list(s->ctx);
	put_true(s, "legacy", pairs->legacy);
}

static void put_from(const struct field_sink *s, const struct from *from)
{
	put_word(s, "image", &from->base);
	put_word(s, "platform", &from->platform);
	put_string(s, "name", from->alias);
	put_string(s, "stageDoc", from->doc);
}

static void put_healthcheck(const struct field_sink *s,
			    const struct healthcheck *check)
{
	if (check->none) {
		s->boolean(s->ctx, "none", true);
		return;
	}
	put_command(s, &check->command);
	put_number(s, "intervalNs", check->interval_ns);
	put_number(s, "timeoutNs", check->timeout_ns);
	put_number(s, "startPeriodNs", check->start_period_ns);
	put_number(s, "startIntervalNs", check->start_interval_ns);
	put_number(s, "retries", check->retries);
}

static struct str mount_kind_name(enum mount_kind kind)
{
	switch (kind) {
	case MOUNT_BIND: return STR("bind");
	case MOUNT_CACHE: return STR("cache");
	case MOUNT_TMPFS: return STR("tmpfs");
	case MOUNT_SECRET: return STR("secret");
	case MOUNT_SSH: return STR("ssh");
	}
	return STR("");
}

static struct str sharing_name(enum mount_sharing sharing)
{
	switch (sharing) {
	case MOUNT_SHARED: return STR("shared");
	case MOUNT_PRIVATE: return STR("private");
	case MOUNT_LOCKED: return STR("locked");
	}
	return STR("");
}

static void put_mount(const struct field_sink *s, const struct mount *mount)
{
	s->open_object(s->ctx, NULL);
	if (mount->deferred) {
		s->boolean(s->ctx, "deferred", true);
	} else {
		s->string(s->ctx, "type", mount_kind_name(mount->kind));
		put_true(s, "readonly", mount->readonly);
		put_true(s, "required", mount->required);
		if (mount->kind == MOUNT_CACHE)
			s->string(s->ctx, "sharing",
				  sharing_name(mount->sharing));
	}
	put_word(s, "from", &mount->from);
	put_word(s, "source", &mount->source);
	put_word(s, "target", &mount->target);
	put_word(s, "id", &mount->id);
	put_word(s, "env", &mount->env);
	put_word(s, "mode", &mount->mode);
	put_word(s, "uid", &mount->uid);
	put_word(s, "gid", &mount->gid);
	put_word(s, "size", &mount->size);
	s->close_object(s->ctx);
}

static void put_run(const struct field_sink *s, const struct run *run)
{
	struct words devices = {run->devices, run->n_devices};

	put_command(s, &run->command);
	if (run->n_mounts) {
		s->open_list(s->ctx, "mounts");
		for (size_t i = 0; i < run->n_mounts; i++)
			put_mount(s, &run->mounts[i]);
		s->close_list(s->ctx);
	}
	put_words(s, "devices", "device", devices);
	if (run->network != RUN_NETWORK_DEFAULT)
		s->string(s->ctx, "network",
			  run->network == RUN_NETWORK_NONE ? STR("none")
							   : STR("host"));
	if (run->security == RUN_SECURITY_INSECURE)
		s->string(s->ctx, "security", STR("insecure"));
}

void fields_walk(const struct field_sink *s, const struct instruction *in)
{
	switch (in->kind) {
	case INSTRUCTION_ADD:
	case INSTRUCTION_COPY: put_copy(s, &in->copy); return;
	case INSTRUCTION_ARG:
	case INSTRUCTION_ENV:
	case INSTRUCTION_LABEL: put_pairs(s, &in->pairs); return;
	case INSTRUCTION_CMD:
	case INSTRUCTION_ENTRYPOINT:
	case INSTRUCTION_SHELL: put_command(s, &in->command); return;
	case INSTRUCTION_EXPOSE:
		put_words(s, "ports", "port", in->words);
		return;
	case INSTRUCTION_VOLUME:
		put_words(s, "paths", "path", in->words);
		return;
	case INSTRUCTION_FROM: put_from(s, &in->from); return;
	case INSTRUCTION_HEALTHCHECK:
		put_healthcheck(s, &in->healthcheck);
		return;
	case INSTRUCTION_MAINTAINER:
		s->string(s->ctx, "maintainer", in->maintainer);
		return;
	case INSTRUCTION_ONBUILD:
		s->string(s->ctx, "trigger", in->onbuild.text);
		return;
	case INSTRUCTION_RUN: put_run(s, &in->run); return;
	case INSTRUCTION_STOPSIGNAL: put_word(s, "signal", &in->word); return;
	case INSTRUCTION_USER: put_word(s, "user", &in->word); return;
	case INSTRUCTION_WORKDIR: put_word(s, "path", &in->word); return;
	case INSTRUCTION_N: break;
	}
}
