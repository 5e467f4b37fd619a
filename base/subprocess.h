/*
 * Run a helper program and wait for it.
 */
#ifndef BASE_SUBPROCESS_H
#define BASE_SUBPROCESS_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#include <sys/types.h>

/*
 * Wait for the end of a child: 0, or -1 with errno. A child that is not waited
 * for keeps its pid namespace, and whoever waits for that; so what should not
 * fail is tried again some times.
 */
int process_wait(pid_t pid, int *status);

/*
 * Run argv (looked up in PATH) with stdin from /dev/null and stdout+stderr
 * appended to out (up to its ceiling) and umask 022. *status gets the wait
 * status. Fails with ERR_NOT_FOUND where there is no such program.
 */
int subprocess_run(const char *const *argv, struct buf *out, int *status,
		   struct err *e);

/* The same with "NAME=value" lines more in its environment (NULL at the end).
 */
int subprocess_run_in(const char *const *argv, const char *const *more_env,
		      struct buf *out, int *status, struct err *e);

/* The same with input as stdin; stdout alone goes to out, stderr nowhere. */
int subprocess_filter(const char *const *argv, struct str input,
		      struct buf *out, int *status, struct err *e);

#endif
