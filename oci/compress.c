/*
 * A ring of blocks. The writer fills the block at `filled`, workers compress
 * any block that was handed over, and the writer puts finished ones out in
 * order, from `written` on. Small streams never start a thread.
 */
#include "oci/compress.h"

#include "base/mem.h"
#include "oci/codec.h"
#include "oci/descriptor.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
	BLOCK_SIZE = 1 << 20,
	MAX_THREADS = 64,
	BLOCKS_PER_THREAD = 2,
};

enum block_state {
	BLOCK_FREE,
	BLOCK_BUSY, /* handed over */
	BLOCK_DONE,
};

struct block {
	enum block_state state;
	bool failed;
	unsigned char *in;
	size_t n_in;
	unsigned char *out;
	size_t n_out;
};

/* A worker thread and its encoder's state. */
struct lane {
	struct compressor *c;
	pthread_t thread;
	void *state;
};

struct compressor {
	struct sink sink;
	struct sink *out;
	const struct encoder *encoder; /* NULL: bytes pass as they come */
	int level;
	void *state; /* the encoder's, of the calling thread */

	struct lane lanes[MAX_THREADS];
	unsigned n_wanted;
	unsigned n_lanes;
	bool started;
	bool empty; /* no byte came yet */
	bool stop;
	pthread_mutex_t lock;
	pthread_cond_t ready; /* a block for workers, or stop */
	pthread_cond_t done;  /* a block for the writer */

	struct block *blocks;
	size_t n_blocks;
	/* Blocks so far; the block of a count is count % n_blocks. */
	uint64_t filled;
	uint64_t taken;
	uint64_t written;
};

static const struct {
	const char *name;
	const char *media_type;
} kinds[] = {
	[COMPRESSION_NONE] = {"none", MEDIA_LAYER},
	[COMPRESSION_GZIP] = {"gzip", MEDIA_LAYER_GZIP},
	[COMPRESSION_ZSTD] = {"zstd", MEDIA_LAYER_ZSTD},
};

int compression_parse(struct str s, enum compression *out, struct err *e)
{
	if (str_eq_c(s, "uncompressed"))
		s = STR("none");
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (!str_eq_c(s, kinds[i].name))
			continue;
		*out = (enum compression)i;
		return 0;
	}
	return err_set(e, ERR_INVALID,
		       "compression '%.*s': expected none, uncompressed, gzip "
		       "or zstd",
		       STR_ARG(s));
}

const char *compression_name(enum compression kind)
{
	return kinds[kind].name;
}

const char *compression_media_type(enum compression kind)
{
	return kinds[kind].media_type;
}

static void encode_block(const struct compressor *c, void *state,
			 struct block *b)
{
	size_t room = c->encoder->bound(BLOCK_SIZE);
	ssize_t n;

	if (!b->out)
		b->out = xmalloc(room);
	n = c->encoder->encode(state, b->in, b->n_in, b->out, room);
	b->failed = n < 0;
	b->n_out = n < 0 ? 0 : (size_t)n;
}

