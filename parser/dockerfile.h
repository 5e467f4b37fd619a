/*
 * The instruction IR: a Dockerfile as typed, unexpanded instructions.
 *
 * dockerfile_parse turns a source into this; nothing else parses a Dockerfile.
 * Everything lives in one arena and borrows from the source. The value does
 * not change after it was made. Reference: BuildKit's
 * frontend/dockerfile/{parser,instructions}.
 */
#ifndef PARSER_DOCKERFILE_H
#define PARSER_DOCKERFILE_H

#include "base/arena.h"
#include "base/str.h"
#include "parser/diag.h"
#include "parser/source.h"
#include "parser/word.h"

#include <stdbool.h>
#include <stdint.h>

/* In alphabetical order, as in the instruction table (parser/instruction.h). */
enum instruction_kind {
	INSTRUCTION_ADD,
	INSTRUCTION_ARG,
	INSTRUCTION_CMD,
	INSTRUCTION_COPY,
	INSTRUCTION_ENTRYPOINT,
	INSTRUCTION_ENV,
	INSTRUCTION_EXPOSE,
	INSTRUCTION_FROM,
	INSTRUCTION_HEALTHCHECK,
	INSTRUCTION_LABEL,
	INSTRUCTION_MAINTAINER,
	INSTRUCTION_ONBUILD,
	INSTRUCTION_RUN,
	INSTRUCTION_SHELL,
	INSTRUCTION_STOPSIGNAL,
	INSTRUCTION_USER,
	INSTRUCTION_VOLUME,
	INSTRUCTION_WORKDIR,
	INSTRUCTION_N,
};

struct heredoc {
	struct str name;    /* the delimiter without quotes */
	struct str content; /* with its last newline; tabs stripped for <<- */
	struct str raw;	    /* the same as it stands in the file */
	bool expand;	    /* the delimiter was not quoted */
	bool strip_tabs;    /* <<- */
	uint32_t fd;	    /* the number before <<, 0 where none */
	struct span span;   /* of <<NAME on the instruction's line */
	struct span body;   /* of the lines up to the delimiter's */
	const struct word_template
		*template; /* of content where expand, else NULL */
};

struct heredocs {
	const struct heredoc *v;
	size_t n;
};

/* RUN, CMD, ENTRYPOINT, HEALTHCHECK CMD: a JSON array, or a line for the shell.
 */
struct command {
	bool exec_form;
	const struct str
		*args; /* exec form: decoded strings; shell form: one */
	size_t n_args;
	struct heredocs heredocs; /* RUN's only */
	struct span span;
};

struct words {
	const struct word *v;
	size_t n;
};

/* key=value of ENV, LABEL and ARG. Both sides are words; ARG's key is plain. */
struct pair {
	struct word key;
	struct word value;
	bool has_value; /* ARG name without = has none */
	struct span span;
	struct str doc; /* ARG: its doc comment, for --call=outline */
};

struct pairs {
	const struct pair *v;
	size_t n;
	bool legacy; /* `ENV key value` without = */
};

struct from {
	struct word base;
	struct word platform;  /* --platform; .text.n 0 where absent */
	struct str alias;      /* lower-cased stage name; empty where absent */
	struct str alias_text; /* as written */
	struct span alias_span;
	struct str as_text; /* the AS keyword as written, for casing checks */
	struct str doc;	    /* the stage's doc comment, for --call=targets */
};

/* ADD and COPY share a shape; fields of the other one stay empty. */
struct copy {
	struct words sources;	  /* without heredocs */
	struct heredocs heredocs; /* inline files; .name is the file's name */
	/*
	 * Sources in the order written: >= 0 is an index into sources,
	 * < 0 is -(1 + index) into heredocs.
	 */
	const int *order;
	size_t n_order;
	struct word dest;
	struct word from;  /* COPY --from */
	struct word chown; /* empty where absent */
	struct word chmod;
	struct word checksum; /* ADD */
	struct words excludes;
	bool link;
	bool parents;	   /* COPY */
	bool keep_git_dir; /* ADD */
	bool has_unpack;   /* ADD --unpack given */
	bool unpack;	   /* its value */
	bool json_form;
};

enum mount_kind {
	MOUNT_BIND,
	MOUNT_CACHE,
	MOUNT_TMPFS,
	MOUNT_SECRET,
	MOUNT_SSH,
};

enum mount_sharing {
	MOUNT_SHARED,
	MOUNT_PRIVATE,
	MOUNT_LOCKED,
};

/* One key or key=value of a --mount, as written. */
struct mount_field {
	struct str key; /* lower-cased */
	bool has_value;
	struct word value;
	struct str text; /* the whole field */
};

/*
 * RUN --mount. Words are those that BuildKit expands (target, source, from, id,
 * and the numbers when they hold variables); numbers are parsed after
 * expansion.
 */
