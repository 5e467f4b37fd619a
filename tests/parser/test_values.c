#include "parser/values.h"

#include "base/buf.h"

#include "table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct number_row {
	const char *text;
	bool good;
	int64_t value;
};

#define ROWS(v) (sizeof(v) / sizeof(*(v)))

static void durations_are_gos(void **state)
{
	static const struct number_row rows[] = {
		{"0", true, 0},
		{"-0", true, 0},
		{"5s", true, 5000000000},
		{"30s", true, 30000000000},
		{"-5s", true, -5000000000},
		{"+5s", true, 5000000000},
		{"1m30s", true, 90000000000},
		{"1h1m1s", true, 3661000000000},
		{"1.5s", true, 1500000000},
		{".5s", true, 500000000},
		{"1.s", true, 1000000000},
		{"1ns", true, 1},
		{"1us", true, 1000},
		{"1\xc2\xb5s", true, 1000},
		{"1\xce\xbcs", true, 1000},
		{"10.5ms", true, 10500000},
		{"0.3333333333333333333h", true, 1200000000000},
		{"0.9ns", true, 0},
		{"9223372036854775807ns", true, INT64_MAX},
		{"-9223372036854775808ns", true, INT64_MIN},
		{"9223372036854775808ns", false, 0},
		{"2562048h", false, 0},
		{"", false, 0},
		{"5", false, 0},
		{"s", false, 0},
		{".s", false, 0},
		{"-", false, 0},
		{"5S", false, 0},
		{"5 s", false, 0},
		{"5sec", false, 0},
		{"1d", false, 0},
		{"1e3s", false, 0},
		{"--5s", false, 0},
		{"1s2", false, 0},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct str s = str_from(rows[i].text);
		int64_t ns;
		struct err e;
		bool good = duration_parse(s, &ns, &e) == 0;

		if (good != rows[i].good || (good && ns != rows[i].value))
			fail_msg("%s: %s %lld", rows[i].text,
				 good ? "good" : e.msg, (long long)ns);
	}
}

static void sizes_are_go_units(void **state)
{
	static const struct number_row rows[] = {
		{"0", true, 0},
		{"512", true, 512},
		{"32b", true, 32},
		{"32B", true, 32},
		{"32k", true, 32 << 10},
		{"32K", true, 32 << 10},
		{"32kb", true, 32 << 10},
		{"32Kb", true, 32 << 10},
		{"32KiB", true, 32 << 10},
		{"32kib", true, 32 << 10},
		{"64m", true, 64 << 20},
		{"1g", true, 1 << 30},
		{"1t", true, 1ll << 40},
		{"1p", true, 1ll << 50},
		{"1.5k", true, 1536},
		{"32.5 k", true, 33280},
		{"0.1k", true, 102},
		{".5k", true, 512},
		{"1 b", true, 1},
		{"", false, 0},
		{"k", false, 0},
		{"-1", false, 0},
		{"-1k", false, 0},
		{"1x", false, 0},
		{"1kx", false, 0},
		{"1kibi", false, 0},
		{"1  k", false, 0},
		{" 1k", false, 0},
		{"1.2.3k", false, 0},
		{".", false, 0},
		{"hello", false, 0},
		{"9223372036854775808", false, 0},
		{"9000p", false, 0},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct str s = str_from(rows[i].text);
		uint64_t bytes = 0;
		struct err e;
		bool good = size_parse(s, &bytes, &e) == 0;

		if (good != rows[i].good ||
		    (good && bytes != (uint64_t)rows[i].value))
			fail_msg("%s: %s %llu", rows[i].text,
				 good ? "good" : e.msg,
				 (unsigned long long)bytes);
	}
}

