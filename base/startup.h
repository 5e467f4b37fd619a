/*
 * What a program of ours changes of its own process, once, at its start; and
 * how what it executes is given back what it was started with.
 */
#ifndef BASE_STARTUP_H
#define BASE_STARTUP_H

#include <stdbool.h>
#include <sys/resource.h>

/*
 * Call first in main, while there is one thread:
 * - descriptors 0 to 2 are open, on /dev/null where they were closed: else the
 *   next file or pipe would take their place, and be read and written as them;
 * - as many files may be open as the hard limit says: a root of many layers
 *   takes a descriptor for each;
 * - the umask is 0: modes in images are those that are asked for;
 * - SIGPIPE is ignored: a reader that went away is an error of write;
 * - no core is dumped, to a file or to a program: it would hold secrets.
 * -1 with errno where /dev/null can't be opened.
 */
int startup_begin(void);

/* A limit before that; false where it was not changed. */
bool startup_limit(int resource, struct rlimit *out);

/*
 * For a child before exec, also one that shares our memory: the limits and
 * SIGPIPE as they were. (The umask is the caller's to choose.)
 */
void startup_undo(void);

#endif
