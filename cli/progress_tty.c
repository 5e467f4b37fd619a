/*
 * The live renderer: the picture of live_view.h, drawn over itself ten times a
 * second. A picture leaves the cursor on the line below it, visible, so that
 * the terminal is as it should be whenever imgbuild dies.
 */
#include "cli/progress.h"

#include "base/clock.h"
#include "base/io.h"
#include "cli/live_view.h"
#include "cli/text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
	TICK_MS = 100,
	PICTURE_MAX_BYTES = 64 << 20,
	DEFAULT_ROWS = 24,
	DEFAULT_COLUMNS = 80,
};

struct tty {
	struct progress progress;
	int fd;
	bool colour;
	bool finished;
	struct live_view view;
	struct buf notes;     /* to stay above the picture */
	size_t n_drawn;	      /* lines of the last picture */
	struct winsize drawn; /* the terminal's size then */
};

static struct winsize size_of(int fd)
{
	struct winsize size = {0};

	(void)ioctl(fd, TIOCGWINSZ, &size);
	if (size.ws_row == 0)
		size.ws_row = DEFAULT_ROWS;
	if (size.ws_col == 0)
		size.ws_col = DEFAULT_COLUMNS;
	return size;
}

static bool same_size(const struct winsize *a, const struct winsize *b)
{
	return a->ws_row == b->ws_row && a->ws_col == b->ws_col;
}

/* Where the next picture begins. */
static void go_back(const struct tty *t, const struct winsize *size,
		    struct buf *out)
{
	/*
	 * A terminal of another size may have wrapped the lines, or not: what
	 * is known for sure is where the screen begins.
	 */
	if (t->n_drawn && !same_size(size, &t->drawn))
		buf_add_c(out, "\x1b[H\x1b[J");
	else if (t->n_drawn)
		buf_printf(out, "\x1b[%zuA\r", t->n_drawn);
}

/* Lines, each over what was there before. */
static size_t add_lines(struct buf *out, struct str text)
{
	struct str line;
	size_t n = 0;

	while (str_cut(text, '\n', &line, &text)) {
		buf_add_c(out, "\x1b[2K");
		buf_add_str(out, line);
		buf_add_char(out, '\n');
		n++;
	}
	return n;
}

static void draw(struct tty *t, bool over)
{
	SCOPED_BUF struct buf picture = BUF_INIT(PICTURE_MAX_BYTES);
	SCOPED_BUF struct buf out = BUF_INIT(2 * PICTURE_MAX_BYTES);
	struct winsize size = size_of(t->fd);
	const struct view_look look = {
		.columns = size.ws_col,
		.rows = over ? 0 : size.ws_row,
		.colour = t->colour,
		.over = over,
		.now_ns = clock_monotonic_ns(),
	};
	struct err ignored; /* nobody looks: the build goes on */

	live_view_draw(&t->view, &look, &picture);
	buf_add_c(&out, "\x1b[?25l");
	go_back(t, &size, &out);
	(void)add_lines(&out, buf_str(&t->notes));
	t->n_drawn = add_lines(&out, buf_str(&picture));
	buf_add_c(&out, "\x1b[J\x1b[?25h");
	buf_clear(&t->notes);
	t->drawn = size;
	(void)io_write_all(t->fd, out.p, out.n, "progress", &ignored);
}

static void finish(struct progress *progress)
{
	struct tty *t = (struct tty *)progress;

	if (t->finished || t->view.n_steps == 0)
		return;
	t->finished = true;
	draw(t, true);
}

static void say_shell(const struct tty *t)
{
	static const char text[] = "a shell; `exit` ends it\n";
	struct err ignored; /* nobody looks: the shell comes all the same */

	(void)io_write_all(t->fd, text, strlen(text), "progress", &ignored);
}

static void emit(struct event_sink *sink, const struct event *event)
{
	struct tty *t = (struct tty *)sink;

	live_view_add(&t->view, event);
	if (event->kind == EVENT_STEP_REASON)
		buf_printf(&t->notes, "#%u why: ", event->step);
	if (event->kind == EVENT_NOTE)
		buf_add_c(&t->notes, "note: ");
	if (event->kind == EVENT_NOTE || event->kind == EVENT_STEP_REASON) {
		text_add(&t->notes, event->text, TEXT_PLAIN);
		buf_add_char(&t->notes, '\n');
	}
	if (event->kind == EVENT_TICK && !t->finished)
		draw(t, false);
	if (event->kind == EVENT_STEP_SHELL) {
		finish(&t->progress);
		say_shell(t);
	}
}

static void release(struct progress *progress)
{
	struct tty *t = (struct tty *)progress;

	live_view_release(&t->view);
	buf_release(&t->notes);
	free(t);
}

bool progress_tty_possible(int fd)
{
	const char *term = getenv("TERM");

	return isatty(fd) && term && *term && strcmp(term, "dumb") != 0;
}

struct progress *progress_tty_new(int fd)
{
	struct tty *t = xcalloc(1, sizeof(*t));
	const char *no_colour = getenv("NO_COLOR");

	t->progress = (struct progress){
		.sink = {emit, TICK_MS}, .finish = finish, .release = release};
	t->fd = fd;
	t->colour = !no_colour || !*no_colour;
	t->notes = BUF_INIT(PICTURE_MAX_BYTES);
	return &t->progress;
}
