/* A config file: read or refused with a message that names it. */
#include "harness.h"

#include "cli/lint/settings.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct lint_settings settings = {0};
	struct lint_options options;
	enum diag_severity threshold;
	struct err e;

	if (lint_settings_yaml(&settings, harness_str(data, n), "c.yaml", &e) ==
	    0)
		(void)lint_settings_apply(&settings, &options, &threshold, &e);
	else
		assert(str_starts(str_from(e.msg), "c.yaml:"));
	lint_settings_release(&settings);
	return 0;
}
