#include "cli/lint/format.h"

#include "base/digest.h"
#include "cli/version.h"
#include "lint/rule.h"
#include "parser/utf8.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* One finding, with its place worked out. */
struct finding {
	const struct lint_file *file;
	const struct diag *diag;
	struct str path;
	struct position from;
	struct position to; /* behind the last byte */
};

typedef void finding_function(struct buf *out, const struct finding *f);

static struct str path_of(const struct lint_report *report,
			  const struct lint_file *file)
{
	return report->path ? str_from(report->path) : file->source->name;
}

static struct finding finding_of(const struct lint_report *report,
				 const struct lint_file *file, size_t i,
				 struct source_mark *mark)
{
	const struct diag *diag = &file->diags.v[i];
	struct source_mark end;
	struct finding f = {file, diag, path_of(report, file), {0}, {0}};

	f.from = source_character(file->source, diag->span.offset, mark);
	end = *mark; /* the next finding may begin before this one's end */
	f.to = source_character(file->source, diag->span.end, &end);
	return f;
}

static const char *level(const struct diag *diag)
{
	static const char *const names[] = {
		[DIAG_ERROR] = "error",
		[DIAG_WARNING] = "warning",
		[DIAG_INFO] = "info",
		[DIAG_STYLE] = "style",
	};

	return names[diag->severity];
}

static void json_field(struct buf *out, const char *name, struct str value)
{
	buf_printf(out, "\"%s\":", name);
	buf_add_json_string(out, value);
}

