#include "parser/values.h"

#include <arpa/inet.h>

struct port_range {
	uint32_t first;
	uint32_t last;
};

/* range = port ["-" port] */
static bool parse_range(struct str s, struct port_range *out)
{
	struct str first;
	struct str last;
	uint64_t number;
	bool ranged = str_cut(s, '-', &first, &last);

	if (!str_to_u64(first, 65535, &number))
		return false;
	out->first = (uint32_t)number;
	out->last = (uint32_t)number;
	if (!ranged)
		return true;
	if (!str_to_u64(last, 65535, &number) || number < out->first)
		return false;
	out->last = (uint32_t)number;
	return true;
}

/* "tcp" of "80", in lower case; NULL for an unknown protocol. */
static const char *protocol_of(struct str s)
{
	static const char *const known[] = {"tcp", "udp", "sctp"};

	if (s.n == 0)
		return known[0];
	for (size_t i = 0; i < 3; i++)
		if (str_eq_nocase(s, str_from(known[i])))
			return known[i];
	return NULL;
}

static bool is_address(struct str s)
{
	char text[INET6_ADDRSTRLEN + 1] = {0};
	unsigned char binary[16];

	if (s.n >= 2 && s.p[0] == '[' && s.p[s.n - 1] == ']')
		s = str_sub(s, 1, s.n - 1);
	if (s.n == 0 || s.n >= sizeof(text))
		return false;
	for (size_t i = 0; i < s.n; i++)
		text[i] = s.p[i];
	return inet_pton(AF_INET, text, binary) == 1 ||
	       inet_pton(AF_INET6, text, binary) == 1;
}

static bool host_range_fits(struct port_range host, struct port_range port)
{
	return port.first == port.last ||
	       host.last - host.first == port.last - port.first;
}

/* What stands before the container's port: [[address] ":"] host-range ":" */
static int check_host(struct str host, struct port_range port, struct err *e)
{
	ptrdiff_t colon = str_rfind(host, ':');
	struct str address = {0};
	struct port_range range;

	if (colon >= 0) {
		address = str_sub(host, 0, (size_t)colon);
		host = str_skip(host, (size_t)colon + 1);
	}
	if (address.n && !is_address(address))
		return err_set(e, ERR_INVALID, "'%.*s' is not an IP address",
			       STR_ARG(address));
	if (host.n && !parse_range(host, &range))
		return err_set(e, ERR_INVALID, "'%.*s' is not a host port",
			       STR_ARG(host));
	if (host.n && !host_range_fits(range, port))
		return err_set(e, ERR_INVALID,
			       "host ports %.*s and the container's ports are "
			       "not equally many",
			       STR_ARG(host));
	return 0;
}

static void append(struct arena *a, struct port_range range,
		   const char *protocol, struct str **out, size_t *out_n)
{
	size_t n = range.last - range.first + 1;
	struct str *v = arena_new_array(a, *out_n + n, struct str);

	for (size_t i = 0; i < *out_n; i++)
		v[i] = (*out)[i];
	for (size_t i = 0; i < n; i++)
		v[*out_n + i] = arena_printf(
			a, "%u/%s", range.first + (unsigned)i, protocol);
	*out = v;
	*out_n += n;
}

/* spec = [host ":"] range ["/" protocol] */
int ports_parse(struct arena *a, struct str s, struct str **out, size_t *out_n,
		struct err *e)
{
	ptrdiff_t colon = str_rfind(s, ':');
	struct str spec = str_skip(s, (size_t)(colon + 1));
	struct str ports;
	struct str name;
	const char *protocol;
	struct port_range range;

	(void)str_cut(spec, '/', &ports, &name);
	if (ports.n == 0)
		return err_set(e, ERR_INVALID, "'%.*s' names no port",
			       STR_ARG(s));
	protocol = protocol_of(name);
	if (!protocol)
		return err_set(e, ERR_INVALID,
			       "'%.*s' is not a protocol: write tcp, udp or "
			       "sctp",
			       STR_ARG(name));
	if (!parse_range(ports, &range))
		return err_set(e, ERR_INVALID,
			       "'%.*s' is not a port: write a number up to "
			       "65535, or a range such as 8000-8010",
			       STR_ARG(ports));
	if (colon >= 0 &&
	    check_host(str_sub(s, 0, (size_t)colon), range, e) < 0)
		return -1;
	append(a, range, protocol, out, out_n);
	return 0;
}