struct mount {
	enum mount_kind kind;
	struct word from;
	struct word source;
	struct word target;
	struct word id;
	struct word env;  /* secret: variable name */
	struct word mode; /* octal text; empty where absent */
	struct word uid;
	struct word gid;
	struct word size; /* tmpfs: bytes as text with unit */
	enum mount_sharing sharing;
	bool readonly; /* as in effect: bind defaults to true */
	bool required; /* secret, ssh */
	struct span span;
	/*
	 * Everything as written, in order. Where a variable decides about kind,
	 * sharing, readonly or required, deferred is set and these four mean
	 * nothing before mount_resolve.
	 */
	const struct mount_field *fields;
	size_t n_fields;
	bool deferred;
};

enum run_network {
	RUN_NETWORK_DEFAULT,
	RUN_NETWORK_NONE,
	RUN_NETWORK_HOST,
};

enum run_security {
	RUN_SECURITY_SANDBOX,
	RUN_SECURITY_INSECURE,
};

struct run {
	struct command command;
	const struct mount *mounts;
	size_t n_mounts;
	const struct word *devices; /* --device values, unparsed */
	size_t n_devices;
	enum run_network network;
	enum run_security security;
};

struct healthcheck {
	bool none;
	struct command command;
	int64_t interval_ns; /* 0 where absent: inherit */
	int64_t timeout_ns;
	int64_t start_period_ns;
	int64_t start_interval_ns;
	int64_t retries; /* 0 where absent */
};

struct instruction;

struct onbuild {
	const struct instruction *trigger; /* parsed; NULL after an error */
	struct str text;		   /* what the image config records */
};

/* One flag as written, for the linter and dumps; values are typed above. */
struct flag {
	struct str name; /* without -- */
	struct word value;
	bool has_value;
	struct span span;
};

struct flags {
	const struct flag *v;
	size_t n;
};

struct instruction {
	enum instruction_kind kind;
	struct span span; /* from the keyword to the end, heredocs included */
	struct span keyword; /* as written, in any case */
	/*
	 * The whole instruction on one line as BuildKit reports it: keyword as
	 * written, continuations joined, heredoc bodies left out.
	 */
	struct str text;
	struct str doc; /* the comment lines right above it, joined by \n */
	struct flags flags;
	union {
		struct copy copy;	/* ADD, COPY */
		struct pairs pairs;	/* ARG, ENV, LABEL */
		struct command command; /* CMD, ENTRYPOINT, SHELL (exec form) */
		struct words words; /* EXPOSE, VOLUME; in the file's order */
		struct from from;
		struct healthcheck healthcheck;
		struct str maintainer;
		struct onbuild onbuild;
		struct run run;
		struct word word; /* STOPSIGNAL, USER, WORKDIR */
	};
};

/* FROM and the instructions up to the next FROM. */
struct stage {
	const struct instruction *from;
	const struct instruction *instructions; /* after FROM */
	size_t n_instructions;
	struct str name; /* alias, else the index in decimal */
	size_t index;
};

struct directive {
	struct str name; /* lower-cased: syntax, escape, check */
	struct str value;
	struct span span;
};

struct comment {
	struct str text; /* after #, untrimmed */
	struct span span;
};

struct dockerfile {
	const struct source *source;
	char escape; /* '\\' or '`' */
	const struct directive *directives;
	size_t n_directives;
	const struct comment *comments; /* all but directives, in file order */
	size_t n_comments;
	const struct instruction *instructions; /* every one, in file order */
	size_t n_instructions;
	/* of those whose mistakes leave them out, in file order */
	const struct span *mistaken;
	size_t n_mistaken;
	size_t n_meta_args; /* the leading ARGs before the first FROM */
	const struct stage *stages;
	size_t n_stages;
};

/*
 * Parse src. Mistakes go to d and parsing goes on after them; the result holds
 * what could be understood, in arena a. Usable for building only where
 * d->n_errors is 0. Never fails: time and memory are linear in the source.
 */
const struct dockerfile *
dockerfile_parse(struct arena *a, const struct source *src, struct diags *d);

/*
 * Parse one ONBUILD trigger as an image config records it ("COPY . /src").
 * name_for_messages names the image. NULL where it has a mistake (in d).
 * Heredocs: the text may hold newlines.
 */
const struct instruction *dockerfile_parse_trigger(struct arena *a,
						   const struct source *src,
						   char escape,
						   struct diags *d);

/*
 * Expand every value of m and check it as BuildKit does then: *out holds plain
 * text in its words. Works for every mount, deferred or not.
 */
int mount_resolve(struct arena *a, const struct mount *m,
		  const struct word_env *env, const struct word_unset *unset,
		  struct mount *out, struct err *e);

/* The stable text dump that golden tests compare and `imgbuild parse` prints.
 */
void dockerfile_dump(struct buf *out, const struct dockerfile *df);
/*
 * What has to stay where only the layout of a file changes: the same without
 * places, with the blanks between a RUN's words as one, and with the comments.
 */
void dockerfile_dump_meaning(struct buf *out, const struct dockerfile *df);
/* The dump as JSON; schema in docs/parse-json.md. */
void dockerfile_dump_json(struct buf *out, const struct dockerfile *df);

/* "RUN" for INSTRUCTION_RUN. */
const char *instruction_name(enum instruction_kind kind);

#endif
