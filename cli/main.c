/*
 * imgbuild: finds the command and runs it. `imgbuild -t x .` is `build`.
 */
#include "cli/commands.h"
#include "cli/print.h"

#include "base/mem.h"
#include "base/startup.h"
#include "cli/version.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *about;
};

static const struct command commands[] = {
	{"build", cmd_build, "Build an image from a Dockerfile (the default)"},
	{"copy", cmd_copy,
	 "Copy an image between registry, layout, archive and store"},
	{"fmt", cmd_fmt, "Lay Dockerfiles out in one way"},
	{"history", cmd_history, "Show how an image's layers came about"},
	{"images", cmd_images, "List the images of the store"},
	{"import", cmd_import,
	 "Make a base image from a root file system's tar"},
	{"inspect", cmd_inspect, "Show an image's config as JSON"},
	{"lint", cmd_lint, "Check Dockerfiles for mistakes and bad habits"},
	{"load", cmd_load, "Bring images in from an OCI or docker archive"},
	{"login", cmd_login, "Keep credentials for a registry"},
	{"logout", cmd_logout, "Forget them"},
	{"lsp", cmd_lsp, "Serve an editor (Language Server Protocol)"},
	{"parse", cmd_parse, "Show what a Dockerfile means to imgbuild"},
	{"pull", cmd_pull, "Bring images from registries into the store"},
	{"push", cmd_push, "Send an image to a registry"},
	{"rmi", cmd_rmi, "Forget names of images"},
	{"save", cmd_save, "Write images to an archive"},
	{"shell", cmd_shell, "Open a shell at a step of a build"},
	{"tag", cmd_tag, "Give an image another name"},
	{"why", cmd_why, "Tell why the last build's steps were not cached"},
};

/* What to do about a system's refusal, where that is not plain. */
static const char *advice(const struct err *e)
{
	if (e->code != ERR_SYS)
		return NULL;
	switch (e->sys) {
	case ENOSPC:
	case EDQUOT:
		return "free some space, or put the store on another disk with "
		       "IMGBUILD_ROOT";
	case EACCES:
		return "run imgbuild as a user who may read and write there";
	case EROFS:
		return "put the store on a disk that can be written, with "
		       "IMGBUILD_ROOT";
	case EMFILE: return "raise the limit of open files (ulimit -n)";
	default: return NULL;
	}
}

/* A line that a name or a program's message begins looks like none of ours. */
static void add_message(struct buf *out, struct str message)
{
	struct str line;
	const char *before = "";

	do {
		bool more = str_cut(message, '\n', &line, &message);

		buf_printf(out, "%s%.*s\n", before, STR_ARG(line));
		before = "  ";
		if (!more)
			return;
	} while (true);
}

void report_add(struct buf *out, const struct err *e)
{
	const char *what_to_do = advice(e);

	buf_add_c(out, "imgbuild: ");
	add_message(out, str_from(e->msg));
	if (what_to_do)
		buf_printf(out, "hint: %s\n", what_to_do);
}

int report(const struct err *e)
{
	SCOPED_BUF struct buf text = BUF_INIT(2 * sizeof(*e) + 1024);

	report_add(&text, e);
	print_messages(buf_str(&text), TEXT_LINES);
	return EXIT_FAILED;
}

static void print_help(void)
{
	print_out(
		"Usage: imgbuild [COMMAND] [OPTIONS] ...\n\n"
		"Builds OCI images from Dockerfiles: no daemon, no root "
		"needed.\n\n"
		"  imgbuild -t name .                    build into the store\n"
		"  imgbuild -o image.tar .               build an OCI archive\n"
		"  imgbuild import rootfs.tar debian     make a base image\n\n"
		"Commands:\n");
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		print_out("  %-10s %s\n", commands[i].name, commands[i].about);
	print_out("\n`imgbuild COMMAND --help` tells more. The store is "
		  "$IMGBUILD_ROOT, else\n$XDG_DATA_HOME/imgbuild, else "
		  "/var/lib/imgbuild for root.\n");
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static int run(int argc, char **argv)
{
	const struct command *command;

	if (argc < 2 || strcmp(argv[1], "--help") == 0 ||
	    strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
		print_help();
		return argc < 2 ? EXIT_MISTAKE : EXIT_OK;
	}
	if (strcmp(argv[1], "--version") == 0) {
		print_out("imgbuild %s (%s)\n", IMGBUILD_VERSION,
			  IMGBUILD_FEATURES);
		return EXIT_OK;
	}
	command = find_command(argv[1]);
	if (command)
		return command->run(argc - 1, argv + 1);
	/* options and a context without a command: build */
	return cmd_build(argc, argv);
}

int main(int argc, char **argv)
{
	if (startup_begin() < 0)
		return EXIT_FAILED; /* there is nowhere to say why */
	return print_end(run(argc, argv));
}
