#include "parser/values.h"

int bool_parse(struct str s, bool *out, struct err *e)
{
	static const char *const names[][2] = {
		{"0", "1"},	   {"f", "t"},	      {"F", "T"},
		{"false", "true"}, {"FALSE", "TRUE"}, {"False", "True"},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		for (int value = 0; value < 2; value++) {
			if (str_eq_c(s, names[i][value])) {
				*out = value;
				return 0;
			}
		}
	}
	return err_set(e, ERR_INVALID, "'%.*s' is neither true nor false",
		       STR_ARG(s));
}
