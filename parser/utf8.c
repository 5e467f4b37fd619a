#include "parser/utf8.h"

struct lead {
	unsigned char n;
	unsigned char low; /* bounds of the second byte (RFC 3629) */
	unsigned char high;
};

static struct lead lead_of(unsigned char c)
{
	if (c >= 0xc2 && c <= 0xdf)
		return (struct lead){2, 0x80, 0xbf};
	if (c == 0xe0)
		return (struct lead){3, 0xa0, 0xbf};
	if (c == 0xed)
		return (struct lead){3, 0x80, 0x9f};
	if (c >= 0xe1 && c <= 0xef)
		return (struct lead){3, 0x80, 0xbf};
	if (c == 0xf0)
		return (struct lead){4, 0x90, 0xbf};
	if (c >= 0xf1 && c <= 0xf3)
		return (struct lead){4, 0x80, 0xbf};
	if (c == 0xf4)
		return (struct lead){4, 0x80, 0x8f};
	return (struct lead){0, 0, 0};
}

struct rune rune_at(struct str s)
{
	const unsigned char *p = (const unsigned char *)s.p;
	struct rune bad = {RUNE_BAD, 1};
	struct lead lead;
	uint32_t value;

	if (s.n == 0)
		return (struct rune){0, 0};
	if (p[0] < 0x80)
		return (struct rune){p[0], 1};
	lead = lead_of(p[0]);
	if (lead.n == 0 || s.n < lead.n)
		return bad;
	if (p[1] < lead.low || p[1] > lead.high)
		return bad;
	value = p[0] & (0x7fu >> lead.n);
	for (unsigned i = 1; i < lead.n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return bad;
		value = value << 6 | (p[i] & 0x3f);
	}
	return (struct rune){value, lead.n};
}

struct rune rune_before_end(struct str s)
{
	size_t n = 1;

	if (s.n == 0)
		return (struct rune){0, 0};
	while (n < 4 && n < s.n && ((unsigned char)s.p[s.n - n] & 0xc0) == 0x80)
		n++;
	for (; n > 1; n--) {
		struct rune r = rune_at(str_skip(s, s.n - n));

		if (r.n == n)
			return r;
	}
	return rune_at(str_skip(s, s.n - 1));
}

bool rune_is_space(uint32_t rune)
{
	if (rune < 0x80)
		return rune == ' ' || (rune >= '\t' && rune <= '\r');
	return rune == 0x85 || rune == 0xa0 || rune == 0x1680 ||
	       (rune >= 0x2000 && rune <= 0x200a) || rune == 0x2028 ||
	       rune == 0x2029 || rune == 0x202f || rune == 0x205f ||
	       rune == 0x3000;
}

static bool in_ranges(const struct rune_range *v, size_t n, uint32_t rune)
{
	size_t low = 0;

	while (low < n) {
		size_t middle = low + (n - low) / 2;

		if (rune > v[middle].last)
			low = middle + 1;
		else if (rune < v[middle].first)
			n = middle;
		else
			return true;
	}
	return false;
}

bool rune_is_letter(uint32_t rune)
{
	if (rune < 0x80)
		return (rune | 0x20) >= 'a' && (rune | 0x20) <= 'z';
	return in_ranges(rune_letters, rune_letters_n, rune);
}

bool rune_is_digit(uint32_t rune)
{
	if (rune < 0x80)
		return rune >= '0' && rune <= '9';
	return in_ranges(rune_digits, rune_digits_n, rune);
}

bool utf8_is_valid(struct str s)
{
	while (s.n) {
		struct rune r = rune_at(s);

		if (r.value == RUNE_BAD && r.n == 1)
			return false;
		s = str_skip(s, r.n);
	}
	return true;
}

struct str str_trim_space_left(struct str s)
{
	while (s.n) {
		struct rune r = rune_at(s);

		if (!rune_is_space(r.value))
			break;
		s.p += r.n;
		s.n -= r.n;
	}
	return s;
}

struct str str_trim_space(struct str s)
{
	s = str_trim_space_left(s);
	while (s.n) {
		struct rune r = rune_before_end(s);

		if (!rune_is_space(r.value))
			break;
		s.n -= r.n;
	}
	return s;
}
