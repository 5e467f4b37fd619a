#include "oci/config.h"

struct str_list str_list_add(struct arena *a, struct str_list list,
			     struct str s)
{
	struct str *v = arena_new_array(a, list.n + 1, struct str);

	for (size_t i = 0; i < list.n; i++)
		v[i] = list.v[i];
	v[list.n] = arena_str(a, s);
	return (struct str_list){v, list.n + 1, true};
}

static bool env_is(struct str entry, struct str name)
{
	struct str key;
	struct str value;

	(void)str_cut(entry, '=', &key, &value);
	return str_eq(key, name);
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

struct config_pairs pairs_set(struct arena *a, struct config_pairs pairs,
			      struct str key, struct str value)
{
	struct config_pair *v =
		arena_new_array(a, pairs.n + 1, struct config_pair);
	bool found = false;

	for (size_t i = 0; i < pairs.n; i++) {
		v[i] = pairs.v[i];
		if (!str_eq(v[i].key, key))
			continue;
		v[i].value = arena_str(a, value);
		found = true;
	}
	if (found)
		return (struct config_pairs){v, pairs.n};
	v[pairs.n].key = arena_str(a, key);
	v[pairs.n].value = arena_str(a, value);
	return (struct config_pairs){v, pairs.n + 1};
}
