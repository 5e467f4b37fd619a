/*
 * The commands of a script, for golden tests: one line a command, words
 * between bars, assignments before the first; `~` marks a word that expands.
 */
#include "base/io.h"
#include "parser/shell.h"

#include <stdio.h>
#include <unistd.h>

static void print_words(const struct shell_word *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		printf("%s|%.*s", words[i].constant ? "" : "~",
		       STR_ARG(words[i].text));
}

static void print_script(const struct shell_script *script)
{
	for (size_t i = 0; i < script->n_commands; i++) {
		const struct shell_command *c = &script->commands[i];

		printf("%u-%u ", c->span.offset, c->span.end);
		print_words(c->assignments, c->n_assignments);
		printf(" ");
		print_words(c->words, c->n_words);
		printf("|\n");
	}
	for (size_t i = 0; i < script->n_pipes; i++)
		printf("pipe at %u after %zu\n", script->pipes[i].span.offset,
		       script->pipes[i].n_before);
	if (script->bad)
		printf("bad at %u\n", script->bad_offset);
}

int main(void)
{
	SCOPED_ARENA struct arena a = {0};
	SCOPED_BUF struct buf text = BUF_INIT(SOURCE_MAX_BYTES);
	struct shell_script script;
	struct err e;

	if (io_read_fd(STDIN_FILENO, &text, "stdin", &e) < 0)
		return 1;
	shell_parse(&a, buf_str(&text), &script);
	print_script(&script);
	return 0;
}