static void *worker(void *arg)
{
	struct lane *lane = arg;
	struct compressor *c = lane->c;

	pthread_mutex_lock(&c->lock);
	for (;;) {
		struct block *b;

		while (!c->stop && c->taken == c->filled)
			pthread_cond_wait(&c->ready, &c->lock);
		if (c->stop)
			break;
		b = &c->blocks[c->taken++ % c->n_blocks];
		pthread_mutex_unlock(&c->lock);
		encode_block(c, lane->state, b);
		pthread_mutex_lock(&c->lock);
		b->state = BLOCK_DONE;
		pthread_cond_signal(&c->done);
	}
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

static bool lane_start(struct compressor *c)
{
	struct lane *lane = &c->lanes[c->n_lanes];
	struct err ignored;

	lane->c = c;
	lane->state = c->encoder->open(c->level, &ignored);
	if (!lane->state)
		return false;
	if (pthread_create(&lane->thread, NULL, worker, lane) != 0) {
		c->encoder->close(lane->state);
		return false;
	}
	c->n_lanes++;
	return true;
}

/* As many threads as can be had. None is no error: the caller does the work. */
static void start_threads(struct compressor *c)
{
	sigset_t all;
	sigset_t old;

	c->started = true;
	if (c->n_wanted < 2)
		return;
	(void)sigfillset(&all);
	/* signals are for the threads that the program knows */
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	while (c->n_lanes < c->n_wanted && lane_start(c))
		;
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static void stop_threads(struct compressor *c)
{
	pthread_mutex_lock(&c->lock);
	c->stop = true;
	pthread_cond_broadcast(&c->ready);
	pthread_mutex_unlock(&c->lock);
	for (unsigned i = 0; i < c->n_lanes; i++) {
		(void)pthread_join(c->lanes[i].thread, NULL);
		c->encoder->close(c->lanes[i].state);
	}
}

static int write_out(struct compressor *c, struct block *b, struct err *e)
{
	if (b->failed)
		return err_set(e, ERR_FAILED, "compression failed");
	b->n_in = 0;
	return c->out->write(c->out, b->out, b->n_out, e);
}

/* Wait for the oldest block that was handed over and write it. */
static int write_oldest(struct compressor *c, struct err *e)
{
	struct block *b = &c->blocks[c->written % c->n_blocks];

	pthread_mutex_lock(&c->lock);
	while (b->state != BLOCK_DONE)
		pthread_cond_wait(&c->done, &c->lock);
	b->state = BLOCK_FREE;
	pthread_mutex_unlock(&c->lock);
	c->written++;
	return write_out(c, b, e);
}

static struct block *current(struct compressor *c)
{
	return &c->blocks[c->filled % c->n_blocks];
}

/* The block being filled is to be compressed; the next one is free after. */
static int submit(struct compressor *c, struct err *e)
{
	struct block *b = current(c);

	if (b->n_in == BLOCK_SIZE && !c->started)
		start_threads(c);
	if (!c->n_lanes) {
		encode_block(c, c->state, b);
		return write_out(c, b, e);
	}
	pthread_mutex_lock(&c->lock);
	b->state = BLOCK_BUSY;
	c->filled++;
	pthread_cond_signal(&c->ready);
	pthread_mutex_unlock(&c->lock);
	if (c->filled - c->written < c->n_blocks)
		return 0;
	return write_oldest(c, e);
}

static int compressor_write(struct sink *s, const void *p, size_t n,
			    struct err *e)
{
	struct compressor *c = (struct compressor *)s;
	const unsigned char *bytes = p;

	c->empty = c->empty && n == 0;
	if (!c->encoder)
		return c->out->write(c->out, p, n, e);
	while (n) {
		struct block *b = current(c);
		size_t room = BLOCK_SIZE - b->n_in;
		size_t part = n < room ? n : room;

		if (!b->in)
			b->in = xmalloc(BLOCK_SIZE);
		memcpy(b->in + b->n_in, bytes, part);
		b->n_in += part;
		bytes += part;
		n -= part;
		if (b->n_in == BLOCK_SIZE && submit(c, e) < 0)
			return -1;
	}
	return 0;
}

static const struct encoder *encoder_for(enum compression kind, int *level)
{
	switch (kind) {
	case COMPRESSION_NONE: break;
	case COMPRESSION_GZIP: return encoder_gzip(level);
	case COMPRESSION_ZSTD: return encoder_zstd(level);
	}
	return NULL;
}

int compressor_begin(struct compressor **out_c,
		     const struct compression_spec *spec, unsigned n_threads,
		     struct sink *out, struct err *e)
{
	int level = spec->level;
	const struct encoder *encoder = encoder_for(spec->kind, &level);
	struct compressor *c;
	void *state = NULL;

	if (!encoder && spec->kind != COMPRESSION_NONE)
		return err_set(e, ERR_INVALID,
			       "compression-level %d: %s has levels 1 to %d",
			       spec->level, kinds[spec->kind].name,
			       spec->kind == COMPRESSION_GZIP ? 9 : 19);
	if (encoder && !(state = encoder->open(level, e)))
		return -1;
	c = xcalloc(1, sizeof(*c));
	c->sink.write = compressor_write;
	c->out = out;
	c->encoder = encoder;
	c->level = level;
	c->state = state;
	c->empty = true;
	c->n_wanted = n_threads < MAX_THREADS ? n_threads : MAX_THREADS;
	c->n_blocks = c->n_wanted < 2 ? 1 : c->n_wanted * BLOCKS_PER_THREAD;
	c->blocks = xcalloc(c->n_blocks, sizeof(*c->blocks));
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->ready, NULL);
	pthread_cond_init(&c->done, NULL);
	*out_c = c;
	return 0;
}

struct sink *compressor_sink(struct compressor *c)
{
	return &c->sink;
}

int compressor_finish(struct compressor *c, struct err *e)
{
	if (!c->encoder)
		return 0;
	/* nothing at all still is one member: an empty file is no gzip file */
	if ((current(c)->n_in || c->empty) && submit(c, e) < 0)
		return -1;
	while (c->written < c->filled)
		if (write_oldest(c, e) < 0)
			return -1;
	return 0;
}

void compressor_free(struct compressor *c)
{
	if (!c)
		return;
	stop_threads(c);
	if (c->state)
		c->encoder->close(c->state);
	for (size_t i = 0; i < c->n_blocks; i++) {
		free(c->blocks[i].in);
		free(c->blocks[i].out);
	}
	free(c->blocks);
	pthread_mutex_destroy(&c->lock);
	pthread_cond_destroy(&c->ready);
	pthread_cond_destroy(&c->done);
	free(c);
}
