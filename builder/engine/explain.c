#include "builder/engine/explain.h"

#include "base/clock.h"
#include "base/redact.h"
#include "cache/listing.h"

#include <string.h>

static struct digest identity_of(const struct build *b)
{
	return digest_of(b->opt->identity.p, b->opt->identity.n);
}

static void tell(struct build *b, unsigned number, const struct reason *r)
{
	SCOPED_BUF struct buf text = BUF_INIT(1u << 20);
	SCOPED_BUF struct buf data = BUF_INIT(1u << 20);

	if (!b->opt->explain)
		return;
	reason_add_text(&text, r);
	reason_add_json(&data, r);
	b->events.sink.emit(&b->events.sink,
			    &(struct event){.kind = EVENT_STEP_REASON,
					    .step = number,
					    .text = buf_str(&text),
					    .data = buf_str(&data),
					    .at_ns = clock_monotonic_ns()});
}

/* The last build of the same, read when the first step needs it. */
static const struct trace *last_trace(struct build *b)
{
	struct digest identity = identity_of(b);
	struct err ignored;

	(void)pthread_mutex_lock(&b->lock);
	if (!b->before_read && b->opt->identity.n)
		(void)trace_read(b->store, &identity, &b->before, &ignored);
	b->before_read = true;
	(void)pthread_mutex_unlock(&b->lock);
	return &b->before;
}

static bool names_variable(const struct step_run *run, struct str name)
{
	for (size_t i = 0; i < run->argv.n; i++)
		if (memmem(run->argv.v[i].p, run->argv.v[i].n, name.p, name.n))
			return true;
	return memmem(run->script.p ? run->script.p : "", run->script.n, name.p,
		      name.n) != NULL;
}

/* An ARG or ENV that moved for nothing. */
static void mark_unused(struct job *j)
{
	if (j->step->kind != STEP_RUN)
		return;
	for (size_t i = 0; i < j->reasons.v.n; i++) {
		struct reason *r = &j->reasons.v.v[i];

		r->unused = str_eq_c(r->component, "env") && r->subject.n &&
			    !names_variable(&j->step->run, r->subject);
	}
}

/* Content by what the Dockerfile calls it: a source, or a mount's target. */
static void name_inputs(struct job *j)
{
	for (size_t i = 0; i < j->reasons.v.n; i++) {
		struct reason *r = &j->reasons.v.v[i];

		for (size_t k = 0; k < j->recipe->n_inputs; k++) {
			const struct recipe_input *in = &j->recipe->inputs[k];

			if (!in->component.n ||
			    !str_eq(r->component, in->component))
				continue;
			r->subject = redact_str(
				&j->reasons.arena,
				arena_str(&j->reasons.arena,
					  in->source ? in->source->path
						     : j->step->run.mounts[k]
							       .target));
		}
	}
}

/* 1 there is one (in before), 0 not. */
static int compare(struct build *b, struct job *j, struct key *before)
{
	const struct trace_step *earlier =
		trace_earlier(last_trace(b), j->stage->title, j->step->number,
			      j->step->title);
	struct err ignored;

	if (!earlier || record_read(b->store, &earlier->key, before,
				    &j->earlier, &ignored) <= 0) {
		(void)reasons_add(&j->reasons, REASON_FIRST);
		return 0;
	}
	j->has_earlier = true;
	reasons_compare(&j->reasons, before, &j->recipe->key);
	if (j->reasons.v.n == 0)
		(void)reasons_add(&j->reasons, b->opt->no_cache
						       ? REASON_NO_CACHE
						       : REASON_GONE);
	mark_unused(j);
	name_inputs(j);
	return 1;
}

static bool find_digest(const struct key *k, struct str name,
			struct digest *out)
{
	for (size_t i = 0; k && i < k->components.n; i++)
		if (str_eq(k->components.v[i].name, name))
			return digest_parse(k->components.v[i].value, out);
	return false;
}

