/* The graph of jobs, from the plan. */
#include "builder/engine/job.h"

#include <stdlib.h>

/* A base image counts as the first of its stage. */
static struct str title_of(struct arena *a, const struct plan_stage *stage,
			   size_t number, struct str text)
{
	size_t base = stage->base_kind == BASE_IMAGE;

	return arena_printf(a, "[%.*s%s%zu/%zu] %.*s", STR_ARG(stage->title),
			    stage->title.n ? " " : "", number + base,
			    stage->n_steps + base, STR_ARG(text));
}

static struct str beginning_title(struct arena *a,
				  const struct plan_stage *stage)
{
	if (stage->base_kind != BASE_IMAGE)
		return (struct str){0};
	return title_of(
		a, stage, 0,
		arena_printf(a, "FROM %.*s", STR_ARG(stage->base_image->name)));
}

static void add(struct jobs *j, const struct plan_stage *stage,
		const struct step *step, struct str title)
{
	j->v[j->n] = (struct job){
		.index = j->n, .stage = stage, .step = step, .title = title};
	j->n++;
	j->n_shown += title.n > 0;
}

void jobs_init(struct jobs *j, const struct plan *plan, struct arena *a)
{
	size_t n = plan->n_stages;

	*j = (struct jobs){0};
	for (size_t i = 0; i < plan->n_stages; i++)
		n += plan->stages[i]->n_steps;
	j->v = xcalloc(n, sizeof(*j->v));
	for (size_t i = 0; i < plan->n_stages; i++) {
		const struct plan_stage *stage = plan->stages[i];

		add(j, stage, NULL, beginning_title(a, stage));
		for (size_t k = 0; k < stage->n_steps; k++) {
			const struct step *step = &stage->steps[k];

			add(j, stage, step,
			    title_of(a, stage, step->number, step->title));
		}
	}
}

void jobs_release(struct jobs *j)
{
	for (size_t i = 0; i < j->n; i++) {
		recipe_free(j->v[i].recipe);
		reasons_release(&j->v[i].reasons);
	}
	free(j->v);
	*j = (struct jobs){0};
}

static void need_stage(const struct jobs *j, struct schedule *s, size_t job,
		       const struct plan_stage *stage)
{
	size_t last = job;

	while (last > 0 && j->v[last - 1].stage != stage)
		last--;
	if (last > 0)
		schedule_need(s, job, last - 1);
}

static void need_origin(const struct jobs *j, struct schedule *s, size_t job,
			const struct origin *origin)
{
	if (origin->kind == ORIGIN_STAGE)
		need_stage(j, s, job, origin->stage);
}

static void link_step(const struct jobs *j, struct schedule *s, size_t job)
{
	const struct step *step = j->v[job].step;

	schedule_need(s, job, job - 1);
	switch (step->kind) {
	case STEP_COPY: need_origin(j, s, job, &step->copy.origin); break;
	case STEP_RUN:
		for (size_t i = 0; i < step->run.n_mounts; i++)
			need_origin(j, s, job, &step->run.mounts[i].origin);
		break;
	case STEP_WORKDIR: break;
	}
}

void jobs_link(const struct jobs *j, struct schedule *s)
{
	for (size_t i = 0; i < j->n; i++) {
		if (j->v[i].step)
			link_step(j, s, i);
		else if (j->v[i].stage->base_kind == BASE_STAGE)
			need_stage(j, s, i, j->v[i].stage->base_stage);
	}
}
