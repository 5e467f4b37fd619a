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

static int set_memory(const struct run_options *o, struct cgroup_limits *l,
		      struct err *e)
{
	uint64_t both = 0;

	if (o->memory &&
	    size_parse(str_from(o->memory), &l->memory_bytes, e) < 0)
		return err_wrap(e, "--memory %s", o->memory);
	if (!o->memory_swap)
		return 0;
	if (strcmp(o->memory_swap, "-1") == 0) {
		l->memory_swap_bytes = -1;
		return 0;
	}
	if (size_parse(str_from(o->memory_swap), &both, e) < 0)
		return err_wrap(e, "--memory-swap %s", o->memory_swap);
	if (l->memory_bytes == 0 || both < l->memory_bytes || both > INT64_MAX)
		return err_set(e, ERR_INVALID,
			       "--memory-swap %s: it is memory and swap "
			       "together, so no less than --memory",
			       o->memory_swap);
	l->memory_swap_bytes = (int64_t)both;
	return 0;
}

/* "1.5" cores, in millionths */
static bool parse_cpus(struct str text, uint64_t *out)
{
	struct str whole;
	struct str rest;
	uint64_t cores;
	uint64_t scale = 1000000;

	(void)str_cut(text, '.', &whole, &rest);
	if (!str_to_u64(whole.n ? whole : STR("0"), 100000, &cores) ||
	    rest.n > 6)
		return false;
	*out = cores * scale;
	for (size_t i = 0; i < rest.n; i++) {
		if (rest.p[i] < '0' || rest.p[i] > '9')
			return false;
		scale /= 10;
		*out += (uint64_t)(rest.p[i] - '0') * scale;
	}
	return *out > 0;
}

static int set_cpus(const struct run_options *o, struct cgroup_limits *l,
		    struct err *e)
{
	enum { PERIOD_US = 100000 };
	uint64_t millionths;

	if (!o->cpus)
		return 0;
	if (o->cpu_period || o->cpu_quota)
		return err_set(e, ERR_INVALID,
			       "--cpus and --cpu-period or --cpu-quota say the "
			       "same: give one");
	if (!parse_cpus(str_from(o->cpus), &millionths))
		return err_set(e, ERR_INVALID,
			       "--cpus %s: not a number of cores as in 1.5",
			       o->cpus);
	l->cpu_period_us = PERIOD_US;
	l->cpu_quota_us = millionths / (1000000 / PERIOD_US);
	if (l->cpu_quota_us < 1000)
		return err_set(e, ERR_INVALID, "--cpus %s: less than 0.01",
			       o->cpus);
	return 0;
}

static int set_number(const char *option, const char *text, uint64_t min,
		      uint64_t max, uint64_t *out, struct err *e)
{
	if (!text || (str_to_u64(str_from(text), max, out) && *out >= min))
		return 0;
	return err_set(e, ERR_INVALID,
		       "--%s %s: not a number from %llu to %llu", option, text,
		       (unsigned long long)min, (unsigned long long)max);
}

/* "0-2,4" */
static int set_list(const char *option, const char *text, const char **out,
		    struct err *e)
{
	if (text &&
	    (!*text || text[strspn(text, "0123456789,-")] || strlen(text) > 64))
		return err_set(e, ERR_INVALID,
			       "--%s %s: not a list of numbers as in 0-2,4",
			       option, text);
	*out = text;
	return 0;
}

static int set_parent(const char *text, const char **out, struct err *e)
{
	if (text && (strstr(text, "..") || !*text))
		return err_set(e, ERR_INVALID,
			       "--cgroup-parent %s: not a group's path", text);
	*out = text;
	return 0;
}

static int set_cgroup(const struct run_options *o, struct cgroup_limits *l,
		      struct err *e)
{
	/* the kernel's ranges */
	if (set_memory(o, l, e) < 0 || set_cpus(o, l, e) < 0 ||
	    set_number("cpu-period", o->cpu_period, 1000, 1000000,
		       &l->cpu_period_us, e) < 0 ||
	    set_number("cpu-quota", o->cpu_quota, 1000, UINT32_MAX,
		       &l->cpu_quota_us, e) < 0 ||
	    set_number("cpu-shares", o->cpu_shares, 2, 262144, &l->cpu_shares,
		       e) < 0)
		return -1;
	if (set_list("cpuset-cpus", o->cpuset_cpus, &l->cpuset_cpus, e) < 0 ||
	    set_list("cpuset-mems", o->cpuset_mems, &l->cpuset_mems, e) < 0)
		return -1;
	return set_parent(o->cgroup_parent, &l->parent, e);
}

/* What sethostname and a line of /etc/hosts take. */
static int set_hostname(const char *text, struct build_request *r,
			struct err *e)
{
	if (text && (!*text || strlen(text) > 64 || strpbrk(text, " \t\n\r")))
		return err_set(e, ERR_INVALID,
			       "--hostname %s: not a name of up to 64 bytes",
			       text);
	r->plan.hostname = str_from(text);
	return 0;
}

int run_options_apply(const struct run_options *o, struct build_request *r,
		      struct err *e)
{
	if (set_cgroup(o, &r->cgroup, e) < 0 ||
	    set_hostname(o->hostname, r, e) < 0 ||
	    set_network(o->network, r, e) < 0 ||
	    set_hosts(&o->hosts, r, e) < 0 || set_limits(&o->limits, r, e) < 0)
		return -1;
	if (o->shm_size &&
	    size_parse(str_from(o->shm_size), &r->shm_size_bytes, e) < 0)
		return err_wrap(e, "--shm-size %s", o->shm_size);
	return 0;
}