static void signals_are_dockers(void **state)
{
	static const struct number_row rows[] = {
		{"9", true, 9},
		{"+9", true, 9},
		{"64", true, 64},
		{"65", true, 65}, /* docker checks no upper bound here */
		{"KILL", true, 9},
		{"SIGKILL", true, 9},
		{"sigkill", true, 9},
		{"Term", true, 15},
		{"SIGQUIT", true, 3},
		{"SIGWINCH", true, 28},
		{"SIGUSR1", true, 10},
		{"SIGSTKFLT", true, 16},
		{"RTMIN", true, 34},
		{"SIGRTMIN+3", true, 37},
		{"RTMIN+15", true, 49},
		{"RTMAX", true, 64},
		{"RTMAX-1", true, 63},
		{"RTMAX-14", true, 50},
		{"0", false, 0},
		{"", false, 0},
		{"SIG", false, 0},
		{"SIGFOO", false, 0},
		{"SIGSIGKILL", false, 0},
		{"RTMIN+16", false, 0},
		{"RTMIN+0", false, 0},
		{"RTMIN+03", false, 0},
		{"RTMAX-15", false, 0},
		{" 9", false, 0},
		{"9x", false, 0},
		{"99999999999999999999", false, 0},
		{"-5", true, -5},
		{"-0", false, 0},
		{"2147483648", true, INT64_C(2147483648)},
		{"9223372036854775807", true, INT64_MAX},
		{"9223372036854775808", false, 0},
		{"-9223372036854775808", true, INT64_MIN},
		{"-9223372036854775809", false, 0},
		{"--5", false, 0},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct str s = str_from(rows[i].text);
		int64_t number = 0;
		struct err e;
		bool good = signal_parse(s, &number, &e) == 0;

		if (good != rows[i].good || (good && number != rows[i].value))
			fail_msg("%s: %s %lld", rows[i].text,
				 good ? "good" : e.msg, (long long)number);
	}
}

static void booleans_are_gos(void **state)
{
	static const struct number_row rows[] = {
		{"1", true, 1},	    {"t", true, 1},	{"T", true, 1},
		{"true", true, 1},  {"TRUE", true, 1},	{"True", true, 1},
		{"0", true, 0},	    {"f", true, 0},	{"F", true, 0},
		{"false", true, 0}, {"FALSE", true, 0}, {"False", true, 0},
		{"", false, 0},	    {"yes", false, 0},	{"tRUE", false, 0},
		{"2", false, 0},    {"on", false, 0},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct str s = str_from(rows[i].text);
		bool value = false;
		struct err e;
		bool good = bool_parse(s, &value, &e) == 0;

		if (good != rows[i].good || (good && value != rows[i].value))
			fail_msg("%s: %d %d", rows[i].text, good, value);
	}
}

struct port_row {
	const char *text;
	const char *ports; /* NULL: an error */
};

static void ports_know_ranges_and_protocols(void **state)
{
	static const struct port_row rows[] = {
		{"80", "80/tcp"},
		{"80/tcp", "80/tcp"},
		{"80/udp", "80/udp"},
		{"80/UDP", "80/udp"},
		{"80/sctp", "80/sctp"},
		{"80/", "80/tcp"},
		{"0", "0/tcp"},
		{"080", "80/tcp"},
		{"65535", "65535/tcp"},
		{"80-82", "80/tcp 81/tcp 82/tcp"},
		{"80-81/udp", "80/udp 81/udp"},
		{"80-80", "80/tcp"},
		{"8080:80", "80/tcp"},
		{"127.0.0.1:8080:80", "80/tcp"},
		{"127.0.0.1::80", "80/tcp"},
		{":80", "80/tcp"},
		{"[::1]:8080:80/udp", "80/udp"},
		{"::1:8080:80", "80/tcp"},
		{"8000-8001:80-81", "80/tcp 81/tcp"},
		{"8000-9000:80", "80/tcp"},
		{"65536", NULL},
		{"-1", NULL},
		{"", NULL},
		{"/tcp", NULL},
		{"80/foo", NULL},
		{"80/tcp/udp", NULL},
		{"a", NULL},
		{"80-", NULL},
		{"-80", NULL},
		{"82-80", NULL},
		{"80-81-82", NULL},
		{"8000-8002:80-81", NULL},
		{"x:80", NULL},
		{"300.0.0.1:80:80", NULL},
		{"localhost:80:80", NULL},
	};
	SCOPED_ARENA struct arena a = {0};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct buf got = BUF_INIT(1 << 20);
		struct str *ports = NULL;
		size_t n = 0;
		struct err e;
		bool good = ports_parse(&a, str_from(rows[i].text), &ports, &n,
					&e) == 0;

		for (size_t j = 0; good && j < n; j++)
			buf_printf(&got, "%s%.*s", j ? " " : "",
				   STR_ARG(ports[j]));
		if (good != (rows[i].ports != NULL) ||
		    (good && strcmp(buf_c(&got), rows[i].ports) != 0))
			fail_msg("%s: %s %s", rows[i].text,
				 good ? "good" : e.msg, buf_c(&got));
		buf_release(&got);
	}
}

