#include "table.h"

#include "base/vec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#ifndef SOURCE_ROOT
#define SOURCE_ROOT "."
#endif

struct str file_read(struct arena *a, const char *path)
{
	FILE *f = fopen(path, "rb");
	struct str text;
	char *p;
	long n;

	if (!f)
		fail_msg("can't open %s", path);
	fseek(f, 0, SEEK_END);
	n = ftell(f);
	rewind(f);
	p = arena_alloc(a, (size_t)n + 1);
	text = (struct str){p, fread(p, 1, (size_t)n, f)};
	fclose(f);
	return text;
}

const char *fixture_path(struct arena *a, const char *name)
{
	return arena_printf(a, "%s/fixtures/parse/%s", SOURCE_ROOT, name).p;
}

struct table table_read(struct arena *a, const char *path)
{
	struct str text = file_read(a, path);
	struct table table = {0};
	VEC(struct table_row) rows = {0};
	size_t number = 0;
	struct str line;

	while (text.n) {
		struct table_row *row;

		(void)str_cut(text, '\n', &line, &text);
		number++;
		if (line.n == 0 || line.p[0] == '#')
			continue;
		row = vec_push(&rows);
		row->line = number;
		while (row->n < TABLE_CELLS) {
			bool more = str_cut(line, '\t', &row->cells[row->n++],
					    &line);

			if (!more)
				break;
		}
	}
	table.n = rows.n;
	table.v = arena_new_array(a, rows.n, struct table_row);
	if (rows.n)
		memcpy(table.v, rows.v, rows.n * sizeof(*rows.v));
	vec_release(&rows);
	return table;
}
