#include "builder/plan/plan.h"

static void dump_text(struct buf *out, const char *name, struct str value)
{
	if (value.n == 0)
		return;
	buf_printf(out, "    %s ", name);
	buf_add_json_string(out, value);
	buf_add_char(out, '\n');
}

static void dump_list(struct buf *out, const char *name, struct str_list list)
{
	if (list.n == 0)
		return;
	buf_printf(out, "    %s", name);
	for (size_t i = 0; i < list.n; i++) {
		buf_add_char(out, ' ');
		buf_add_json_string(out, list.v[i]);
	}
	buf_add_char(out, '\n');
}

static void dump_origin(struct buf *out, const struct origin *origin)
{
	switch (origin->kind) {
	case ORIGIN_CONTEXT: buf_add_c(out, "context"); break;
	case ORIGIN_STAGE:
		buf_printf(out, "stage %zu", origin->stage->index);
		break;
	case ORIGIN_IMAGE:
		buf_printf(out, "image %.*s", STR_ARG(origin->image->name));
		break;
	case ORIGIN_FOLDER:
		buf_printf(out, "folder %.*s", STR_ARG(origin->folder));
		break;
	case ORIGIN_REMOTE:
		buf_printf(out, "remote %.*s", STR_ARG(origin->folder));
		break;
	case ORIGIN_SCRATCH: buf_add_c(out, "scratch"); break;
	}
}

static const char *mount_kind_name(enum mount_kind kind)
{
	switch (kind) {
	case MOUNT_BIND: return "bind";
	case MOUNT_CACHE: return "cache";
	case MOUNT_TMPFS: return "tmpfs";
	case MOUNT_SECRET: return "secret";
	case MOUNT_SSH: return "ssh";
	}
	return "?";
}

static void dump_field(struct buf *out, const char *name, struct str value)
{
	if (value.n == 0)
		return;
	buf_printf(out, " %s=", name);
	buf_add_json_string(out, value);
}

static void dump_mount(struct buf *out, const struct step_mount *m)
{
	static const char *const sharing[] = {
		[MOUNT_SHARED] = "shared",
		[MOUNT_PRIVATE] = "private",
		[MOUNT_LOCKED] = "locked",
	};

	buf_printf(out, "    mount %s %.*s from ", mount_kind_name(m->kind),
		   STR_ARG(m->target));
	dump_origin(out, &m->origin);
	buf_printf(out, " %s", m->readonly ? "ro" : "rw");
	dump_field(out, "source", m->source);
	dump_field(out, "id", m->id);
	dump_field(out, "env", m->env);
	if (m->kind == MOUNT_CACHE)
		buf_printf(out, " sharing=%s", sharing[m->sharing]);
	if (m->required)
		buf_add_c(out, " required");
	if (m->has_mode)
		buf_printf(out, " mode=%o", m->mode);
	if (m->has_owner)
		buf_printf(out, " owner=%u:%u", m->uid, m->gid);
	if (m->size_bytes)
		buf_printf(out, " size=%llu",
			   (unsigned long long)m->size_bytes);
	buf_add_char(out, '\n');
}

static void dump_run(struct buf *out, const struct step_run *run)
{
	dump_list(out, "argv", run->argv);
	dump_text(out, "script", run->script);
	dump_list(out, "env", run->env);
	dump_text(out, "cwd", run->cwd);
	dump_text(out, "user", run->user);
	if (!str_eq_c(run->hostname, "buildkitsandbox"))
		dump_text(out, "hostname", run->hostname);
	if (run->network == RUN_NETWORK_NONE)
		buf_add_c(out, "    network none\n");
	if (run->security == RUN_SECURITY_INSECURE)
		buf_add_c(out, "    security insecure\n");
	for (size_t i = 0; i < run->n_mounts; i++)
		dump_mount(out, &run->mounts[i]);
}

static void dump_copy(struct buf *out, const struct step_copy *copy)
{
	buf_add_c(out, "    from ");
	dump_origin(out, &copy->origin);
	buf_add_char(out, '\n');
	for (size_t i = 0; i < copy->n_sources; i++)
		dump_text(out, copy->sources[i].is_inline ? "inline" : "source",
			  copy->sources[i].path);
	dump_text(out, "dest", copy->dest);
	dump_text(out, "chown", copy->chown);
	dump_text(out, "chmod", copy->chmod_text);
	dump_list(out, "exclude", copy->excludes);
	if (copy->link)
		buf_add_c(out, "    link\n");
	if (copy->parents)
		buf_add_c(out, "    parents\n");
	if (copy->unpack)
		buf_add_c(out, "    unpack\n");
}

static void dump_step(struct buf *out, const struct step *step)
{
	static const char *const kinds[] = {"run", "copy", "workdir"};

	buf_printf(out, "  step %zu %s ", step->number, kinds[step->kind]);
	buf_add_json_string(out, step->title);
	buf_add_char(out, '\n');
	switch (step->kind) {
	case STEP_RUN: dump_run(out, &step->run); break;
	case STEP_COPY: dump_copy(out, &step->copy); break;
	case STEP_WORKDIR:
		dump_text(out, "path", step->workdir.path);
		dump_text(out, "user", step->workdir.user);
		break;
	}
}

static void dump_base(struct buf *out, const struct plan_stage *stage)
{
	switch (stage->base_kind) {
	case BASE_SCRATCH: buf_add_c(out, "scratch"); break;
	case BASE_STAGE:
		buf_printf(out, "stage %zu", stage->base_stage->index);
		break;
	case BASE_IMAGE:
		buf_printf(out, "image %.*s", STR_ARG(stage->base_image->name));
		break;
	}
}

void plan_dump(struct buf *out, const struct plan *p)
{
	for (size_t i = 0; i < p->n_stages; i++) {
		const struct plan_stage *stage = p->stages[i];

		buf_printf(out, "stage %zu %.*s from ", stage->index,
			   STR_ARG(stage->name));
		dump_base(out, stage);
		buf_add_c(out, stage == p->target ? " (target)\n" : "\n");
		for (size_t k = 0; k < stage->n_steps; k++)
			dump_step(out, &stage->steps[k]);
		buf_add_c(out, "  config ");
		image_config_write(out, &stage->config);
		buf_add_char(out, '\n');
	}
}