/* Keeps the input's listing, and names the files that differ from before. */
static void list_input(struct build *b, struct job *j,
		       const struct recipe_input *in, const struct key *before)
{
	struct digest old;
	bool differs = find_digest(before, in->component, &old) &&
		       !digest_eq(&old, &in->content);
	struct listing *l;
	struct err ignored;
	int made;

	(void)pthread_mutex_lock(&b->lock);
	made = build_work(b, &ignored);
	(void)pthread_mutex_unlock(&b->lock);
	if (made < 0)
		return;
	l = listing_begin(b->store, b->work_fd, &in->content,
			  differs ? &old : NULL, in->owner, in->component,
			  &j->reasons);
	listing_end(l, recipe_read_input(j->recipe, in, listing_reader(l),
					 &ignored) == 0);
}

void explain_miss(struct build *b, struct job *j, unsigned number)
{
	struct key before = {0};
	int found = compare(b, j, &before);

	for (size_t i = 0; i < j->recipe->n_inputs; i++)
		if (j->recipe->inputs[i].component.n)
			list_input(b, j, &j->recipe->inputs[i],
				   found ? &before : NULL);
	for (size_t i = 0; i < j->reasons.v.n; i++)
		tell(b, number, &j->reasons.v.v[i]);
	key_release(&before);
}

void explain_result(struct build *b, struct job *j, unsigned number,
		    const struct layer *made)
{
	const struct reason *first = j->reasons.v.n ? &j->reasons.v.v[0] : NULL;

	if (!first || first->kind != REASON_COMPONENT || !j->has_earlier ||
	    !digest_eq(&j->earlier.content_id, &made->content_id))
		return;
	tell(b, number, reasons_add(&j->reasons, REASON_SAME));
}

/*
 * Of a step that a failed build did not come to, what the last one knew of it.
 * Strings and reasons are borrowed for the writing.
 */
static void keep_step(struct build *b, const struct job *j, struct trace *t)
{
	const struct step *step = j->step;
	const struct trace_step *earlier;

	if (!digest_eq(&j->key, &(struct digest){0})) {
		*vec_push(&t->steps) = (struct trace_step){
			.stage = j->stage->title,
			.title = step->title,
			.number = step->number,
			.key = j->key,
			.ran = j->ran,
			.reasons = j->reasons,
		};
		return;
	}
	earlier = trace_earlier(last_trace(b), j->stage->title, step->number,
				step->title);
	if (earlier)
		*vec_push(&t->steps) = *earlier;
}

static bool is_planned(const struct jobs *jobs, struct str stage)
{
	for (size_t i = 0; i < jobs->n; i++)
		if (str_eq(jobs->v[i].stage->title, stage))
			return true;
	return false;
}

/* Those of stages that this target does not need, as they were. */
static void keep_others(struct build *b, const struct jobs *jobs,
			struct trace *t)
{
	const struct trace *last = last_trace(b);

	for (size_t i = 0; i < last->steps.n; i++)
		if (!is_planned(jobs, last->steps.v[i].stage))
			*vec_push(&t->steps) = last->steps.v[i];
}

void explain_keep(struct build *b, const struct jobs *jobs)
{
	SCOPED_TRACE struct trace t = {.at_ns = clock_realtime_ns()};
	struct digest identity = identity_of(b);
	struct err ignored;

	if (b->opt->identity.n == 0)
		return;
	for (size_t i = 0; i < b->opt->n_names; i++)
		*vec_push(&t.names) = b->opt->names[i];
	for (size_t i = 0; i < jobs->n; i++)
		if (jobs->v[i].step)
			keep_step(b, &jobs->v[i], &t);
	t.n_own = t.steps.n;
	if (b->ran || !trace_is_of(b->store, &identity, &t)) {
		keep_others(b, jobs, &t);
		(void)trace_write(b->store, &identity, &t, &ignored);
	}
	for (size_t i = 0; i < t.steps.n; i++)
		t.steps.v[i].reasons = (struct reasons){0};
}

void explain_release(struct build *b)
{
	trace_release(&b->before);
}
