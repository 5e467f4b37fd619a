/*
 * Parse a file and print a stage of it, for the golden tests and the benchmark:
 *
 *   parsedump ir|json|tokens|diag|diag-json|quiet FILE...
 *   parsedump bench SECONDS FILE...
 *
 * "quiet" prints nothing; "bench" reads all files first, parses them again and
 * again and prints bytes, seconds of CPU and instructions. The exit status is 0
 * where no file has errors, else 2.
 */
#include "base/buf.h"
#include "parser/dockerfile.h"
#include "parser/tokens.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static char *read_file(const char *path, size_t *n)
{
	FILE *f = fopen(path, "rb");
	size_t cap = 1 << 16;
	char *p = xmalloc(cap);

	*n = 0;
	if (!f) {
		perror(path);
		exit(1);
	}
	for (;;) {
		size_t got = fread(p + *n, 1, cap - *n, f);

		*n += got;
		if (got == 0)
			break;
		if (*n == cap)
			p = xrealloc(p, cap *= 2);
	}
	fclose(f);
	return p;
}

static void print_diags(struct buf *out, const struct source *src,
			const struct diags *d, bool json)
{
	if (json)
		diags_render_json(out, src, d);
	else
		diags_render(out, src, d);
}

static bool process(const char *stage, const char *path, struct buf *out)
{
	SCOPED_ARENA struct arena a = {0};
	const struct dockerfile *df;
	struct source src;
	struct diags d;
	size_t n;
	char *text = read_file(path, &n);
	const char *name = strrchr(path, '/');
	bool good;

	source_init(&src, &a, str_from(name ? name + 1 : path),
		    (struct str){text, n});
	diags_init(&d, &a);
	if (strcmp(stage, "tokens") == 0) {
		tokens_dump(out, &src);
		good = true;
	} else {
		df = dockerfile_parse(&a, &src, &d);
		if (strcmp(stage, "ir") == 0)
			dockerfile_dump(out, df);
		else if (strcmp(stage, "json") == 0)
			dockerfile_dump_json(out, df);
		else if (strcmp(stage, "quiet") != 0)
			print_diags(out, &src, &d,
				    strcmp(stage, "diag-json") == 0);
		good = d.n_errors == 0;
	}
	diags_release(&d);
	free(text);
	return good;
}

/* Of this process: others on the machine don't count. */
static double cpu_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static size_t parse_once(struct str text)
{
	SCOPED_ARENA struct arena a = {0};
	const struct dockerfile *df;
	struct source src;
	struct diags d;

	source_init(&src, &a, STR("Dockerfile"), text);
	diags_init(&d, &a);
	df = dockerfile_parse(&a, &src, &d);
	diags_release(&d);
	return df->n_instructions;
}

static int bench(double limit, char **paths, int n_paths)
{
	struct str *texts = xcalloc((size_t)n_paths, sizeof(*texts));
	size_t n_bytes = 0;
	size_t n_instructions = 0;
	double from;

	for (int i = 0; i < n_paths; i++)
		texts[i].p = read_file(paths[i], &texts[i].n);
	from = cpu_seconds();
	do {
		for (int i = 0; i < n_paths; i++) {
			n_instructions += parse_once(texts[i]);
			n_bytes += texts[i].n;
		}
	} while (cpu_seconds() - from < limit);
	printf("%zu bytes %.3f s %zu instructions\n", n_bytes,
	       cpu_seconds() - from, n_instructions);
	for (int i = 0; i < n_paths; i++)
		free((char *)texts[i].p);
	free(texts);
	return 0;
}

int main(int argc, char **argv)
{
	SCOPED_BUF struct buf out = BUF_INIT((size_t)1 << 31);
	int status = 0;

	if (argc < 3) {
		fprintf(stderr, "usage: parsedump STAGE FILE...\n");
		return 1;
	}
	if (strcmp(argv[1], "bench") == 0)
		return bench(atof(argv[2]), argv + 3, argc - 3);
	for (int i = 2; i < argc; i++) {
		if (!process(argv[1], argv[i], &out))
			status = 2;
		fwrite(out.p ? out.p : "", 1, out.n, stdout);
		buf_clear(&out);
	}
	return status;
}
