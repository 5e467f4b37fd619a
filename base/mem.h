/*
 * Memory and scope-bound cleanup.
 *
 * Running out of memory is not an error that callers handle: the x functions
 * say so and end the process. Sizes that come from outside are checked against
 * a limit first.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stdarg.h>
#include <stddef.h>

void *xmalloc(size_t n);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t n);
/* Resize to n * size bytes; ends the process where the product overflows. */
void *xreallocarray(void *p, size_t n, size_t size);
char *xstrdup(const char *s);
/* printf into a new string, which the caller frees. */
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
char *xvasprintf(const char *fmt, va_list args)
	__attribute__((format(printf, 1, 0)));

/* Call release(&variable) when the variable goes out of scope. */
#define SCOPED(release) __attribute__((cleanup(release)))

void scoped_close(int *fd);  /* closes where *fd >= 0; keeps errno */
void scoped_free(void *ptr); /* ptr is the address of a heap pointer */

#define SCOPED_FD SCOPED(scoped_close)
#define SCOPED_PTR SCOPED(scoped_free)

/* Hand ownership out of a scope: yields the value, leaves the variable empty.
 */
int take_fd(int *fd);
void *take_ptr(void *ptr);
#define TAKE_FD(fd) take_fd(&(fd))
#define TAKE_PTR(p) ((__typeof__(p))take_ptr(&(p)))

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif
