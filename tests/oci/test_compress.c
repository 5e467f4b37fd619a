#include "support.h"

#include "base/digest.h"
#include "oci/codec.h"
#include "oci/compress.h"

#include <stdlib.h>

enum { MIB = 1 << 20 };

/* Text-like bytes that are the same in every run. */
static struct str sample(size_t n)
{
	char *p = xmalloc(n + 1);
	uint32_t x = 1;

	for (size_t i = 0; i < n; i++) {
		x = x * 1103515245 + 12345;
		p[i] = "the quick brown fox "[(x >> 16) % 20];
	}
	return (struct str){p, n};
}

static void compress(enum compression kind, int level, unsigned n_threads,
		     struct str in, size_t step, struct buf_sink *out)
{
	const struct compression_spec spec = {kind, level};
	struct compressor *c;
	struct err e;

	buf_sink_init(out);
	if (compressor_begin(&c, &spec, n_threads, &out->sink, &e) < 0)
		fail_msg("%s", e.msg);
	for (size_t at = 0; at < in.n; at += step) {
		size_t n = in.n - at < step ? in.n - at : step;
		struct sink *s = compressor_sink(c);

		assert_int_equal(s->write(s, in.p + at, n, &e), 0);
	}
	assert_int_equal(compressor_finish(c, &e), 0);
	compressor_free(c);
}

/* 0 with all bytes in out, or -1 with e. */
static int decompress(struct str in, size_t step, struct buf *out,
		      const char **kind, struct err *e)
{
	struct decompressor *d;
	struct str_source source;
	char chunk[5000];
	ssize_t n;

	str_source_init(&source, in, step);
	*e = (struct err){0};
	if (decompressor_begin(&d, &source.source, kind, e) < 0)
		return -1;
	while ((n = decompressor_source(d)->read(decompressor_source(d), chunk,
						 sizeof(chunk), e)) > 0)
		buf_add(out, chunk, (size_t)n);
	decompressor_free(d);
	return (int)n;
}

static void bytes_do_not_depend_on_threads_or_cuts(void **state)
{
	static const struct {
		enum compression kind;
		int level;
	} table[] = {
		{COMPRESSION_GZIP, 0}, {COMPRESSION_GZIP, 1},
		{COMPRESSION_GZIP, 3}, {COMPRESSION_GZIP, 6},
		{COMPRESSION_ZSTD, 0}, {COMPRESSION_ZSTD, 3},
	};
	struct str in = sample(5 * MIB + 12345);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct buf_sink one;
		struct buf_sink three;
		SCOPED_BUF struct buf back = BUF_INIT((size_t)1 << 30);
		const char *kind;
		struct err e;

		compress(table[i].kind, table[i].level, 1, in, in.n, &one);
		compress(table[i].kind, table[i].level, 3, in, 7777, &three);
		assert_int_equal(one.buf.n, three.buf.n);
		assert_memory_equal(one.buf.p, three.buf.p, one.buf.n);
		assert_int_equal(
			decompress(buf_str(&one.buf), 3333, &back, &kind, &e),
			0);
		assert_string_equal(kind, compression_name(table[i].kind));
		assert_int_equal(back.n, in.n);
		assert_memory_equal(back.p, in.p, in.n);
		buf_sink_release(&one);
		buf_sink_release(&three);
	}
	free((char *)in.p);
}

/* Short, so that tables are small, and its beginning comes again. */
static void repeating_block(unsigned char *p, size_t n, uint32_t seed)
{
	for (size_t i = 0; i < n; i++) {
		seed = seed * 1103515245 + 12345;
		p[i] = i % 40 < 10 && i >= 40 ? p[i % 40 + i / 80]
					      : (unsigned char)(seed >> 16);
	}
}

static void bytes_do_not_depend_on_where_an_encoder_lies(void **state)
{
	enum { ENCODERS = 200, BLOCKS = 40, SIZE = 300, ROOM = 4096 };

	(void)state;
	for (int gzip_level = 1; gzip_level <= 4; gzip_level++) {
		int level = gzip_level;
		const struct encoder *encoder = encoder_gzip(&level);
		static unsigned char expected[BLOCKS][ROOM];
		void *states[ENCODERS];
		struct err e;

		for (int i = 0; i < ENCODERS; i++) {
			states[i] = encoder->open(level, &e);
			assert_non_null(states[i]);
		}
		for (int i = 0; i < ENCODERS * BLOCKS; i++) {
			unsigned char *first = expected[i % BLOCKS];
			unsigned char in[SIZE];
			unsigned char out[ROOM] = {0};

			repeating_block(in, SIZE, (uint32_t)(i % BLOCKS));
			assert_true(encoder->encode(states[i / BLOCKS], in,
						    SIZE, out, ROOM) > 0);
			if (i < BLOCKS)
				memcpy(first, out, ROOM);
			assert_memory_equal(out, first, ROOM);
		}
		for (int i = 0; i < ENCODERS; i++)
			encoder->close(states[i]);
	}
}

static void gzip_headers_have_no_time(void **state)
{
	static const int levels[] = {1, 2, 3, 4, 9};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(levels); i++) {
		struct buf_sink out;

		compress(COMPRESSION_GZIP, levels[i], 1, STR("x"), 1, &out);
		assert_memory_equal(out.buf.p,
				    "\x1f\x8b\x08\x00\x00\x00\x00\x00", 8);
		buf_sink_release(&out);
	}
}

static void nothing_compresses_to_an_empty_member(void **state)
{
	static const enum compression kinds[] = {COMPRESSION_GZIP,
						 COMPRESSION_ZSTD};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		SCOPED_BUF struct buf back = BUF_INIT(100);
		struct buf_sink out;
		const char *kind;
		struct err e;

		compress(kinds[i], 0, 2, STR(""), 1, &out);
		assert_true(out.buf.n > 0);
		assert_int_equal(
			decompress(buf_str(&out.buf), 100, &back, &kind, &e),
			0);
		assert_int_equal(back.n, 0);
		buf_sink_release(&out);
	}
}

static void what_is_not_compressed_passes(void **state)
{
	static const char *const table[] = {
		"",	    "a",   "\x1f",
		"\x1f\x8b", "BZh", "plain text, longer than a magic"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		SCOPED_BUF struct buf back = BUF_INIT(1000);
		const char *kind;
		struct err e;

		assert_int_equal(
			decompress(str_from(table[i]), 1, &back, &kind, &e), 0);
		assert_string_equal(kind, "none");
		assert_string_equal(buf_c(&back), table[i]);
	}
}

/* "hello\n" by bzip2 1.0.8 and xz 5.4 */
#define HELLO_BZIP2                                                        \
	"\x42\x5a\x68\x39\x31\x41\x59\x26\x53\x59\xc1\xc0\x80\xe2\x00\x00" \
	"\x01\x41\x00\x00\x10\x02\x44\xa0\x00\x30\xcd\x00\xc3\x46\x29\x97" \
	"\x17\x72\x45\x38\x50\x90\xc1\xc0\x80\xe2"
#define HELLO_XZ                                                           \
	"\xfd\x37\x7a\x58\x5a\x00\x00\x04\xe6\xd6\xb4\x46\x02\x00\x21\x01" \
	"\x16\x00\x00\x00\x74\x2f\xe5\xa3\x01\x00\x05\x68\x65\x6c\x6c\x6f" \
	"\x0a\x00\x00\x00\xa5\x60\x97\xf1\x94\xf6\xfd\xe0\x00\x01\x1e\x06" \
	"\xc1\x2f\xa4\x1d\x1f\xb6\xf3\x7d\x01\x00\x00\x00\x00\x04\x59\x5a"

static void add_hello(struct buf *out, enum compression kind)
{
	struct buf_sink part;

	compress(kind, 0, 1, STR("hello\n"), 6, &part);
	buf_add_str(out, buf_str(&part.buf));
	buf_sink_release(&part);
}

/* Each kind's "hello\n", in one member. */
static size_t hello_in_all_kinds(struct buf out[4])
{
	for (size_t i = 0; i < 4; i++)
		out[i] = BUF_INIT(1000);
	add_hello(&out[0], COMPRESSION_GZIP);
	add_hello(&out[1], COMPRESSION_ZSTD);
	buf_add_str(&out[2], STR(HELLO_BZIP2));
	buf_add_str(&out[3], STR(HELLO_XZ));
	return 4;
}

static void concatenated_members_are_one_stream(void **state)
{
	struct buf in[4];
	size_t n = hello_in_all_kinds(in);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		SCOPED_BUF struct buf twice = BUF_INIT(1000);
		SCOPED_BUF struct buf back = BUF_INIT(1000);
		const char *kind;
		struct err e;

		buf_add_str(&twice, buf_str(&in[i]));
		buf_add_str(&twice, buf_str(&in[i]));
		if (decompress(buf_str(&twice), 1, &back, &kind, &e) < 0)
			fail_msg("%s: %s", kind, e.msg);
		assert_string_equal(buf_c(&back), "hello\nhello\n");
		buf_release(&in[i]);
	}
}

