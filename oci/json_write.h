/*
 * Canonical JSON documents: members in the order of the calls, no white space,
 * members that are absent left out.
 */
#ifndef OCI_JSON_WRITE_H
#define OCI_JSON_WRITE_H

#include "base/buf.h"
#include "oci/config.h"

/* An object or array being written. */
struct json_writer {
	struct buf *out;
	bool more; /* something stands before: a comma is due */
};

struct json_writer json_begin(struct buf *out, char bracket);
void json_end(struct json_writer *w, char bracket);

/* The key of a member whose value the caller appends to out. */
void json_key(struct json_writer *w, const char *key);
/* A comma where one is due, before an element of an array. */
void json_next(struct json_writer *w);

/* Members; those marked "unless" are left out where the value is empty. */
void json_add_string(struct json_writer *w, const char *key, struct str s);
void json_add_string_unless_empty(struct json_writer *w, const char *key,
				  struct str s);
void json_add_time(struct json_writer *w, const char *key, int64_t epoch_ns);
void json_add_i64_unless_0(struct json_writer *w, const char *key, int64_t n);
void json_add_true_unless_false(struct json_writer *w, const char *key,
				bool is_set);
void json_add_strings_unless_empty(struct json_writer *w, const char *key,
				   struct str_list list);
/* {"a":{},"b":{}}, sorted, each once. */
void json_add_set_unless_empty(struct json_writer *w, const char *key,
			       struct str_list set);
/* {"a":"1","b":"2"}, sorted by key. */
void json_add_pairs_unless_empty(struct json_writer *w, const char *key,
				 struct config_pairs pairs);

#endif