/* Text from a file: no byte of it steers the terminal. */
static void add_line_text(struct buf *out, struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		buf_add_char(out, (unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f
					  ? '?'
					  : s.p[i]);
}

/* FILE:LINE CODE LEVEL: MSG */
static void tty_finding(struct buf *out, const struct finding *f, bool color)
{
	static const char *const colors[] = {
		[DIAG_ERROR] = "\033[1;31m",
		[DIAG_WARNING] = "\033[1;33m",
		[DIAG_INFO] = "\033[1;32m",
		[DIAG_STYLE] = "\033[1;36m",
	};

	buf_printf(out, "%.*s:%u %s %s%s%s: ", STR_ARG(f->file->source->name),
		   f->from.line, f->diag->id,
		   color ? colors[f->diag->severity] : "", level(f->diag),
		   color ? "\033[0m" : "");
	add_line_text(out, f->diag->text);
	if (f->diag->alias)
		buf_printf(out, " [%s]", f->diag->alias);
	buf_add_char(out, '\n');
}

static void tty_file(struct lint_report *report, const struct lint_file *file)
{
	struct source_mark mark = {0};

	for (size_t i = 0; i < file->diags.n; i++) {
		struct finding f = finding_of(report, file, i, &mark);

		tty_finding(report->out, &f, report->color);
	}
}

static void pretty_file(struct lint_report *report,
			const struct lint_file *file)
{
	for (size_t i = 0; i < file->diags.n; i++) {
		struct diag diag = file->diags.v[i];
		char id[80];

		/* behind the text stands the id, or both */
		(void)snprintf(id, sizeof(id), "%s/%s", diag.id,
			       diag.alias ? diag.alias : "");
		if (diag.alias)
			diag.id = id;
		diag_render(report->out, file->source, &diag);
	}
}

static void json_finding(struct buf *out, const struct finding *f)
{
	buf_add_char(out, '{');
	json_field(out, "code", str_from(f->diag->id));
	buf_printf(out, ",\"column\":%u,", f->from.column);
	json_field(out, "file", f->path);
	buf_printf(out, ",\"level\":\"%s\",\"line\":%u,", level(f->diag),
		   f->from.line);
	json_field(out, "message", f->diag->text);
	buf_add_char(out, '}');
}

static void gnu_finding(struct buf *out, const struct finding *f)
{
	buf_printf(out, "imgbuild:%.*s:%u: %s %s: ", STR_ARG(f->path),
		   f->from.line, f->diag->id, level(f->diag));
	add_line_text(out, f->diag->text);
	buf_add_char(out, '\n');
}

static void codacy_finding(struct buf *out, const struct finding *f)
{
	buf_add_char(out, '{');
	json_field(out, "filename", f->path);
	buf_printf(out, ",\"line\":%u,", f->from.line);
	json_field(out, "message", f->diag->text);
	buf_add_char(out, ',');
	json_field(out, "patternId", str_from(f->diag->id));
	buf_add_c(out, "}\n");
}

/* Code Climate. */

static const char *climate_severity(const struct diag *diag)
{
	static const char *const names[] = {
		[DIAG_ERROR] = "blocker",
		[DIAG_WARNING] = "major",
		[DIAG_INFO] = "info",
		[DIAG_STYLE] = "minor",
	};

	return names[diag->severity];
}

enum { LOOK_BACK_MAX = 100 }; /* equal findings are near each other */

/* Stays the same when lines are added above, so without the line's number. */
static void add_fingerprint(struct buf *out, const struct finding *f)
{
	SCOPED_BUF struct buf text = BUF_INIT(1u << 20);
	struct str line = source_line(f->file->source, f->from.line);
	char hex[DIGEST_HEX_SIZE];
	struct digest digest;

	buf_printf(&text, "%.*s\n%s\n%u\n", STR_ARG(f->path), f->diag->id,
		   f->from.column);
	buf_add_str(&text, line);
	const struct diag *first = f->file->diags.v;

	if (f->diag - first > LOOK_BACK_MAX)
		first = f->diag - LOOK_BACK_MAX;
	for (const struct diag *d = first; d < f->diag; d++)
		if (strcmp(d->id, f->diag->id) == 0 &&
		    str_eq(source_line(f->file->source,
				       source_position(f->file->source,
						       d->span.offset)
					       .line),
			   line))
			buf_add_char(&text, '+');
	digest = digest_of(buf_c(&text), text.n);
	buf_printf(out, ",\"fingerprint\":\"%.32s\"", digest_hex(&digest, hex));
}

static void climate_finding(struct buf *out, const struct finding *f)
{
	buf_add_c(out, "{\"type\":\"issue\",");
	json_field(out, "check_name", str_from(f->diag->id));
	buf_add_char(out, ',');
	json_field(out, "description", f->diag->text);
	buf_add_c(out, ",\"categories\":[\"Bug Risk\"],\"location\":{");
	json_field(out, "path", f->path);
	buf_printf(out, ",\"lines\":{\"begin\":%u,\"end\":%u}}", f->from.line,
		   f->to.line);
	buf_printf(out, ",\"severity\":\"%s\"", climate_severity(f->diag));
	add_fingerprint(out, f);
	buf_add_char(out, '}');
}

static void climate_nul(struct buf *out, const struct finding *f)
{
	climate_finding(out, f);
	buf_add_char(out, '\0');
}

/* SonarQube's generic issues: columns count from 0, and are a range. */
static void sonar_finding(struct buf *out, const struct finding *f)
{
	static const char *const severities[] = {
		[DIAG_ERROR] = "CRITICAL",
		[DIAG_WARNING] = "MAJOR",
		[DIAG_INFO] = "MINOR",
		[DIAG_STYLE] = "INFO",
	};
	bool parse_error = strcmp(f->diag->id, "DL1000") == 0;

	buf_add_c(out, "{\"engineId\":\"imgbuild\",");
	json_field(out, "ruleId", str_from(f->diag->id));
	buf_printf(out, ",\"severity\":\"%s\",\"type\":\"%s\"",
		   parse_error ? "BLOCKER" : severities[f->diag->severity],
		   f->diag->severity == DIAG_ERROR ? "BUG" : "CODE_SMELL");
	buf_add_c(out, ",\"primaryLocation\":{");
	json_field(out, "message", f->diag->text);
	buf_add_char(out, ',');
	json_field(out, "filePath", f->path);
	buf_printf(out, ",\"textRange\":{\"startLine\":%u,\"endLine\":%u",
		   f->from.line, f->to.line);
	if (f->diag->span.end > f->diag->span.offset)
		buf_printf(out, ",\"startColumn\":%u,\"endColumn\":%u",
			   f->from.column - 1, f->to.column - 1);
	buf_add_c(out, "}}}");
}

/* SARIF 2.1.0. */

/* A path as a URI reference (RFC 3986). */
static void sarif_uri(struct buf *out, struct str path)
{
	buf_add_c(out, "\"uri\":\"");
	for (size_t i = 0; i < path.n; i++) {
		unsigned char c = (unsigned char)path.p[i];

		if (isalnum(c) || strchr("-._~/", c))
			buf_add_char(out, (char)c);
		else
			buf_printf(out, "%%%02X", c);
	}
	buf_add_char(out, '"');
}

static void sarif_finding(struct buf *out, const struct finding *f)
{
	static const char *const levels[] = {
		[DIAG_ERROR] = "error",
		[DIAG_WARNING] = "warning",
		[DIAG_INFO] = "note",
		[DIAG_STYLE] = "note",
	};

	buf_add_char(out, '{');
	json_field(out, "ruleId", str_from(f->diag->id));
	buf_printf(out, ",\"level\":\"%s\",\"message\":{",
		   levels[f->diag->severity]);
	json_field(out, "text", f->diag->text);
	buf_add_c(out, "},\"locations\":[{\"physicalLocation\":{"
		       "\"artifactLocation\":{");
	sarif_uri(out, f->path);
	buf_printf(out,
		   "},\"region\":{\"startLine\":%u,\"endLine\":%u,"
		   "\"startColumn\":%u,\"endColumn\":%u,"
		   "\"sourceLanguage\":\"%s\"}}}]}",
		   f->from.line, f->to.line, f->from.column, f->to.column,
		   strncmp(f->diag->id, "SC", 2) == 0 ? "sh" : "dockerfile");
}

static void sarif_rules(struct buf *out)
{
	for (size_t i = 0; i < rules_n; i++) {
		buf_add_c(out, i ? ",{" : "{");
		json_field(out, "id", str_from(rules[i].id));
		buf_add_c(out, ",\"shortDescription\":{");
		json_field(out, "text", str_from(rules[i].summary));
		buf_add_c(out, "}}");
	}
}

static void sarif_end(struct buf *out)
{
	buf_printf(out,
		   "],\"columnKind\":\"unicodeCodePoints\",\"tool\":{"
		   "\"driver\":{\"name\":\"imgbuild\","
		   "\"fullName\":\"imgbuild lint\",\"version\":\"%s\","
		   "\"rules\":[",
		   IMGBUILD_VERSION);
	sarif_rules(out);
	buf_add_c(out, "]}}}]}\n");
}

/* XML. */

/* What XML 1.0 can't hold, and what is no UTF-8, is written as U+FFFD. */
static void add_xml(struct buf *out, struct str s)
{
	while (s.n) {
		struct rune rune = rune_at(s);
		unsigned char c = (unsigned char)s.p[0];

		if (rune.value == RUNE_BAD ||
		    (c < 0x20 && !strchr("\t\n\r", c)))
			buf_add_c(out, "&#65533;");
		else if (c < 0x20 || (c < 0x80 && strchr("<>&'\"", c)))
			buf_printf(out, "&#%u;", c);
		else
			buf_add(out, s.p, rune.n);
		s = str_skip(s, rune.n);
	}
}

static void xml_attribute(struct buf *out, const char *name, struct str value)
{
	buf_printf(out, " %s='", name);
	add_xml(out, value);
	buf_add_char(out, '\'');
}

static void checkstyle_finding(struct buf *out, const struct finding *f)
{
	buf_printf(out, "<error line='%u' column='%u' severity='%s'",
		   f->from.line, f->from.column,
		   f->diag->severity == DIAG_STYLE ? "info" : level(f->diag));
	xml_attribute(out, "message", f->diag->text);
	xml_attribute(out, "source", str_from(f->diag->id));
	buf_add_c(out, "/>");
}

static void checkstyle_file(struct lint_report *report,
			    const struct lint_file *file)
{
	struct source_mark mark = {0};

	if (file->diags.n == 0)
		return;
	buf_add_c(report->out, "<file");
	xml_attribute(report->out, "name", path_of(report, file));
	buf_add_char(report->out, '>');
	for (size_t i = 0; i < file->diags.n; i++) {
		struct finding f = finding_of(report, file, i, &mark);

		checkstyle_finding(report->out, &f);
	}
	buf_add_c(report->out, "</file>");
}

static void junit_finding(struct buf *out, const struct finding *f)
{
	buf_add_c(out, "<testcase");
	xml_attribute(out, "classname", f->path);
	buf_printf(out, " name='%s line %u' time='0'><failure type='%s'",
		   f->diag->id, f->from.line, level(f->diag));
	xml_attribute(out, "message", f->diag->text);
	buf_add_c(out, ">File: ");
	add_xml(out, f->path);
	buf_printf(out, "\nLine: %u\n%s %s: ", f->from.line, f->diag->id,
		   level(f->diag));
	add_xml(out, f->diag->text);
	buf_add_c(out, "\n</failure></testcase>");
}

static void junit_file(struct lint_report *report, const struct lint_file *file)
{
	struct source_mark mark = {0};

	buf_add_c(report->out, "<testsuite");
	xml_attribute(report->out, "name", path_of(report, file));
	buf_printf(report->out,
		   " tests='%zu' failures='%zu' errors='0' time='0'>",
		   file->diags.n, file->diags.n);
	for (size_t i = 0; i < file->diags.n; i++) {
		struct finding f = finding_of(report, file, i, &mark);

		junit_finding(report->out, &f);
	}
	buf_add_c(report->out, "</testsuite>");
}

/* A format writes each file in its own way, or one finding after the other. */
struct lint_format {
	const char *name;
	const char *begin;
	void (*file)(struct lint_report *report, const struct lint_file *file);
	finding_function *finding;
	const char *separator; /* between findings */
	void (*before_end)(struct buf *out);
	const char *end;
	bool exits_0;
	bool json;
};

#define XML "<?xml version='1.0' encoding='UTF-8'?>"

static const struct lint_format formats[] = {
	{"tty", "", tty_file, NULL, "", NULL, "", false},
	{"pretty", "", pretty_file, NULL, "", NULL, "", false},
	{"json", "[", NULL, json_finding, ",", NULL, "]\n", false, true},
	{"checkstyle", XML "<checkstyle version='4.3'>", checkstyle_file, NULL,
	 "", NULL, "</checkstyle>\n", false},
	{"codeclimate", "", NULL, climate_nul, "", NULL, "", true, true},
	{"gitlab_codeclimate", "[", NULL, climate_finding, ",", NULL, "]\n",
	 false, true},
	{"gnu", "", NULL, gnu_finding, "", NULL, "", false},
	{"codacy", "", NULL, codacy_finding, "", NULL, "", true, true},
	{"sonarqube", "{\"issues\":[", NULL, sonar_finding, ",", NULL, "]}\n",
	 false, true},
	{"sarif",
	 "{\"$schema\":\"http://json.schemastore.org/sarif-2.1.0\","
	 "\"version\":\"2.1.0\",\"runs\":[{"
	 "\"defaultSourceLanguage\":\"dockerfile\",\"results\":[",
	 NULL, sarif_finding, ",", sarif_end, "", false, true},
	{"junit", XML "<testsuites name='imgbuild lint'>", junit_file, NULL, "",
	 NULL, "</testsuites>\n", false},
};

const char lint_format_names[] =
	"tty, pretty, json, checkstyle, codeclimate, gitlab_codeclimate, gnu, "
	"codacy, sonarqube, sarif, junit";

bool lint_format_exits_0(const struct lint_format *format)
{
	return format->exits_0;
}

enum text_as lint_report_as(const struct lint_report *report)
{
	if (report->format->json)
		return TEXT_JSON;
	return report->color ? TEXT_COLOURED : TEXT_LINES;
}

const struct lint_format *lint_format_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(formats); i++)
		if (strcmp(name, formats[i].name) == 0)
			return &formats[i];
	return NULL;
}

void lint_report_begin(struct lint_report *report)
{
	buf_add_c(report->out, report->format->begin);
}

void lint_report_file(struct lint_report *report, const struct lint_file *file)
{
	const struct lint_format *format = report->format;
	struct source_mark mark = {0};

	if (format->file) {
		format->file(report, file);
		return;
	}
	for (size_t i = 0; i < file->diags.n; i++) {
		struct finding f = finding_of(report, file, i, &mark);

		if (report->n_findings++)
			buf_add_c(report->out, format->separator);
		format->finding(report->out, &f);
	}
}

void lint_report_end(struct lint_report *report)
{
	if (report->format->before_end)
		report->format->before_end(report->out);
	buf_add_c(report->out, report->format->end);
}