static void every_truncation_is_corrupt(void **state)
{
	struct buf in[4];
	size_t n_kinds = hello_in_all_kinds(in);

	(void)state;
	for (size_t i = 0; i < n_kinds; i++) {
		for (size_t n = 6; n < in[i].n; n++) {
			SCOPED_BUF struct buf back = BUF_INIT(1000);
			const char *kind;
			struct err e;

			if (decompress((struct str){in[i].p, n}, 100, &back,
				       &kind, &e) == 0)
				fail_msg("%s cut at %zu was accepted", kind, n);
			assert_int_equal(e.code, ERR_CORRUPT);
		}
		buf_release(&in[i]);
	}
}

static void every_changed_byte_is_harmless(void **state)
{
	struct buf in[4];
	size_t n_kinds = hello_in_all_kinds(in);

	(void)state;
	for (size_t i = 0; i < n_kinds; i++) {
		for (size_t at = 0; at < in[i].n * 8; at++) {
			SCOPED_BUF struct buf back = BUF_INIT(1 << 20);
			const char *kind;
			struct err e;

			in[i].p[at / 8] ^= (char)(1 << at % 8);
			(void)decompress(buf_str(&in[i]), 100, &back, &kind,
					 &e);
			in[i].p[at / 8] ^= (char)(1 << at % 8);
		}
		buf_release(&in[i]);
	}
}

static void zeros_behind_are_padding_and_garbage_is_corrupt(void **state)
{
	struct buf in[4];
	size_t n = hello_in_all_kinds(in);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		SCOPED_BUF struct buf back = BUF_INIT(1000);
		const char *kind;
		struct err e;

		buf_add_str(&in[i], STR("\0\0\0\0"));
		assert_int_equal(
			decompress(buf_str(&in[i]), 3, &back, &kind, &e), 0);
		buf_add_str(&in[i], STR("garbage"));
		assert_int_equal(
			decompress(buf_str(&in[i]), 3, &back, &kind, &e), -1);
		assert_error(&e, ERR_CORRUPT, "garbage");
		buf_release(&in[i]);
	}
}

static void unknown_levels_and_kinds_are_invalid(void **state)
{
	static const struct compression_spec table[] = {
		{COMPRESSION_GZIP, 10},
		{COMPRESSION_GZIP, -1},
		{COMPRESSION_ZSTD, 20},
	};
	enum compression kind;
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct compressor *c;
		struct buf_sink out;

		buf_sink_init(&out);
		assert_int_equal(
			compressor_begin(&c, &table[i], 1, &out.sink, &e), -1);
		assert_error(&e, ERR_INVALID, "compression-level");
	}
	assert_int_equal(compression_parse(STR("lzma"), &kind, &e), -1);
	assert_int_equal(compression_parse(STR("uncompressed"), &kind, &e), 0);
	assert_int_equal(kind, COMPRESSION_NONE);
}

static int refuse(struct sink *s, const void *p, size_t n, struct err *e)
{
	(void)s;
	(void)p;
	(void)n;
	return err_set(e, ERR_FAILED, "disk full");
}

static void an_error_of_the_sink_ends_it(void **state)
{
	const struct compression_spec spec = {COMPRESSION_ZSTD, 0};
	struct str in = sample(20 * MIB);
	struct sink bad = {refuse};
	struct compressor *c;
	struct err e;

	(void)state;
	assert_int_equal(compressor_begin(&c, &spec, 3, &bad, &e), 0);
	assert_int_equal(
		compressor_sink(c)->write(compressor_sink(c), in.p, in.n, &e),
		-1);
	assert_error(&e, ERR_FAILED, "disk full");
	compressor_free(c);
	free((char *)in.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_do_not_depend_on_threads_or_cuts),
		cmocka_unit_test(bytes_do_not_depend_on_where_an_encoder_lies),
		cmocka_unit_test(gzip_headers_have_no_time),
		cmocka_unit_test(nothing_compresses_to_an_empty_member),
		cmocka_unit_test(what_is_not_compressed_passes),
		cmocka_unit_test(concatenated_members_are_one_stream),
		cmocka_unit_test(every_truncation_is_corrupt),
		cmocka_unit_test(every_changed_byte_is_harmless),
		cmocka_unit_test(
			zeros_behind_are_padding_and_garbage_is_corrupt),
		cmocka_unit_test(unknown_levels_and_kinds_are_invalid),
		cmocka_unit_test(an_error_of_the_sink_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
