#include "parser/suggest.h"

#include <string.h>

enum { WORD_MAX = 24 }; /* nothing that we know is longer */

static unsigned char lower(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static unsigned min(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Optimal string alignment: insert, delete, replace, swap neighbours. */
static unsigned distance(struct str a, struct str b)
{
	unsigned d[WORD_MAX + 1][WORD_MAX + 1];

	for (unsigned i = 0; i <= a.n; i++)
		d[i][0] = i;
	for (unsigned j = 0; j <= b.n; j++)
		d[0][j] = j;
	for (unsigned i = 1; i <= a.n; i++) {
		for (unsigned j = 1; j <= b.n; j++) {
			unsigned char x = lower(a.p[i - 1]);
			unsigned char y = lower(b.p[j - 1]);
			unsigned best = d[i - 1][j - 1] + (x != y);

			best = min(best, d[i - 1][j] + 1);
			best = min(best, d[i][j - 1] + 1);
			if (i > 1 && j > 1 && x == lower(b.p[j - 2]) &&
			    y == lower(a.p[i - 2]))
				best = min(best, d[i - 2][j - 2] + 1);
			d[i][j] = best;
		}
	}
	return d[a.n][b.n];
}

const char *suggest(struct str word, const char *const *names, size_t n_names)
{
	const char *best = NULL;
	unsigned best_distance;

	if (word.n == 0 || word.n > WORD_MAX)
		return NULL;
	best_distance = (unsigned)(word.n < 4 ? 1 : word.n / 3) + 1;
	for (size_t i = 0; i < n_names; i++) {
		struct str name = str_from(names[i]);
		unsigned d;

		if (name.n > WORD_MAX)
			continue;
		d = distance(word, name);
		if (d < best_distance && d < name.n) {
			best = names[i];
			best_distance = d;
		}
	}
	return best;
}
