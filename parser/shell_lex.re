/*
 * Tokens of shell scripts, POSIX XCU 2.3 and 2.2. The limit reads as NUL; a
 * NUL before it is an ordinary character.
 */
#include "parser/shell_lex.h"

#include <stddef.h>

/*!re2c
	re2c:api = custom;
	re2c:api:style = free-form;
	re2c:define:YYCTYPE = "unsigned char";
	re2c:define:YYPEEK = "(at < limit ? (unsigned char)*at : 0)";
	re2c:define:YYSKIP = "at++;";
	re2c:define:YYBACKUP = "marker = at;";
	re2c:define:YYRESTORE = "at = marker;";
	re2c:yyfill:enable = 0;

	nul     = [\x00];
	eol     = "\r"? "\n";
	name    = [a-zA-Z_][a-zA-Z0-9_]*;
	special = [0-9@*#?$!-];
	any     = [^\x00];
*/

enum shell_token shell_lex(const char **p, const char *limit,
			   const char **start)
{
	const char *at = *p;
	const char *marker = at;
	const char *from;

	for (;;) {
		from = at;
		*start = from;
		*p = from;
		/*!re2c
			[ \t\r]+           { continue; }
			"\\" eol           { continue; }
			"#" [^\x00\n]*     { continue; }
			eol                { *p = at; return SHELL_NEWLINE; }
			";"                { *p = at; return SHELL_SEMI; }
			";;" "&"? | ";&"   { *p = at; return SHELL_DSEMI; }
			"&"                { *p = at; return SHELL_AMP; }
			"&&"               { *p = at; return SHELL_AND; }
			"||"               { *p = at; return SHELL_OR; }
			"|" "&"?           { *p = at; return SHELL_PIPE; }
			"("                { *p = at; return SHELL_OPEN; }
			")"                { *p = at; return SHELL_CLOSE; }
			[0-9]* ("<" | ">" | ">>" | "<&" | ">&" | "<>" | ">|" |
				"<<<")     { *p = at; return SHELL_REDIRECT; }
			"&>" ">"?          { *p = at; return SHELL_REDIRECT; }
			[0-9]* "<<" "-"?   { *p = at; return SHELL_HEREDOC; }
			[<>] "("           { return SHELL_WORD; }
			nul                {
				return from < limit ? SHELL_WORD : SHELL_END;
			}
			any                { return SHELL_WORD; }
		*/
	}
}

enum shell_piece shell_lex_word(const char **p, const char *limit)
{
	const char *at = *p;
	const char *marker = at;
	const char *from = at;

	/*!re2c
		[^\x00 \t\r\n;&|()<>'"\\`$]+ { *p = at; return PIECE_TEXT; }
		"\\" eol                     { *p = at; return PIECE_JOIN; }
		"\\" any                     { *p = at; return PIECE_ESCAPE; }
		"\\"                         { *p = at; return PIECE_TEXT; }
		"'"                          { *p = at; return PIECE_SINGLE; }
		"$'"                         { *p = at; return PIECE_ANSI; }
		"$"? ["]                     { *p = at; return PIECE_DOUBLE; }
		"$" (name | special)         { *p = at; return PIECE_VARIABLE; }
		"${" (name | [0-9]+ | special) "}" {
			*p = at;
			return PIECE_VARIABLE;
		}
		"${"                         { *p = at; return PIECE_PARAMETER; }
		"$(("                        { *p = at; return PIECE_ARITHMETIC; }
		"$("                         { *p = at; return PIECE_COMMAND; }
		[<>] "("                     { *p = at; return PIECE_PROCESS; }
		"`"                          { *p = at; return PIECE_BACKTICK; }
		"$"                          { *p = at; return PIECE_DOLLAR; }
		nul {
			if (from == limit)
				return PIECE_END;
			*p = at;
			return PIECE_TEXT;
		}
		any                          { return PIECE_END; }
	*/
}

enum shell_piece shell_lex_quoted(const char **p, const char *limit)
{
	const char *at = *p;
	const char *marker = at;
	const char *from = at;

	/*!re2c
		[^\x00"\\`$]+        { *p = at; return PIECE_TEXT; }
		"\\" eol             { *p = at; return PIECE_JOIN; }
		"\\" [$`"\\]         { *p = at; return PIECE_ESCAPE; }
		"\\"                 { *p = at; return PIECE_TEXT; }
		["]                  { return PIECE_END; }
		"$" (name | special) { *p = at; return PIECE_VARIABLE; }
		"${" (name | [0-9]+ | special) "}" {
			*p = at;
			return PIECE_VARIABLE;
		}
		"${"                 { *p = at; return PIECE_PARAMETER; }
		"$(("                { *p = at; return PIECE_ARITHMETIC; }
		"$("                 { *p = at; return PIECE_COMMAND; }
		"`"                  { *p = at; return PIECE_BACKTICK; }
		"$"                  { *p = at; return PIECE_DOLLAR; }
		nul {
			if (from == limit)
				return PIECE_END;
			*p = at;
			return PIECE_TEXT;
		}
	*/
}
