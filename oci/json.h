/*
 * JSON documents from outside: bounded in size and depth, each key once, and
 * fields fetched by name with errors that say which field is wrong.
 *
 * A field that is absent or null leaves *out as it was (0 is returned); one of
 * another type is ERR_INVALID. Strings are copied into the arena.
 */
#ifndef OCI_JSON_H
#define OCI_JSON_H

#include "base/arena.h"
#include "base/err.h"
#include "oci/config.h"

struct json_t;

void json_free(struct json_t **j); /* *j may be NULL */
#define SCOPED_JSON SCOPED(json_free)

/* Parse an object. what names the document in errors. */
int json_load_object(struct str text, size_t max_bytes, const char *what,
		     struct json_t **out, struct err *e);
/* Parse an array. */
int json_load_array(struct str text, size_t max_bytes, const char *what,
		    struct json_t **out, struct err *e);

/* The member, borrowed; NULL where absent or null. */
int json_get_object(const struct json_t *j, const char *key,
		    const struct json_t **out, struct err *e);
int json_get_array(const struct json_t *j, const char *key,
		   const struct json_t **out, struct err *e);
int json_get_string(const struct json_t *j, const char *key, struct arena *a,
		    struct str *out, struct err *e);
int json_get_bool(const struct json_t *j, const char *key, bool *out,
		  struct err *e);
int json_get_i64(const struct json_t *j, const char *key, int64_t *out,
		 struct err *e);
/* RFC 3339 */
int json_get_time(const struct json_t *j, const char *key, bool *has,
		  int64_t *out_ns, struct err *e);
int json_get_digest(const struct json_t *j, const char *key, struct digest *out,
		    struct err *e);
/* An array of strings. */
int json_get_strings(const struct json_t *j, const char *key, struct arena *a,
		     struct str_list *out, struct err *e);
/* An array of strings, or one string, as docker takes it for commands. */
int json_get_command(const struct json_t *j, const char *key, struct arena *a,
		     struct str_list *out, struct err *e);
/* The keys of an object whose values are objects: a set. */
int json_get_set(const struct json_t *j, const char *key, struct arena *a,
		 struct str_list *out, struct err *e);
/* An object of strings. */
int json_get_pairs(const struct json_t *j, const char *key, struct arena *a,
		   struct config_pairs *out, struct err *e);
/* The string's value as a digest, for arrays of digests. */
int json_as_digest(const struct json_t *value, const char *key,
		   struct digest *out, struct err *e);

#endif
