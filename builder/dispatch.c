/*
 * What each instruction does to its stage: its config, its scope, its history,
 * its steps. BuildKit: dispatch* in dockerfile2llb/convert.go.
 */
#include "builder/gofmt.h"
#include "builder/planner.h"
#include "builder/remote.h"

#include "base/path.h"

#include <stdlib.h>
#include <string.h>

static const char HISTORY_COMMENT[] = "buildkit.dockerfile.v0";

enum layered { WITHOUT_LAYER, WITH_LAYER };

struct dispatch {
	struct planner *p;
	struct stage_state *s;
	const struct instruction *in;
	struct str title;
	struct err *e;
	bool failed; /* *e is set: an image could not be read */
};

static struct arena *arena_of(const struct dispatch *c)
{
	return c->p->arena;
}

static struct image_config *config_of(const struct dispatch *c)
{
	return &c->s->out.config;
}

static bool expand(struct dispatch *c, const struct word *w, struct str *out)
{
	return scope_expand(&c->s->scope, w, out, c->p->diags);
}

static void mistake(struct dispatch *c, const char *id, struct span span,
		    const char *text)
{
	diag_add(c->p->diags, id, DIAG_ERROR, span, "%s", text);
}

static void commit(struct dispatch *c, struct buf *message,
		   enum layered layered)
{
	struct config_history *h = vec_push(&c->s->history);

	h->created_by = arena_str(arena_of(c), buf_str(message));
	h->comment = str_from(HISTORY_COMMENT);
	h->empty_layer = layered == WITHOUT_LAYER;
	h->has_created = c->p->has_epoch;
	h->created_ns = c->p->epoch_s * 1000000000;
	buf_release(message);
}

static struct buf message_buf(const char *start)
{
	struct buf b = BUF_INIT(16u << 20);

	buf_add_c(&b, start);
	return b;
}

static struct step *add_step(struct dispatch *c, enum step_kind kind)
{
	struct step *step = vec_push(&c->s->steps);

	step->kind = kind;
	step->instruction = c->in;
	step->stage = &c->s->out;
	step->title = c->title;
	step->number = c->s->steps.n;
	step->history_index = c->s->history.n;
	step->has_epoch = c->p->has_epoch;
	step->epoch_s = c->p->epoch_s;
	return step;
}

struct str path_for_workdir(struct arena *a, struct str workdir, struct str p)
{
	bool folder = p.n == 0 || str_eq_c(p, ".") || str_ends(p, "/") ||
		      str_ends(p, "/.");
	struct str base = workdir.n ? workdir : STR("/");
	struct str path = path_join(a, path_join(a, STR("/"), base), p);

	if (folder && !str_ends(path, "/"))
		path = arena_printf(a, "%.*s/", STR_ARG(path));
	return path;
}

static void dispatch_env(struct dispatch *c)
{
	const struct pairs *pairs = &c->in->pairs;
	struct buf message = message_buf("ENV");
	struct str *expanded =
		arena_new_array(arena_of(c), pairs->n * 2, struct str);

	/* all are expanded before any is set: `ENV a=1 b=$a` sees the old a */
	for (size_t i = 0; i < pairs->n; i++)
		if (!expand(c, &pairs->v[i].key, &expanded[2 * i]) ||
		    !expand(c, &pairs->v[i].value, &expanded[2 * i + 1])) {
			buf_release(&message);
			return;
		}
	for (size_t i = 0; i < pairs->n; i++) {
		struct str key = expanded[2 * i];
		struct str value = expanded[2 * i + 1];

		scope_set(&c->s->scope, key, value);
		config_of(c)->env =
			env_set(arena_of(c), config_of(c)->env, key, value);
		buf_printf(&message, " %.*s=", STR_ARG(key));
		buf_add_str(&message, value);
	}
	commit(c, &message, WITHOUT_LAYER);
}

static void dispatch_label(struct dispatch *c)
{
	const struct pairs *pairs = &c->in->pairs;
	struct buf message = message_buf("LABEL");

	for (size_t i = 0; i < pairs->n; i++) {
		struct str key;
		struct str value;

		if (!expand(c, &pairs->v[i].key, &key) ||
		    !expand(c, &pairs->v[i].value, &value))
			break;
		config_of(c)->labels = pairs_set(
			arena_of(c), config_of(c)->labels, key, value);
		buf_printf(&message, " %.*s=", STR_ARG(key));
		buf_add_str(&message, value);
	}
	commit(c, &message, WITHOUT_LAYER);
}

