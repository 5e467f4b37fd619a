/*
 * A recipe: what a step is made of, settled once.
 *
 * It is made when what the step needs is done: origins are opened, sources are
 * selected and their content is known. From then on it does not change, and the
 * key, the record's components and the execution read it; nothing is opened or
 * selected a second time. Users are the exception: to look them up would
 * unpack a base that a cached step never needs, so the key has their names and
 * the parent's content, and the execution looks there.
 */
#ifndef BUILDER_ENGINE_RECIPE_H
#define BUILDER_ENGINE_RECIPE_H

#include "builder/engine/origin.h"
#include "cache/key.h"

/* Ignore patterns as a filter; unused where there are none. */
struct patterns {
	struct ignore_filter filter;
	bool used;
};

/* One thing that a step reads: a source of COPY or ADD, or behind a mount. */
struct recipe_input {
	const struct step_source *source; /* NULL: of a mount */
	struct source_tree tree;	  /* borrowed from origin or a remote */
	struct selection selection;	  /* what is read of it, in order */
	struct patterns include;	  /* --parents */
	struct view_path at;		  /* of a mount: what it names */
	struct digest content;
	enum tree_owner owner; /* whether owners are part of it */
	struct str component;  /* what the key calls it; empty: in no key */
	/* Whether the tree is the user's, who may write in it meanwhile. */
	bool may_change;
	struct digest seen; /* of the files' stats, then */
};

struct recipe {
	struct build *build;
	const struct step *step;
	struct arena arena;
	struct patterns exclude; /* --exclude */
	/* Opened for the step: one for COPY, one for each mount. */
	struct origin_tree **origins;
	size_t n_origins;
	/* By source of COPY and by mount of RUN; unused where nothing is read.
	 */
	struct recipe_input *inputs;
	size_t n_inputs;
	struct key key;
	struct digest digest; /* of the key */
};

/*
 * Settle step over a root of the given content. *out is NULL on failure;
 * ERR_NOT_FOUND for a source that is not there.
 */
int recipe_make(struct build *b, const struct step *step,
		const struct digest *parent, struct recipe **out,
		struct err *e);
void recipe_free(struct recipe *r); /* NULL: nothing */

/*
 * After the step: whether what it read of the user's files is still what the
 * key says. What can't be looked at any more has changed.
 */
bool recipe_inputs_changed(const struct recipe *r);

/*
 * What the input is reduced by, for copying: --exclude and --parents; NULL
 * where it is not. What a filter remembers of a walk is no part of the recipe.
 */
struct tree_filter *recipe_exclude(const struct recipe *r);
struct tree_filter *recipe_include(const struct recipe_input *in);

/* Read what the input selects again; the stat cache knows most of it. */
int recipe_read_input(const struct recipe *r, const struct recipe_input *in,
		      struct tree_reader *reader, struct err *e);

/*
 * COPY --link without --chmod (as BuildKit merges): the layer depends on no
 * parent, so neither does the key.
 */
bool recipe_is_detached(const struct step *step);

/* recipe_copy.c, recipe_mounts.c: complete the inputs, by recipe_input.c. */
int recipe_open_copy(struct recipe *r, struct err *e);
int recipe_open_mounts(struct recipe *r, struct err *e);
/* For them: an origin that the recipe closes. */
int recipe_open_origin(struct recipe *r, const struct origin *origin,
		       struct origin_tree **out, struct err *e);
/* The content of what was selected, as in->owner says, into in. */
int recipe_hash_input(struct recipe *r, struct recipe_input *in, struct err *e);

#endif
