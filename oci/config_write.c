/*
 * Writing an image configuration. The order of members is that of BuildKit's
 * documents: top-level keys sorted, those of "config" in the order of docker's
 * image type.
 */
#include "oci/config.h"
#include "oci/json_write.h"

static void write_healthcheck(struct json_writer *w,
			      const struct config_healthcheck *h)
{
	struct json_writer object;

	if (!h->set)
		return;
	json_key(w, "Healthcheck");
	object = json_begin(w->out, '{');
	json_add_strings_unless_empty(&object, "Test", h->test);
	json_add_i64_unless_0(&object, "Interval", h->interval_ns);
	json_add_i64_unless_0(&object, "Timeout", h->timeout_ns);
	json_add_i64_unless_0(&object, "StartPeriod", h->start_period_ns);
	json_add_i64_unless_0(&object, "StartInterval", h->start_interval_ns);
	json_add_i64_unless_0(&object, "Retries", h->retries);
	json_end(&object, '}');
}

static void write_run_config(struct json_writer *w,
			     const struct image_config *c)
{
	struct json_writer object;

	json_key(w, "config");
	object = json_begin(w->out, '{');
	json_add_string_unless_empty(&object, "User", c->user);
	json_add_set_unless_empty(&object, "ExposedPorts", c->exposed_ports);
	json_add_strings_unless_empty(&object, "Env", c->env);
	json_add_strings_unless_empty(&object, "Entrypoint", c->entrypoint);
	json_add_strings_unless_empty(&object, "Cmd", c->cmd);
	json_add_set_unless_empty(&object, "Volumes", c->volumes);
	json_add_string_unless_empty(&object, "WorkingDir", c->working_dir);
	json_add_pairs_unless_empty(&object, "Labels", c->labels);
	json_add_string_unless_empty(&object, "StopSignal", c->stop_signal);
	json_add_true_unless_false(&object, "ArgsEscaped", c->args_escaped);
	write_healthcheck(&object, &c->healthcheck);
	json_add_strings_unless_empty(&object, "OnBuild", c->on_build);
	json_add_strings_unless_empty(&object, "Shell", c->shell);
	json_end(&object, '}');
}

static void write_history_entry(struct buf *out, const struct config_history *h)
{
	struct json_writer object = json_begin(out, '{');

	if (h->has_created)
		json_add_time(&object, "created", h->created_ns);
	json_add_string_unless_empty(&object, "created_by", h->created_by);
	json_add_string_unless_empty(&object, "author", h->author);
	json_add_string_unless_empty(&object, "comment", h->comment);
	json_add_true_unless_false(&object, "empty_layer", h->empty_layer);
	json_end(&object, '}');
}

static void write_history(struct json_writer *w, const struct image_config *c)
{
	struct json_writer array;

	if (!c->n_history)
		return;
	json_key(w, "history");
	array = json_begin(w->out, '[');
	for (size_t i = 0; i < c->n_history; i++) {
		json_next(&array);
		write_history_entry(w->out, &c->history[i]);
	}
	json_end(&array, ']');
}

/* BuildKit writes null for no layers; the schema wants an array. */
static void write_rootfs(struct json_writer *w, const struct image_config *c)
{
	struct json_writer object;
	struct json_writer array;
	char text[DIGEST_STRING_SIZE];

	json_key(w, "rootfs");
	object = json_begin(w->out, '{');
	json_add_string(&object, "type", STR("layers"));
	json_key(&object, "diff_ids");
	array = json_begin(w->out, '[');
	for (size_t i = 0; i < c->n_diff_ids; i++) {
		json_next(&array);
		buf_printf(w->out, "\"%s\"",
			   digest_string(&c->diff_ids[i], text));
	}
	json_end(&array, ']');
	json_end(&object, '}');
}

void image_config_write(struct buf *out, const struct image_config *c)
{
	struct json_writer w = json_begin(out, '{');

	json_add_string(&w, "architecture", c->platform.architecture);
	json_add_string_unless_empty(&w, "author", c->author);
	write_run_config(&w, c);
	if (c->has_created)
		json_add_time(&w, "created", c->created_ns);
	write_history(&w, c);
	json_add_string(&w, "os", c->platform.os);
	json_add_strings_unless_empty(&w, "os.features", c->os_features);
	json_add_string_unless_empty(&w, "os.version", c->platform.os_version);
	write_rootfs(&w, c);
	json_add_string_unless_empty(&w, "variant", c->platform.variant);
	json_end(&w, '}');
}
