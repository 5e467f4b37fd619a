#include "cli/run_options.h"

#include "parser/values.h"

#include <string.h>
#include <sys/resource.h>

void run_options_release(struct run_options *o)
{
	vec_release(&o->hosts);
	vec_release(&o->limits);
}

static int set_network(const char *network, struct build_request *r,
		       struct err *e)
{
	if (!network || strcmp(network, "default") == 0 ||
	    strcmp(network, "host") == 0)
		return 0;
	if (strcmp(network, "none") != 0)
		return err_set(e, ERR_INVALID,
			       "--network %s: none of default, host, none",
			       network);
	r->plan.network_none = true;
	return 0;
}

/* "name:address" or "name=address"; an IPv6 address may stand in brackets */
static int add_host(struct buf *out, struct str host, struct err *e)
{
	struct str name;
	struct str address;

	if (!str_cut(host, '=', &name, &address) &&
	    !str_cut(host, ':', &name, &address))
		return err_set(e, ERR_INVALID, "--add-host %.*s: not NAME:IP",
			       STR_ARG(host));
	if (str_starts(address, "[") && str_ends(address, "]"))
		address = str_sub(address, 1, address.n - 1);
	if (name.n == 0 || address.n == 0 || str_find(host, '\n') >= 0)
		return err_set(e, ERR_INVALID, "--add-host %.*s: not NAME:IP",
			       STR_ARG(host));
	buf_printf(out, "%.*s\t%.*s\n", STR_ARG(address), STR_ARG(name));
	return 0;
}

static int set_hosts(const string_list *hosts, struct build_request *r,
		     struct err *e)
{
	SCOPED_BUF struct buf text = BUF_INIT(1u << 20);

	for (size_t i = 0; i < hosts->n; i++)
		if (add_host(&text, str_from(hosts->v[i]), e) < 0)
			return -1;
	r->extra_hosts = arena_str(&r->arena, buf_str(&text));
	return buf_check(&text, "--add-host", e);
}

static const struct {
	const char *name;
	int resource;
} limits[] = {
	{"core", RLIMIT_CORE},	       {"cpu", RLIMIT_CPU},
	{"data", RLIMIT_DATA},	       {"fsize", RLIMIT_FSIZE},
	{"locks", RLIMIT_LOCKS},       {"memlock", RLIMIT_MEMLOCK},
	{"msgqueue", RLIMIT_MSGQUEUE}, {"nice", RLIMIT_NICE},
	{"nofile", RLIMIT_NOFILE},     {"nproc", RLIMIT_NPROC},
	{"rss", RLIMIT_RSS},	       {"rtprio", RLIMIT_RTPRIO},
	{"rttime", RLIMIT_RTTIME},     {"sigpending", RLIMIT_SIGPENDING},
	{"stack", RLIMIT_STACK},
};

static bool limit_value(struct str s, uint64_t *out)
{
	if (!str_eq_c(s, "-1") && !str_eq_c(s, "unlimited"))
		return str_to_u64(s, INT64_MAX, out);
	*out = RLIM_INFINITY;
	return true;
}

/* "name=soft[:hard]" */
static int parse_limit(struct str text, struct run_limit *out, struct err *e)
{
	struct str name;
	struct str values;
	struct str soft;
	struct str hard;
	bool known = false;

	(void)str_cut(text, '=', &name, &values);
	for (size_t i = 0; i < ARRAY_LEN(limits) && !known; i++) {
		known = str_eq_c(name, limits[i].name);
		out->resource = limits[i].resource;
	}
	if (!str_cut(values, ':', &soft, &hard))
		hard = soft;
	if (known && limit_value(soft, &out->soft) &&
	    limit_value(hard, &out->hard) && out->soft <= out->hard)
		return 0;
	return err_set(e, ERR_INVALID,
		       "--ulimit %.*s: not NAME=SOFT[:HARD] as in nofile=1024",
		       STR_ARG(text));
}

static int set_limits(const string_list *list, struct build_request *r,
		      struct err *e)
{
	r->limits = arena_new_array(&r->arena, list->n, struct run_limit);
	r->n_limits = list->n;
	for (size_t i = 0; i < list->n; i++)
		if (parse_limit(str_from(list->v[i]), &r->limits[i], e) < 0)
			return -1;
	return 0;
}

int run_options_apply(const struct run_options *o, struct build_request *r,
		      struct err *e)
{
	if (set_network(o->network, r, e) < 0 ||
	    set_hosts(&o->hosts, r, e) < 0 || set_limits(&o->limits, r, e) < 0)
		return -1;
	if (o->shm_size &&
	    size_parse(str_from(o->shm_size), &r->shm_size_bytes, e) < 0)
		return err_wrap(e, "--shm-size %s", o->shm_size);
	return 0;
}
