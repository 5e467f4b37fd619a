#include "cli/build_push.h"

#include "cli/image_place.h"

static int push_one(struct place_context *c, struct str name,
		    struct progress *p, struct err *e)
{
	static const struct tree_options whole = {.platforms = TREE_ALL};
	const char *text = arena_c(c->arena, name);
	const struct image_place from = {
		.kind = PLACE_STORE, .text = text, .name = name};
	const struct image_place to = {
		.kind = PLACE_REGISTRY, .text = text, .name = name};
	char digest[DIGEST_STRING_SIZE];
	struct descriptor got;

	if (place_copy(c, &from, &to, &whole, NULL, &got, e) < 0)
		return err_wrap(e, "push %s", text);
	progress_say(p, PROGRESS_MESSAGE, "pushed %s %s", text,
		     digest_string(&got.digest, digest));
	return 0;
}

int build_push(const struct store *s, struct arena *a, struct registry *r,
	       const struct str *names, size_t n_names, struct progress *p,
	       struct err *e)
{
	struct place_context c = {.arena = a, .store = s, .registry = r};

	for (size_t i = 0; i < n_names; i++)
		if (push_one(&c, names[i], p, e) < 0)
			return -1;
	return 0;
}
