#include "parser/values.h"

#include "parser/instruction.h"

struct signal_name {
	const char *name;
	int number;
};

/* Linux's on amd64 and arm64, with docker's additions; RTMIN is libc's 34. */
static const struct signal_name signal_names[] = {
	{"ABRT", 6},  {"ALRM", 14}, {"BUS", 7},	    {"CHLD", 17},
	{"CLD", 17},  {"CONT", 18}, {"FPE", 8},	    {"HUP", 1},
	{"ILL", 4},   {"INT", 2},   {"IO", 29},	    {"IOT", 6},
	{"KILL", 9},  {"PIPE", 13}, {"POLL", 29},   {"PROF", 27},
	{"PWR", 30},  {"QUIT", 3},  {"SEGV", 11},   {"STKFLT", 16},
	{"STOP", 19}, {"SYS", 31},  {"TERM", 15},   {"TRAP", 5},
	{"TSTP", 20}, {"TTIN", 21}, {"TTOU", 22},   {"URG", 23},
	{"USR1", 10}, {"USR2", 12}, {"VTALRM", 26}, {"WINCH", 28},
	{"XCPU", 24}, {"XFSZ", 25}, {"RTMIN", 34},  {"RTMAX", 64},
};

/* "RTMIN+n" for n of 1 to 15, "RTMAX-n" for n of 1 to 14. */
static bool realtime(struct str name, int *out)
{
	uint64_t n;

	if (str_starts(name, "RTMIN+") &&
	    str_to_u64(str_skip(name, 6), 15, &n) && n > 0 &&
	    name.p[6] != '0') {
		*out = 34 + (int)n;
		return true;
	}
	if (str_starts(name, "RTMAX-") &&
	    str_to_u64(str_skip(name, 6), 14, &n) && n > 0 &&
	    name.p[6] != '0') {
		*out = 64 - (int)n;
		return true;
	}
	return false;
}

static bool by_name(struct str name, int *out)
{
	char upper[16];

	if (name.n >= sizeof(upper))
		return false;
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];

		upper[i] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
	}
	name.p = upper;
	if (str_starts(name, "SIG"))
		name = str_skip(name, 3);
	for (size_t i = 0; i < sizeof(signal_names) / sizeof(*signal_names);
	     i++) {
		if (str_eq_c(name, signal_names[i].name)) {
			*out = signal_names[i].number;
			return true;
		}
	}
	return realtime(name, out);
}

/* signal = number, not 0 | ["SIG"] name, in any case. */
int signal_parse(struct str s, int64_t *out, struct err *e)
{
	const uint64_t lowest = (uint64_t)1 << 63; /* without its sign */
	uint64_t number;
	int name;
	bool negative = str_starts(s, "-");
	bool has_sign = negative || str_starts(s, "+");

	if (str_to_u64(str_skip(s, has_sign), negative ? lowest : lowest - 1,
		       &number) &&
	    number > 0) {
		*out = (int64_t)(negative ? 0 - number : number);
		return 0;
	}
	if (by_name(s, &name)) {
		*out = name;
		return 0;
	}
	return err_set(e, ERR_INVALID,
		       "'%.*s' is not a signal: write a name such as SIGTERM "
		       "or a number",
		       STR_ARG(s));
}

const char *signal_name(size_t i)
{
	return i < ARRAY_LEN(signal_names) ? signal_names[i].name : NULL;
}
