/* LSP's small values as JSON. Only .c files that include jansson use this. */
#ifndef CLI_LSP_JSON_H
#define CLI_LSP_JSON_H

#include "cli/lsp/text.h"

#include <stdbool.h>

struct json_t;

/* The string; bytes that are not UTF-8 become '?'. */
struct json_t *lsp_json_str(struct str s);
struct json_t *lsp_json_range(struct lsp_range range);

/* false where json has not that form. */
bool lsp_read_position(const struct json_t *json, struct lsp_position *out);
bool lsp_read_range(const struct json_t *json, struct lsp_range *out);
/* Borrowed from json; false where key holds no string. */
bool lsp_read_str(const struct json_t *json, const char *key, struct str *out);

#endif
