/* The lexer of shell scripts. Internal to the parser. */
#ifndef PARSER_SHELL_LEX_H
#define PARSER_SHELL_LEX_H

#include <stdbool.h>

enum shell_token {
	SHELL_END,
	SHELL_NEWLINE,
	SHELL_WORD,	/* a word begins at *start; it is not consumed */
	SHELL_SEMI,	/* ; */
	SHELL_DSEMI,	/* ;; ;& ;;& */
	SHELL_AMP,	/* & */
	SHELL_AND,	/* && */
	SHELL_OR,	/* || */
	SHELL_PIPE,	/* | |& */
	SHELL_OPEN,	/* ( */
	SHELL_CLOSE,	/* ) */
	SHELL_REDIRECT, /* any redirection but a heredoc, its number included */
	SHELL_HEREDOC,	/* << <<- */
};

/*
 * The next token from *p on; blanks, comments and continuations before it are
 * skipped. *start is where it begins, *p moves behind it.
 */
enum shell_token shell_lex(const char **p, const char *limit,
			   const char **start);

enum shell_piece {
	PIECE_END,	  /* the word, or the text between quotes, ends here */
	PIECE_TEXT,	  /* ordinary characters */
	PIECE_ESCAPE,	  /* a backslash and what it escapes */
	PIECE_JOIN,	  /* a backslash and a line end */
	PIECE_SINGLE,	  /* ' */
	PIECE_ANSI,	  /* $' */
	PIECE_DOUBLE,	  /* " or $" */
	PIECE_VARIABLE,	  /* $name ${name} $1 $@ ... */
	PIECE_PARAMETER,  /* ${ with more than a name: only ${ is consumed */
	PIECE_ARITHMETIC, /* $(( */
	PIECE_COMMAND,	  /* $( */
	PIECE_PROCESS,	  /* <( >( */
	PIECE_BACKTICK,	  /* ` */
	PIECE_DOLLAR,	  /* a $ that means nothing */
};

/* The next piece of a bare word; PIECE_END consumes nothing. */
enum shell_piece shell_lex_word(const char **p, const char *limit);
/* The next piece between double quotes; PIECE_END at a quote or the end. */
enum shell_piece shell_lex_quoted(const char **p, const char *limit);

#endif