/* The value that ARG gives: --build-arg, its default, the global one. */
static bool arg_value(struct dispatch *c, const struct pair *arg,
		      struct str name, struct str *value, bool *has_value)
{
	*has_value = true;
	if (planner_build_arg(c->p, name, value))
		return true;
	if (arg->has_value)
		return expand(c, &arg->value, value);
	*has_value = env_get(c->p->globals.env, name, value);
	return true;
}

static void dispatch_arg(struct dispatch *c)
{
	const struct pairs *pairs = &c->in->pairs;
	struct buf message = message_buf("ARG");

	for (size_t i = 0; i < pairs->n; i++) {
		struct str name = pairs->v[i].key.text;
		struct str value = {0};
		bool has_value;

		if (!arg_value(c, &pairs->v[i], name, &value, &has_value))
			break;
		if (has_value)
			scope_set(&c->s->scope, name, value);
		scope_declare(&c->s->scope, name, has_value ? &value : NULL);
		buf_printf(&message, " %.*s", STR_ARG(name));
		if (has_value) {
			buf_add_char(&message, '=');
			buf_add_str(&message, value);
		}
	}
	commit(c, &message, WITHOUT_LAYER);
}

static struct str_list with_shell(struct dispatch *c, struct str script)
{
	struct str_list shell = config_of(c)->shell;

	if (shell.n == 0) {
		shell = str_list_add(arena_of(c), (struct str_list){0},
				     STR("/bin/sh"));
		shell = str_list_add(arena_of(c), shell, STR("-c"));
	}
	return str_list_add(arena_of(c), shell, script);
}

static struct str_list command_args(struct dispatch *c,
				    const struct command *command)
{
	if (command->exec_form)
		return (struct str_list){command->args, command->n_args, true};
	return with_shell(c, command->n_args ? command->args[0] : STR(""));
}

static void dispatch_cmd(struct dispatch *c)
{
	struct buf message = message_buf("CMD ");

	config_of(c)->cmd = command_args(c, &c->in->command);
	config_of(c)->args_escaped = true;
	c->s->cmd_set = true;
	gofmt_quote_list(&message, config_of(c)->cmd);
	commit(c, &message, WITHOUT_LAYER);
}

static void dispatch_entrypoint(struct dispatch *c)
{
	struct buf message = message_buf("ENTRYPOINT ");

	config_of(c)->entrypoint = command_args(c, &c->in->command);
	/* an inherited CMD was meant for the inherited ENTRYPOINT */
	if (!c->s->cmd_set)
		config_of(c)->cmd = (struct str_list){0};
	gofmt_quote_list(&message, config_of(c)->entrypoint);
	commit(c, &message, WITHOUT_LAYER);
}

static struct str_list healthcheck_test(struct dispatch *c)
{
	const struct healthcheck *h = &c->in->healthcheck;
	struct str_list test = {.set = true};

	if (h->none)
		return str_list_add(arena_of(c), test, STR("NONE"));
	test = str_list_add(arena_of(c), test,
			    h->command.exec_form ? STR("CMD")
						 : STR("CMD-SHELL"));
	for (size_t i = 0; i < h->command.n_args; i++)
		test = str_list_add(arena_of(c), test, h->command.args[i]);
	return test;
}

static void add_quoted_duration(struct buf *out, int64_t ns)
{
	buf_add_c(out, " \"");
	gofmt_duration(out, ns);
	buf_add_char(out, '"');
}

static void dispatch_healthcheck(struct dispatch *c)
{
	const struct healthcheck *h = &c->in->healthcheck;
	struct config_healthcheck *out = &config_of(c)->healthcheck;
	struct buf message = message_buf("HEALTHCHECK &{");

	*out = (struct config_healthcheck){
		.set = true,
		.test = healthcheck_test(c),
		.interval_ns = h->interval_ns,
		.timeout_ns = h->timeout_ns,
		.start_period_ns = h->start_period_ns,
		.start_interval_ns = h->start_interval_ns,
		.retries = h->retries,
	};
	gofmt_quote_list(&message, out->test);
	add_quoted_duration(&message, out->interval_ns);
	add_quoted_duration(&message, out->timeout_ns);
	add_quoted_duration(&message, out->start_period_ns);
	add_quoted_duration(&message, out->start_interval_ns);
	buf_add_char(&message, ' ');
	gofmt_quote_rune(&message, out->retries);
	buf_add_char(&message, '}');
	commit(c, &message, WITHOUT_LAYER);
}

