/* The lexer for instruction names, in any case. */
#include "parser/instruction.h"

const struct instruction_info *instruction_find(struct str name)
{
	enum instruction_kind kind;
	const char *marker;
	const char *limit;
	const char *p;

	if (name.n == 0)
		return NULL;
	p = name.p;
	limit = name.p + name.n;
	/*!re2c
		re2c:api = custom;
		re2c:api:style = free-form;
		re2c:define:YYCTYPE = "unsigned char";
		re2c:define:YYPEEK = "(p < limit ? (unsigned char)*p : 0)";
		re2c:define:YYSKIP = "p++;";
		re2c:define:YYBACKUP = "marker = p;";
		re2c:define:YYRESTORE = "p = marker;";
		re2c:yyfill:enable = 0;

		'ADD'         { kind = INSTRUCTION_ADD; goto found; }
		'ARG'         { kind = INSTRUCTION_ARG; goto found; }
		'CMD'         { kind = INSTRUCTION_CMD; goto found; }
		'COPY'        { kind = INSTRUCTION_COPY; goto found; }
		'ENTRYPOINT'  { kind = INSTRUCTION_ENTRYPOINT; goto found; }
		'ENV'         { kind = INSTRUCTION_ENV; goto found; }
		'EXPOSE'      { kind = INSTRUCTION_EXPOSE; goto found; }
		'FROM'        { kind = INSTRUCTION_FROM; goto found; }
		'HEALTHCHECK' { kind = INSTRUCTION_HEALTHCHECK; goto found; }
		'LABEL'       { kind = INSTRUCTION_LABEL; goto found; }
		'MAINTAINER'  { kind = INSTRUCTION_MAINTAINER; goto found; }
		'ONBUILD'     { kind = INSTRUCTION_ONBUILD; goto found; }
		'RUN'         { kind = INSTRUCTION_RUN; goto found; }
		'SHELL'       { kind = INSTRUCTION_SHELL; goto found; }
		'STOPSIGNAL'  { kind = INSTRUCTION_STOPSIGNAL; goto found; }
		'USER'        { kind = INSTRUCTION_USER; goto found; }
		'VOLUME'      { kind = INSTRUCTION_VOLUME; goto found; }
		'WORKDIR'     { kind = INSTRUCTION_WORKDIR; goto found; }
		*             { return NULL; }
	*/
found:
	(void)marker;
	return p == limit ? instruction_info(kind) : NULL;
}
