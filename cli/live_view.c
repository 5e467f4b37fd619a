#include "cli/live_view.h"

#include "cli/text.h"

#include <stdio.h>
#include <string.h>

enum {
	TITLE_MAX_BYTES = 4096,
	LINE_MAX_BYTES = 1024, /* more of a line fits no terminal */
	TIME_COLUMNS = 8,
};

/* --- what happened ------------------------------------------------------ */

static void step_release(struct view_step *s)
{
	buf_release(&s->title);
	buf_release(&s->line);
	for (size_t i = 0; i < VIEW_TAIL_LINES; i++)
		buf_release(&s->tail[i]);
}

void live_view_release(struct live_view *v)
{
	for (size_t i = 0; i < v->steps.n; i++)
		step_release(&v->steps.v[i]);
	vec_release(&v->steps);
}

static void step_init(struct view_step *s)
{
	s->title = BUF_INIT(4 * TITLE_MAX_BYTES);
	s->line = BUF_INIT(2 * LINE_MAX_BYTES);
	for (size_t i = 0; i < VIEW_TAIL_LINES; i++)
		s->tail[i] = BUF_INIT(4 * LINE_MAX_BYTES);
}

static struct view_step *find_step(struct live_view *v, unsigned number)
{
	while (v->steps.n < number)
		step_init(vec_push(&v->steps));
	return &v->steps.v[number - 1];
}

static void begin_step(struct live_view *v, const struct event *event,
		       enum view_state state)
{
	struct view_step *s = find_step(v, event->step);

	s->state = state;
	s->started_ns = event->at_ns;
	buf_clear(&s->title);
	text_add(&s->title, str_sub(event->text, 0, TITLE_MAX_BYTES),
		 TEXT_PLAIN);
	v->n_over += state != VIEW_RUNNING;
}

static void end_step(struct live_view *v, const struct event *event,
		     enum view_state state)
{
	struct view_step *s = find_step(v, event->step);

	s->state = state;
	s->duration_ns = event->duration_ns;
	v->n_over++;
	v->failed |= state == VIEW_FAILED;
}

static void end_line(struct view_step *s)
{
	struct buf *to = &s->tail[s->n_lines % VIEW_TAIL_LINES];

	buf_clear(to);
	text_add(to, buf_str(&s->line), TEXT_PLAIN);
	buf_clear(&s->line);
	s->n_lines++;
}

static void add_part(struct view_step *s, struct str part)
{
	ptrdiff_t again;

	/* "\r" begins the line anew, unless it is half of "\r\n" */
	if (str_ends(part, "\r"))
		part.n--;
	again = str_rfind(part, '\r');
	if (again >= 0) {
		buf_clear(&s->line);
		part = str_skip(part, (size_t)again + 1);
	}
	if (s->line.n < LINE_MAX_BYTES)
		buf_add_str(&s->line,
			    str_sub(part, 0, LINE_MAX_BYTES - s->line.n));
}

static void add_output(struct view_step *s, struct str rest)
{
	struct str part;

	while (str_cut(rest, '\n', &part, &rest)) {
		add_part(s, part);
		end_line(s);
	}
	add_part(s, part);
}

void live_view_add(struct live_view *v, const struct event *event)
{
	switch (event->kind) {
	case EVENT_BUILD_START:
		v->started_ns = event->at_ns;
		v->n_steps = event->n_steps;
		break;
	case EVENT_STEP_START: begin_step(v, event, VIEW_RUNNING); break;
	case EVENT_STEP_CACHED: begin_step(v, event, VIEW_CACHED); break;
	case EVENT_STEP_OUTPUT:
		add_output(find_step(v, event->step), event->text);
		break;
	case EVENT_STEP_DONE: end_step(v, event, VIEW_DONE); break;
	case EVENT_STEP_FAILED: end_step(v, event, VIEW_FAILED); break;
	case EVENT_STEP_CANCELLED: end_step(v, event, VIEW_CANCELLED); break;
	case EVENT_STEP_REASON:
	case EVENT_STEP_SHELL:
	case EVENT_NOTE:
	case EVENT_TICK: break;
	}
}

/* --- how it looks ------------------------------------------------------- */

static const char *const MARKS[] = {
	[VIEW_RUNNING] = "",
	[VIEW_DONE] = "",
	[VIEW_CACHED] = "CACHED ",
	[VIEW_FAILED] = "ERROR ",
	[VIEW_CANCELLED] = "CANCELED ",
};

static const char *const COLOURS[] = {
	[VIEW_RUNNING] = "",	       [VIEW_DONE] = "\x1b[34m",
	[VIEW_CACHED] = "\x1b[34m",    [VIEW_FAILED] = "\x1b[31m",
	[VIEW_CANCELLED] = "\x1b[33m",
};

static void add_spaces(struct buf *out, size_t n)
{
	while (n-- > 0)
		buf_add_char(out, ' ');
}

/* text at the left, a time at the right edge. */
static void add_line(struct buf *out, const struct view_look *look,
		     const char *colour, struct str text, const char *time)
{
	size_t n_time = time ? strlen(time) : 0;
	size_t room = look->columns > n_time + 1 ? look->columns - n_time - 1
						 : look->columns;
	struct str shown = text_fit(text, time ? room : look->columns);

	if (look->colour)
		buf_add_c(out, colour);
	buf_add_str(out, shown);
	if (time && room < look->columns) {
		add_spaces(out, room - text_width(shown) + 1);
		buf_add_c(out, time);
	}
	if (look->colour && *colour)
		buf_add_c(out, "\x1b[0m");
	buf_add_char(out, '\n');
}