static bool list_has(struct str_list list, struct str s)
{
	for (size_t i = 0; i < list.n; i++)
		if (str_eq(list.v[i], s))
			return true;
	return false;
}

static int compare_ports(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static void add_port(struct dispatch *c, struct str port)
{
	struct str_list *ports = &config_of(c)->exposed_ports;

	if (!list_has(*ports, port))
		*ports = str_list_add(arena_of(c), *ports, port);
}

static void dispatch_expose(struct dispatch *c)
{
	struct str *ports = NULL;
	size_t n_ports = 0;
	struct buf message = message_buf("EXPOSE ");
	struct err e;

	for (size_t i = 0; i < c->in->words.n; i++) {
		const struct word *w = &c->in->words.v[i];
		struct str *fields;
		size_t n_fields;

		if (!scope_expand_fields(&c->s->scope, w, &fields, &n_fields,
					 c->p->diags))
			continue;
		for (size_t k = 0; k < n_fields; k++)
			if (ports_parse(arena_of(c), fields[k], &ports,
					&n_ports, &e) < 0)
				mistake(c, "expose-port", w->span, e.msg);
	}
	for (size_t i = 0; i < n_ports; i++)
		add_port(c, ports[i]);
	if (n_ports)
		qsort(ports, n_ports, sizeof(*ports), compare_ports);
	gofmt_list(&message, (struct str_list){ports, n_ports, true});
	commit(c, &message, WITHOUT_LAYER);
}

static void dispatch_volume(struct dispatch *c)
{
	struct str_list added = {0};
	struct buf message = message_buf("VOLUME ");

	for (size_t i = 0; i < c->in->words.n; i++) {
		const struct word *w = &c->in->words.v[i];
		struct str path;

		if (!expand(c, w, &path))
			continue;
		if (path.n == 0)
			mistake(c, "volume-empty", w->span,
				"VOLUME can't be an empty string");
		added = str_list_add(arena_of(c), added, path);
		if (!list_has(config_of(c)->volumes, path))
			config_of(c)->volumes = str_list_add(
				arena_of(c), config_of(c)->volumes, path);
	}
	gofmt_list(&message, added);
	commit(c, &message, WITHOUT_LAYER);
}

static void dispatch_user(struct dispatch *c)
{
	struct buf message = message_buf("USER ");
	struct str user;

	if (!expand(c, &c->in->word, &user)) {
		buf_release(&message);
		return;
	}
	config_of(c)->user = user;
	buf_add_str(&message, user);
	commit(c, &message, WITHOUT_LAYER);
}

static void dispatch_stopsignal(struct dispatch *c)
{
	struct buf message = message_buf("STOPSIGNAL ");
	struct str text = {0};
	struct err e;
	int number;

	if (expand(c, &c->in->word, &text) && signal_parse(text, &number, &e) < 0)
		mistake(c, "stopsignal", c->in->word.span, e.msg);
	config_of(c)->stop_signal = text;
	buf_add_str(&message, text);
	commit(c, &message, WITHOUT_LAYER);
}

static void dispatch_shell(struct dispatch *c)
{
	struct buf message = message_buf("SHELL ");
	const struct command *command = &c->in->command;

	config_of(c)->shell =
		(struct str_list){command->args, command->n_args, true};
	gofmt_list(&message, config_of(c)->shell);
	commit(c, &message, WITHOUT_LAYER);
}

static void dispatch_maintainer(struct dispatch *c)
{
	struct buf message = message_buf("MAINTAINER ");

	config_of(c)->author = c->in->maintainer;
	buf_add_str(&message, c->in->maintainer);
	commit(c, &message, WITHOUT_LAYER);
}

static void dispatch_onbuild(struct dispatch *c)
{
	config_of(c)->on_build = str_list_add(
		arena_of(c), config_of(c)->on_build, c->in->onbuild.text);
}

static void dispatch_workdir(struct dispatch *c)
{
	struct buf message = message_buf("WORKDIR ");
	struct str path;

	if (!expand(c, &c->in->word, &path)) {
		buf_release(&message);
		return;
	}
	/* an absolute one is recorded as it was written */
	if (!str_starts(path, "/"))
		path = path_clean(arena_of(c),
				  path_for_workdir(arena_of(c),
						   config_of(c)->working_dir,
						   path));
	config_of(c)->working_dir = path;
	buf_add_str(&message, path);
	if (str_eq_c(path, "/")) {
		commit(c, &message, WITHOUT_LAYER);
		return;
	}
	add_step(c, STEP_WORKDIR)->workdir = (struct step_workdir){
		.path = path, .user = config_of(c)->user};
	commit(c, &message, WITH_LAYER);
}

static struct step_source *copy_sources(struct dispatch *c,
					const struct copy *copy, size_t *n)
{
	size_t total = copy->sources.n + copy->heredocs.n;
	struct step_source *out =
		arena_new_array(arena_of(c), total, struct step_source);

	*n = 0;
	for (size_t i = 0; i < copy->sources.n; i++)
		if (expand(c, &copy->sources.v[i], &out[*n].path))
			(*n)++;
	for (size_t i = 0; i < copy->heredocs.n; i++) {
		const struct heredoc *doc = &copy->heredocs.v[i];
		struct word body = {.text = doc->content,
				    .span = doc->body,
				    .template = doc->template};

		out[*n].path = doc->name;
		out[*n].is_inline = true;
		if (expand(c, &body, &out[*n].content))
			(*n)++;
	}
	return out;
}

static struct str_list expand_list(struct dispatch *c, struct words words)
{
	struct str_list out = {0};

	for (size_t i = 0; i < words.n; i++) {
		struct str text;

		if (expand(c, &words.v[i], &text))
			out = str_list_add(arena_of(c), out, text);
	}
	return out;
}

static void check_checksum(struct dispatch *c, const struct copy *in,
			   const struct step_copy *copy)
{
	if (in->checksum.text.n == 0)
		return;
	if (copy->n_sources != 1)
		mistake(c, "checksum", in->checksum.span,
			"checksum can't be specified for multiple sources");
	else if (remote_kind_of(copy->sources[0].path) == REMOTE_NONE)
		mistake(c, "checksum", in->checksum.span,
			"checksum requires HTTP(S) or Git sources");
}

static void check_remote(struct dispatch *c, const struct step_copy *copy)
{
	for (size_t i = 0; i < copy->n_sources; i++) {
		switch (remote_kind_of(copy->sources[i].path)) {
		case REMOTE_HTTP:
			if (!copy->is_add)
				mistake(c, "copy-remote", c->in->span,
					"source can't be a URL for COPY");
			break;
		case REMOTE_GIT:
			if (!copy->is_add)
				mistake(c, "copy-remote", c->in->span,
					"source can't be a git ref for COPY");
			break;
		case REMOTE_NONE: break;
		}
	}
}

static void copy_history(struct dispatch *c, const struct step_copy *copy,
			 struct str dest)
{
	struct buf message = message_buf(copy->is_add ? "ADD" : "COPY");

	if (copy->parents)
		buf_add_c(&message, " --parents");
	if (copy->chown.n)
		buf_printf(&message, " --chown=%.*s", STR_ARG(copy->chown));
	if (copy->chmod_text.n)
		buf_printf(&message, " --chmod=%.*s", STR_ARG(copy->chmod_text));
	for (size_t i = 0; i < copy->n_sources; i++) {
		buf_add_c(&message, copy->sources[i].is_inline ? " <<" : " ");
		buf_add_str(&message, copy->sources[i].path);
	}
	buf_add_char(&message, ' ');
	buf_add_str(&message, dest);
	buf_add_c(&message, " # buildkit");
	commit(c, &message, WITH_LAYER);
}

static bool copy_options(struct dispatch *c, const struct copy *in,
			 struct step_copy *out)
{
	struct err e;

	if (!expand(c, &in->chown, &out->chown) ||
	    !expand(c, &in->chmod, &out->chmod_text))
		return false;
	if (out->chmod_text.n &&
	    mode_parse(arena_of(c), out->chmod_text, &out->chmod, &e) < 0) {
		mistake(c, "chmod", in->chmod.span, e.msg);
		return false;
	}
	out->excludes = expand_list(c, in->excludes);
	out->link = in->link;
	out->parents = in->parents;
	out->is_add = c->in->kind == INSTRUCTION_ADD;
	out->unpack = in->has_unpack ? in->unpack : out->is_add;
	out->unpack_remote = in->has_unpack && in->unpack;
	out->keep_git_dir = in->keep_git_dir;
	if (!expand(c, &in->checksum, &out->checksum))
		return false;
	return planner_origin(c->p, c->s, &in->from, STAGE_BY_NAME_OR_INDEX,
			      &out->origin, &c->failed, c->e);
}

static void dispatch_copy(struct dispatch *c)
{
	const struct copy *in = &c->in->copy;
	struct step_copy out = {0};
	struct str dest;

	out.sources = copy_sources(c, in, &out.n_sources);
	if (!expand(c, &in->dest, &dest) || !copy_options(c, in, &out))
		return;
	out.dest = path_for_workdir(arena_of(c), config_of(c)->working_dir, dest);
	check_checksum(c, in, &out);
	check_remote(c, &out);
	add_step(c, STEP_COPY)->copy = out;
	copy_history(c, &out, dest);
}

/* A command that is one heredoc and nothing else: `RUN <<EOF`. */
static bool is_lone_heredoc(const struct dispatch *c,
			    const struct command *command)
{
	const struct heredoc *doc = command->heredocs.v;
	struct str line = str_trim(command->args[0]);

	return command->heredocs.n == 1 &&
	       line.n == doc->span.end - doc->span.offset &&
	       !memchr(line.p, ' ', line.n) && c->in->kind == INSTRUCTION_RUN;
}

/* Other forms are handed to the shell as they were written. */
static struct str whole_script(struct dispatch *c,
			       const struct command *command)
{
	struct buf b = BUF_INIT(SOURCE_MAX_BYTES);
	struct str out;

	buf_add_str(&b, command->args[0]);
	for (size_t i = 0; i < command->heredocs.n; i++) {
		buf_add_char(&b, '\n');
		buf_add_str(&b, command->heredocs.v[i].raw);
		buf_add_str(&b, command->heredocs.v[i].name);
	}
	out = arena_str(arena_of(c), buf_str(&b));
	buf_release(&b);
	return out;
}

static struct str_list run_argv(struct dispatch *c, struct step_run *run)
{
	const struct command *command = &c->in->run.command;
	const struct heredoc *doc = command->heredocs.v;

	if (command->exec_form || command->heredocs.n == 0)
		return command_args(c, command);
	if (!is_lone_heredoc(c, command))
		return with_shell(c, whole_script(c, command));
	if (!str_starts(doc->content, "#!"))
		return with_shell(c, doc->content);
	run->script_name = doc->name;
	run->script = doc->content;
	return with_shell(c, arena_printf(arena_of(c), "/dev/pipes/%.*s",
					  STR_ARG(doc->name)));
}

/* A resolved number: its text was checked by mount_resolve. */
static bool mount_number(const struct word *w, bool octal, uint32_t *out)
{
	uint64_t value = 0;

	if (w->text.n == 0)
		return false;
	(void)(octal ? str_octal_to_u64(w->text, UINT32_MAX, &value)
		     : str_to_u64(w->text, UINT32_MAX, &value));
	*out = (uint32_t)value;
	return true;
}

static bool mount_target(struct dispatch *c, const struct mount *in,
			 struct step_mount *out)
{
	out->target = in->target.text;
	if (in->kind == MOUNT_SECRET || in->kind == MOUNT_SSH)
		return true;
	out->target = path_clean(
		arena_of(c), path_for_workdir(arena_of(c),
					      config_of(c)->working_dir,
					      in->target.text));
	if (str_eq_c(out->target, "/")) {
		mistake(c, "mount-target", in->span,
			"a mount's target can't be /");
		return false;
	}
	return true;
}

static bool mount_size(struct dispatch *c, const struct mount *in,
		       struct step_mount *out)
{
	struct err e;

	if (in->size.text.n == 0 ||
	    size_parse(in->size.text, &out->size_bytes, &e) == 0)
		return true;
	mistake(c, "mount-size", in->span, e.msg);
	return false;
}

static bool dispatch_mount(struct dispatch *c, const struct mount *written,
			   struct step_mount *out)
{
	const struct word_env env = scope_env(&c->s->scope);
	struct mount in;
	struct err e;

	if (mount_resolve(arena_of(c), written, &env, NULL, &in, &e) < 0) {
		mistake(c, "mount", written->span, e.msg);
		return false;
	}
	*out = (struct step_mount){
		.kind = in.kind,
		.source = in.source.text,
		.id = in.id.text,
		.env = in.env.text,
		.sharing = in.sharing,
		.readonly = in.readonly,
		.required = in.required,
	};
	out->has_mode = mount_number(&in.mode, true, &out->mode);
	out->has_owner = mount_number(&in.uid, false, &out->uid);
	out->has_owner |= mount_number(&in.gid, false, &out->gid);
	if (!mount_target(c, &in, out) || !mount_size(c, &in, out))
		return false;
	if (in.kind == MOUNT_CACHE && out->id.n == 0)
		out->id = out->target;
	if (in.kind == MOUNT_CACHE && in.from.text.n == 0) {
		out->origin.kind = ORIGIN_SCRATCH;
		return true;
	}
	return planner_origin(c->p, c->s, &in.from, STAGE_BY_NAME, &out->origin,
			      &c->failed, c->e);
}

static struct str_list proxy_env(struct dispatch *c)
{
	static const char *const names[] = {
		"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy",
		"FTP_PROXY",  "ftp_proxy",  "NO_PROXY",    "no_proxy",
		"ALL_PROXY",  "all_proxy"};
	struct str_list out = {0};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct str name = str_from(names[i]);
		struct str value;
		struct str other = str_from(names[i ^ 1]);

		if (planner_build_arg(c->p, name, &value) ||
		    planner_build_arg(c->p, other, &value))
			out = env_set(arena_of(c), out, name, value);
	}
	return out;
}

