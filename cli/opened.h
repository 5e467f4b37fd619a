/*
 * What the commands on stored images begin with: options, the store, an image.
 */
#ifndef CLI_OPENED_H
#define CLI_OPENED_H

#include "base/arena.h"
#include "builder/image/image.h"
#include "cache/store.h"
#include "cli/options.h"

struct opened {
	struct arena arena;
	struct store store;
	string_list arguments;
};

/*
 * Parse the options and open the store. false: *status is what to exit with,
 * and nothing needs releasing.
 */
bool opened_begin(struct opened *o, const struct command_help *help, int argc,
		  char **argv, int *status);
void opened_release(struct opened *o);

/*
 * The image that text names, by name, digest or id; a missing one is an error
 * that says how to get it. *name: image_lookup.
 */
int opened_entry(struct opened *o, const char *text, struct index_entry *out,
		 struct str *name, struct err *e);
/* Its documents, for this machine's platform. */
int opened_image(struct opened *o, const char *text, struct plan_image *out,
		 struct err *e);

#endif
