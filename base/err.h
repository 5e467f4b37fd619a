/*
 * Errors: one caller-owned value, passed as the last parameter.
 *
 * A function that fails fills it and returns -1; there is nothing to free,
 * and the value is plain memory, so it can cross a pipe after fork.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

enum err_code {
	ERR_NONE,
	ERR_SYS,	 /* a system call failed; err.sys has errno */
	ERR_INVALID,	 /* input that can't mean anything */
	ERR_NOT_FOUND,	 /* a named thing does not exist */
	ERR_LIMIT,	 /* input past a size limit */
	ERR_UNSUPPORTED, /* valid, but not on this machine or in this build */
	ERR_CORRUPT,	 /* stored bytes don't match their digest or format */
	ERR_CANCELLED,	 /* the user or an earlier failure stopped the work */
	ERR_FAILED,	 /* a step's command exited unsuccessfully */
};

enum { ERR_MSG_MAX = 1024 };

struct err {
	enum err_code code;
	int sys; /* errno, for ERR_SYS */
	char msg[ERR_MSG_MAX];
};

/* Set *e to code and the formatted message. Always returns -1. */
int err_set(struct err *e, enum err_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Set *e to ERR_SYS from errno: "<message>: <strerror>". Always returns -1. */
int err_sys(struct err *e, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Put "<message>: " before what *e already says. Always returns -1. */
int err_wrap(struct err *e, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