static void draw_header(const struct live_view *v, const struct view_look *look,
			struct buf *out)
{
	SCOPED_BUF struct buf text = BUF_INIT(256);
	double seconds = (double)(look->now_ns - v->started_ns) / 1e9;
	const char *how = !look->over ? ""
			  : v->failed ? " FAILED"
				      : " FINISHED";

	buf_printf(&text, "[+] Building %.1fs (%zu/%zu)%s", seconds, v->n_over,
		   v->n_steps, how);
	add_line(out, look,
		 v->failed    ? COLOURS[VIEW_FAILED]
		 : look->over ? COLOURS[VIEW_DONE]
			      : "",
		 buf_str(&text), NULL);
}

static void draw_step(const struct view_step *s, const struct view_look *look,
		      struct buf *out)
{
	SCOPED_BUF struct buf text = BUF_INIT(4 * TITLE_MAX_BYTES + 64);
	int64_t ns = s->state == VIEW_RUNNING ? look->now_ns - s->started_ns
					      : s->duration_ns;
	char time[32];

	(void)snprintf(time, sizeof(time), "%.1fs", (double)ns / 1e9);
	buf_printf(&text, " => %s", MARKS[s->state]);
	buf_add_str(&text, buf_str(&s->title));
	add_line(out, look, COLOURS[s->state], buf_str(&text), time);
}

static void draw_log_line(struct str line, const struct view_look *look,
			  struct buf *out)
{
	SCOPED_BUF struct buf text = BUF_INIT(8 * LINE_MAX_BYTES);

	buf_add_c(&text, " => => # ");
	buf_add_str(&text, line);
	add_line(out, look, "", buf_str(&text), NULL);
}

static size_t tail_lines(const struct view_step *s, size_t limit)
{
	size_t n = s->n_lines + (s->line.n > 0);

	if (n > VIEW_TAIL_LINES)
		n = VIEW_TAIL_LINES;
	return n < limit ? n : limit;
}

/* The last n lines that a step printed. */
static void draw_tail(const struct view_step *s, size_t n,
		      const struct view_look *look, struct buf *out)
{
	SCOPED_BUF struct buf unfinished = BUF_INIT(4 * LINE_MAX_BYTES);
	size_t n_whole = n - (n > 0 && s->line.n > 0);

	for (size_t i = s->n_lines - n_whole; i < s->n_lines; i++)
		draw_log_line(buf_str(&s->tail[i % VIEW_TAIL_LINES]), look,
			      out);
	if (n_whole == n)
		return;
	text_add(&unfinished, buf_str(&s->line), TEXT_PLAIN);
	draw_log_line(buf_str(&unfinished), look, out);
}

/* What of the rows goes to whom. */
struct shares {
	size_t n_running;  /* steps, those that there is room for */
	size_t n_tail;	   /* lines of each of their logs */
	size_t n_finished; /* steps, the latest */
};

static size_t count_running(const struct live_view *v)
{
	size_t n = 0;

	for (size_t i = 0; i < v->steps.n; i++)
		n += v->steps.v[i].state == VIEW_RUNNING;
	return n;
}

static size_t count_tails(const struct live_view *v, size_t limit)
{
	size_t n = 0;

	for (size_t i = 0; i < v->steps.n; i++)
		if (v->steps.v[i].state == VIEW_RUNNING)
			n += tail_lines(&v->steps.v[i], limit);
	return n;
}

static struct shares share_rows(const struct live_view *v,
				const struct view_look *look)
{
	size_t n_running = count_running(v);
	size_t n_finished = v->steps.n - n_running;
	struct shares s = {n_running, VIEW_TAIL_LINES, n_finished};
	/* the header, and the line below, where the cursor stands */
	size_t room = look->rows > 2 ? look->rows - 2 : 1;

	if (look->rows == 0)
		return s;
	if (s.n_running > room)
		s.n_running = room;
	room -= s.n_running;
	while (s.n_tail > 0 && count_tails(v, s.n_tail) > room)
		s.n_tail--;
	room -= count_tails(v, s.n_tail);
	if (s.n_finished > room)
		s.n_finished = room;
	return s;
}

void live_view_draw(const struct live_view *v, const struct view_look *look,
		    struct buf *out)
{
	struct shares shares = share_rows(v, look);
	size_t n_left_out = v->steps.n - count_running(v) - shares.n_finished;

	if (look->over)
		shares.n_tail = 0;
	draw_header(v, look, out);
	for (size_t i = 0; i < v->steps.n; i++) {
		const struct view_step *s = &v->steps.v[i];

		if (s->state != VIEW_RUNNING) {
			if (n_left_out > 0)
				n_left_out--;
			else
				draw_step(s, look, out);
			continue;
		}
		if (shares.n_running == 0)
			continue;
		shares.n_running--;
		draw_step(s, look, out);
		draw_tail(s, tail_lines(s, shares.n_tail), look, out);
	}
}
