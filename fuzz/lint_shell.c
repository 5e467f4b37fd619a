/* A shell script: spans lie in it, and its words in order. */
#include "harness.h"

#include "parser/shell.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	SCOPED_ARENA struct arena a = {0};
	struct shell_script script;

	shell_parse(&a, harness_str(data, n), &script);
	assert(script.bad_offset <= n);
	for (size_t i = 0; i < script.n_commands; i++) {
		const struct shell_command *c = &script.commands[i];

		assert(c->n_words > 0);
		assert(c->span.offset <= c->span.end && c->span.end <= n);
		for (size_t k = 0; k < c->n_words; k++) {
			assert(c->words[k].span.offset < c->words[k].span.end);
			assert(c->words[k].span.end <= c->span.end);
			assert(k == 0 || c->words[k - 1].span.end <=
						 c->words[k].span.offset);
		}
	}
	for (size_t i = 0; i < script.n_pipes; i++)
		assert(script.pipes[i].span.end <= n &&
		       script.pipes[i].n_before <= script.n_commands);
	return 0;
}