static bool run_mounts(struct dispatch *c, struct step_run *run)
{
	const struct run *in = &c->in->run;
	struct step_mount *mounts =
		arena_new_array(arena_of(c), in->n_mounts, struct step_mount);
	bool good = true;

	for (size_t i = 0; i < in->n_mounts; i++)
		good &= dispatch_mount(c, &in->mounts[i], &mounts[i]);
	run->mounts = mounts;
	run->n_mounts = in->n_mounts;
	return good;
}

static void dispatch_run(struct dispatch *c)
{
	struct step_run run = {
		.env = c->s->scope.env,
		.hidden_env = proxy_env(c),
		.cwd = path_join(arena_of(c), STR("/"), config_of(c)->working_dir),
		.user = config_of(c)->user,
		.network = c->in->run.network,
		.security = c->in->run.security,
	};
	struct buf message = message_buf("RUN ");

	if (run.security == RUN_SECURITY_INSECURE &&
	    !c->p->opt->allow_insecure)
		mistake(c, "insecure", c->in->span,
			"RUN --security=insecure needs "
			"--allow security.insecure on the command line");
	run.argv = run_argv(c, &run);
	if (!run_mounts(c, &run)) {
		buf_release(&message);
		return;
	}
	add_step(c, STEP_RUN)->run = run;
	scope_add_history(&message, &c->s->scope);
	for (size_t i = 0; i < run.argv.n; i++) {
		if (i)
			buf_add_char(&message, ' ');
		buf_add_str(&message, run.argv.v[i]);
	}
	buf_add_c(&message, " # buildkit");
	commit(c, &message, WITH_LAYER);
}

