#include "oci/config.h"

#include <string.h>

struct str_list str_list_add(struct arena *a, struct str_list list,
			     struct str s)
{
	struct str *v = arena_append(a, list.v, list.n, sizeof(*v), &list.room);

	v[list.n] = arena_str(a, s);
	return (struct str_list){v, list.n + 1, true, list.room};
}

/* Called for every pair of variables: what differs most is looked at first. */
static bool env_is(struct str entry, struct str name)
{
	if (entry.n < name.n || (entry.n > name.n && entry.p[name.n] != '='))
		return false;
	if (name.n && entry.p[name.n - 1] != name.p[name.n - 1])
		return false;
	return str_eq(str_sub(entry, 0, name.n), name) &&
	       str_find(name, '=') < 0;
}

bool env_get(struct str_list env, struct str name, struct str *value)
{
	struct str key;

	for (size_t i = 0; i < env.n; i++) {
		if (!env_is(env.v[i], name))
			continue;
		(void)str_cut(env.v[i], '=', &key, value);
		return true;
	}
	return false;
}

struct str_list env_set(struct arena *a, struct str_list env, struct str name,
			struct str value)
{
	struct str entry =
		arena_printf(a, "%.*s=%.*s", STR_ARG(name), STR_ARG(value));
	struct str *v;

	for (size_t i = 0; i < env.n; i++) {
		if (!env_is(env.v[i], name))
			continue;
		v = arena_new_array(a, env.n, struct str);
		for (size_t k = 0; k < env.n; k++)
			v[k] = k == i ? entry : env.v[k];
		return (struct str_list){v, env.n, true};
	}
	return str_list_add(a, env, entry);
}

static struct config_pairs pairs_replace(struct arena *a,
					 struct config_pairs pairs, size_t at,
					 struct str value)
{
	struct config_pair *v = arena_new_array(a, pairs.n, struct config_pair);

	memcpy(v, pairs.v, pairs.n * sizeof(*v));
	v[at].value = arena_str(a, value);
	return (struct config_pairs){v, pairs.n, NULL};
}

struct config_pairs pairs_set(struct arena *a, struct config_pairs pairs,
			      struct str key, struct str value)
{
	struct config_pair *v;

	for (size_t i = 0; i < pairs.n; i++)
		if (str_eq(pairs.v[i].key, key))
			return pairs_replace(a, pairs, i, value);
	v = arena_append(a, pairs.v, pairs.n, sizeof(*v), &pairs.room);
	v[pairs.n].key = arena_str(a, key);
	v[pairs.n].value = arena_str(a, value);
	return (struct config_pairs){v, pairs.n + 1, pairs.room};
}
