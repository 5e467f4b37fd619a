/*
 * Reading an image configuration: OCI's fields and docker's beside them. Fields
 * of older docker versions (container, Hostname, Image, …) are dropped, as
 * BuildKit drops them.
 */
#include "oci/config.h"
#include "oci/json.h"

#include <jansson.h>

static int parse_healthcheck(const json_t *config, struct arena *a,
			     struct config_healthcheck *h, struct err *e)
{
	const json_t *j;

	if (json_get_object(config, "Healthcheck", &j, e) < 0)
		return -1;
	if (!j)
		return 0;
	h->set = true;
	if (json_get_strings(j, "Test", a, &h->test, e) < 0 ||
	    json_get_i64(j, "Interval", &h->interval_ns, e) < 0 ||
	    json_get_i64(j, "Timeout", &h->timeout_ns, e) < 0 ||
	    json_get_i64(j, "StartPeriod", &h->start_period_ns, e) < 0 ||
	    json_get_i64(j, "StartInterval", &h->start_interval_ns, e) < 0 ||
	    json_get_i64(j, "Retries", &h->retries, e) < 0)
		return err_wrap(e, "field 'Healthcheck'");
	return 0;
}

static int parse_run_config(const json_t *j, struct arena *a,
			    struct image_config *c, struct err *e)
{
	if (json_get_string(j, "User", a, &c->user, e) < 0 ||
	    json_get_set(j, "ExposedPorts", a, &c->exposed_ports, e) < 0 ||
	    json_get_strings(j, "Env", a, &c->env, e) < 0 ||
	    json_get_command(j, "Entrypoint", a, &c->entrypoint, e) < 0 ||
	    json_get_command(j, "Cmd", a, &c->cmd, e) < 0 ||
	    json_get_set(j, "Volumes", a, &c->volumes, e) < 0 ||
	    json_get_string(j, "WorkingDir", a, &c->working_dir, e) < 0 ||
	    json_get_pairs(j, "Labels", a, &c->labels, e) < 0 ||
	    json_get_string(j, "StopSignal", a, &c->stop_signal, e) < 0 ||
	    json_get_bool(j, "ArgsEscaped", &c->args_escaped, e) < 0 ||
	    parse_healthcheck(j, a, &c->healthcheck, e) < 0 ||
	    json_get_strings(j, "OnBuild", a, &c->on_build, e) < 0 ||
	    json_get_command(j, "Shell", a, &c->shell, e) < 0)
		return err_wrap(e, "field 'config'");
	return 0;
}

static int parse_diff_ids(const json_t *rootfs, struct arena *a,
			  struct image_config *c, struct err *e)
{
	struct digest *ids;
	const json_t *j;
	size_t n;

	if (!rootfs)
		return 0;
	if (json_get_array(rootfs, "diff_ids", &j, e) < 0)
		return err_wrap(e, "field 'rootfs'");
	n = json_array_size(j);
	ids = arena_new_array(a, n, struct digest);
	for (size_t i = 0; i < n; i++)
		if (json_as_digest(json_array_get(j, i), "diff_ids", &ids[i],
				   e) < 0)
			return err_wrap(e, "field 'rootfs'");
	c->diff_ids = ids;
	c->n_diff_ids = n;
	return 0;
}

static int parse_history_entry(const json_t *j, struct arena *a,
			       struct config_history *h, struct err *e)
{
	if (!json_is_object(j))
		return err_set(e, ERR_INVALID, "expected an object");
	if (json_get_time(j, "created", &h->has_created, &h->created_ns, e) <
		    0 ||
	    json_get_string(j, "created_by", a, &h->created_by, e) < 0 ||
	    json_get_string(j, "author", a, &h->author, e) < 0 ||
	    json_get_string(j, "comment", a, &h->comment, e) < 0 ||
	    json_get_bool(j, "empty_layer", &h->empty_layer, e) < 0)
		return -1;
	return 0;
}

static int parse_history(const json_t *doc, struct arena *a,
			 struct image_config *c, struct err *e)
{
	struct config_history *history;
	const json_t *j;
	size_t n;

	if (json_get_array(doc, "history", &j, e) < 0)
		return -1;
	n = json_array_size(j);
	history = arena_new_array(a, n, struct config_history);
	for (size_t i = 0; i < n; i++)
		if (parse_history_entry(json_array_get(j, i), a, &history[i],
					e) < 0)
			return err_wrap(e, "field 'history': entry %zu", i);
	c->history = history;
	c->n_history = n;
	return 0;
}

static int parse_document(const json_t *doc, struct arena *a,
			  struct image_config *c, struct err *e)
{
	const json_t *config;
	const json_t *rootfs;

	if (json_get_string(doc, "architecture", a, &c->platform.architecture,
			    e) < 0 ||
	    json_get_string(doc, "os", a, &c->platform.os, e) < 0 ||
	    json_get_string(doc, "variant", a, &c->platform.variant, e) < 0 ||
	    json_get_string(doc, "os.version", a, &c->platform.os_version, e) <
		    0 ||
	    json_get_strings(doc, "os.features", a, &c->os_features, e) < 0 ||
	    json_get_string(doc, "author", a, &c->author, e) < 0 ||
	    json_get_time(doc, "created", &c->has_created, &c->created_ns, e) <
		    0 ||
	    json_get_object(doc, "config", &config, e) < 0 ||
	    json_get_object(doc, "rootfs", &rootfs, e) < 0)
		return -1;
	if (config && parse_run_config(config, a, c, e) < 0)
		return -1;
	if (parse_diff_ids(rootfs, a, c, e) < 0)
		return -1;
	return parse_history(doc, a, c, e);
}

int image_config_parse(struct arena *a, struct str json,
		       struct image_config *out, struct err *e)
{
	SCOPED_JSON json_t *doc = NULL;

	*out = (struct image_config){0};
	if (json_load_object(json, CONFIG_MAX_BYTES, "image config", &doc, e) <
	    0)
		return -1;
	if (parse_document(doc, a, out, e) < 0)
		return err_wrap(e, "image config");
	return 0;
}