static void dispatch_instruction(struct dispatch *c)
{
	switch (c->in->kind) {
	case INSTRUCTION_ADD:
	case INSTRUCTION_COPY: dispatch_copy(c); break;
	case INSTRUCTION_ARG: dispatch_arg(c); break;
	case INSTRUCTION_CMD: dispatch_cmd(c); break;
	case INSTRUCTION_ENTRYPOINT: dispatch_entrypoint(c); break;
	case INSTRUCTION_ENV: dispatch_env(c); break;
	case INSTRUCTION_EXPOSE: dispatch_expose(c); break;
	case INSTRUCTION_HEALTHCHECK: dispatch_healthcheck(c); break;
	case INSTRUCTION_LABEL: dispatch_label(c); break;
	case INSTRUCTION_MAINTAINER: dispatch_maintainer(c); break;
	case INSTRUCTION_ONBUILD: dispatch_onbuild(c); break;
	case INSTRUCTION_RUN: dispatch_run(c); break;
	case INSTRUCTION_SHELL: dispatch_shell(c); break;
	case INSTRUCTION_STOPSIGNAL: dispatch_stopsignal(c); break;
	case INSTRUCTION_USER: dispatch_user(c); break;
	case INSTRUCTION_VOLUME: dispatch_volume(c); break;
	case INSTRUCTION_WORKDIR: dispatch_workdir(c); break;
	case INSTRUCTION_FROM: /* begins the stage */
	case INSTRUCTION_N: break;
	}
}

int dispatch_stage(struct planner *p, struct stage_state *s, struct err *e)
{
	for (size_t i = 0; i < s->instructions.n; i++) {
		struct dispatch c = {
			.p = p,
			.s = s,
			.in = s->instructions.v[i],
			.title = s->instructions.v[i]->text,
			.e = e,
		};

		if (i < s->n_triggers)
			c.title = arena_printf(p->arena, "ONBUILD %.*s",
					       STR_ARG(c.title));
		dispatch_instruction(&c);
		if (c.failed)
			return -1;
	}
	return 0;
}
