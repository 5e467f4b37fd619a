/* Test tables: files of tab-separated rows, # in front of comments. */
#ifndef TESTS_PARSER_TABLE_H
#define TESTS_PARSER_TABLE_H

#include "base/arena.h"
#include "base/str.h"

enum { TABLE_CELLS = 8 };

struct table_row {
	struct str cells[TABLE_CELLS]; /* empty behind the last */
	size_t n;
	size_t line;
};

struct table {
	struct table_row *v; /* in the arena */
	size_t n;
};

/* Fails the test where the file can't be read. */
struct table table_read(struct arena *a, const char *path);

/* The path of name below the source folder's fixtures/parse. */
const char *fixture_path(struct arena *a, const char *name);

/* The whole file. */
struct str file_read(struct arena *a, const char *path);

#endif
