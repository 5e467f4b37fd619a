/* Image names and platforms: what parses, parses again from its own text. */
#include "oci/platform.h"
#include "oci/reference.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_reference(struct arena *a, struct str text)
{
	struct reference r;
	struct reference again;
	struct err e;

	if (reference_parse(a, text, &r, &e) < 0)
		return;
	if (reference_parse(a, reference_name(a, &r), &again, &e) < 0 ||
	    !str_eq(reference_name(a, &r), reference_name(a, &again)))
		abort();
	if (reference_parse(a, reference_familiar(a, &r), &again, &e) < 0 ||
	    !str_eq(reference_name(a, &r), reference_name(a, &again)))
		abort();
}

static void check_platform(struct arena *a, struct str text)
{
	struct platform p;
	struct platform again;
	struct err e;

	if (platform_parse(a, text, &p, &e) < 0)
		return;
	if (platform_parse(a, platform_format(a, &p), &again, &e) < 0 ||
	    !platform_eq(&p, &again))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SCOPED_ARENA struct arena a = {0};
	struct str text = {(const char *)data, size};

	check_reference(&a, text);
	check_platform(&a, text);
	return 0;
}
