/*
 * What the commands that move images have in common: options, and telling how
 * far they are.
 */
#ifndef CLI_TRANSFER_OPTIONS_H
#define CLI_TRANSFER_OPTIONS_H

#include "cli/image_place.h"
#include "cli/opened.h"
#include "registry/fetcher.h"

struct transfer_request {
	string_list insecure;
	const char *platform;
	bool all_platforms;
	bool quiet;
};

/* Rows for a command's table. */
#define TRANSFER_ROW_INSECURE(r)                                              \
	{                                                                     \
		"insecure-registry", 0, OPTION_LIST, &(r)->insecure,          \
			"HOST[:PORT]",                                        \
			"without TLS, or with any certificate (this machine " \
			"needs none)"                                         \
	}
#define TRANSFER_ROW_PLATFORM(r, text)                                        \
	{                                                                     \
		"platform", 0, OPTION_STRING, &(r)->platform, "OS/ARCH", text \
	}
#define TRANSFER_ROW_QUIET(r)                                 \
	{                                                     \
		"quiet", 'q', OPTION_FLAG, &(r)->quiet, NULL, \
			"print no progress"                   \
	}

/* Tells on stderr of each blob. */
struct transfer_progress {
	struct transfer_watch watch;
	uint64_t n_bytes;
};

/* What is open while images move; signals end it. */
struct transfer_session {
	struct place_context context;
	struct registry_fetcher fetcher;
	struct transfer_progress progress;
};
void transfer_begin(struct transfer_session *s, struct opened *o,
		    const struct transfer_request *r);
/* NULL where nothing is to be told. */
struct transfer_watch *transfer_watch_of(struct transfer_session *s,
					 const struct transfer_request *r);
void transfer_end(struct transfer_session *s, struct transfer_request *r);

/* otherwise: what is meant without --platform and --all-platforms. */
int transfer_platforms(struct arena *a, const struct transfer_request *r,
		       enum tree_platforms otherwise, struct tree_options *out,
		       struct err *e);

#endif