struct mode_row {
	const char *text;
	uint32_t from;
	bool is_dir;
	int to; /* -1: an error */
};

static void modes_are_octal_or_symbolic(void **state)
{
	static const struct mode_row rows[] = {
		{"644", 0777, false, 0644},
		{"0644", 0777, false, 0644},
		{"4755", 0, false, 04755},
		{"7777", 0, true, 07777},
		{"0", 0777, false, 0},
		{"u+x", 0644, false, 0744},
		{"+x", 0644, false, 0755},
		{"a+x", 0644, false, 0755},
		{"go-r", 0644, false, 0600},
		{"u=rw,go=r", 0777, false, 0644},
		{"u=rwX,go=rX", 0644, false, 0644},
		{"u=rwX,go=rX", 0744, false, 0755},
		{"u=rwX,go=rX", 0600, true, 0755},
		{"g=u", 0640, false, 0660},
		{"o=g", 0640, false, 0644},
		{"o=", 0647, false, 0640},
		{"a=", 0777, false, 0},
		{"u+s", 0755, false, 04755},
		{"g+s", 0755, false, 02755},
		{"+t", 0777, true, 01777},
		{"o+t", 0777, true, 0777},
		{"u-s", 04755, false, 0755},
		{"u+t", 0644, false, 01644},
		{"o+s", 0644, false, 0644},
		{"+s", 0644, false, 06644},
		{"g+sx", 0644, false, 02654},
		{"u=g,g=o", 0644, false, 0444},
		{"ug=o", 0644, false, 0444},
		{"-r", 0644, false, 0200},
		{"=", 0644, false, 0},
		{"u+r-w", 0200, false, 0400},
		{"ug+rw", 0, false, 0660},
		{"a-w,u+w", 0666, false, 0644},
		{"", 0, false, -1},
		{"8", 0, false, -1},
		{"77777", 0, false, -1},
		{"0x1", 0, false, -1},
		{"u", 0, false, -1},
		{"u+q", 0, false, -1},
		{"u+x,", 0, false, -1},
		{",u+x", 0, false, -1},
		{"x", 0, false, -1},
		{"u+x g+x", 0, false, -1},
		{"644,u+x", 0, false, -1},
	};
	SCOPED_ARENA struct arena a = {0};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		const struct mode_change *m;
		struct err e;
		int got = -1;

		if (mode_parse(&a, str_from(rows[i].text), &m, &e) == 0)
			got = (int)mode_apply(m, rows[i].from, rows[i].is_dir);
		if (got != rows[i].to)
			fail_msg("%s on %o: got %o", rows[i].text, rows[i].from,
				 (unsigned)got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations_are_gos),
		cmocka_unit_test(sizes_are_go_units),
		cmocka_unit_test(signals_are_dockers),
		cmocka_unit_test(booleans_are_gos),
		cmocka_unit_test(ports_know_ranges_and_protocols),
		cmocka_unit_test(modes_are_octal_or_symbolic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
