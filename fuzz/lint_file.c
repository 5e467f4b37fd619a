/* A Dockerfile, linted: every finding lies in it. */
#include "harness.h"

#include "lint/lint.h"
#include "lint/shellcheck.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	SCOPED_ARENA struct arena a = {0};
	const struct lint_label label = {STR("v"), LABEL_SEMVER};
	const struct str trusted = STR("docker.io");
	const struct lint_options options = {
		.set = LINT_ALL,
		.labels = &label,
		.n_labels = 1,
		.strict_labels = true,
		.trusted = {&trusted, 1},
		.experimental = true,
	};
	struct source source;
	struct lint_file file;

	source_init(&source, &a, STR("Dockerfile"), harness_str(data, n));
	lint_begin(&file, &a, &source, &options);
	for (size_t i = 0; i < file.n_scripts; i++) {
		struct span span =
			shellcheck_span(&file.scripts[i], 2, 3, 2, 4);

		assert(span.offset <= span.end && span.end <= n);
	}
	lint_finish(&file);
	for (size_t i = 0; i < file.diags.n; i++)
		assert(file.diags.v[i].span.offset <=
			       file.diags.v[i].span.end &&
		       file.diags.v[i].span.end <= n);
	lint_release(&file);
	return 0;
}
