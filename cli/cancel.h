/*
 * SIGINT and SIGTERM as something to poll.
 */
#ifndef CLI_CANCEL_H
#define CLI_CANCEL_H

/*
 * From now on these signals make the returned fd readable instead of ending
 * the process; a second one ends it. -1 where that can't be arranged.
 */
int cancel_on_signals(void);

#endif
