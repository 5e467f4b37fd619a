/*
 * Image configuration (image-spec config.md, with docker's extensions:
 * Healthcheck, OnBuild, Shell, ArgsEscaped).
 *
 * A plain value whose strings and arrays live in an arena that the caller
 * keeps; copying the struct copies the value, because arrays are replaced and
 * never written in place.
 */
#ifndef OCI_CONFIG_H
#define OCI_CONFIG_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/digest.h"
#include "oci/platform.h"

#include <stdbool.h>
#include <stdint.h>

struct str_list {
	const struct str *v;
	size_t n;
	bool set;		 /* present though empty: `CMD []` */
	struct arena_room *room; /* of str_list_add; NULL for other lists */
};

struct config_pair {
	struct str key;
	struct str value;
};

struct config_pairs {
	const struct config_pair *v; /* in order of first appearance */
	size_t n;
	struct arena_room *room; /* of pairs_set; NULL for other lists */
};

struct config_healthcheck {
	bool set;
	struct str_list test; /* ["NONE"], ["CMD", …], ["CMD-SHELL", …] */
	int64_t interval_ns;
	int64_t timeout_ns;
	int64_t start_period_ns;
	int64_t start_interval_ns;
	int64_t retries;
};

struct config_history {
	bool has_created;
	int64_t created_ns;
	struct str created_by;
	struct str author;
	struct str comment;
	bool empty_layer;
};

struct image_config {
	struct platform platform;
	struct str_list os_features;
	bool has_created;
	int64_t created_ns; /* since the epoch, UTC */
	struct str author;

	struct str user;
	struct str_list exposed_ports; /* a set, sorted when written */
	struct str_list env;	       /* "NAME=value", in order */
	struct str_list entrypoint;
	struct str_list cmd;
	struct str_list volumes; /* a set */
	struct str working_dir;
	struct config_pairs labels; /* sorted by key when written */
	struct str stop_signal;
	bool args_escaped;
	struct config_healthcheck healthcheck;
	struct str_list on_build;
	struct str_list shell;

	const struct digest *diff_ids;
	size_t n_diff_ids;
	const struct config_history *history;
	size_t n_history;
};

/* A config document past this is ERR_LIMIT. */
#define CONFIG_MAX_BYTES (8u << 20)

/* Parse a config document (OCI or docker). Unknown fields are dropped. */
int image_config_parse(struct arena *a, struct str json,
		       struct image_config *out, struct err *e);
/*
 * Append the canonical document: keys in a fixed order (the order of BuildKit's
 * output), absent fields left out, no white space. One value, one byte string.
 */
void image_config_write(struct buf *out, const struct image_config *c);

/* A copy of list with s appended; lives in a. */
struct str_list str_list_add(struct arena *a, struct str_list list,
			     struct str s);
/* "NAME=value" lists: the value, or false. */
bool env_get(struct str_list env, struct str name, struct str *value);
/* Replace in place or append, as docker does. */
struct str_list env_set(struct arena *a, struct str_list env, struct str name,
			struct str value);
struct config_pairs pairs_set(struct arena *a, struct config_pairs pairs,
			      struct str key, struct str value);

#endif
