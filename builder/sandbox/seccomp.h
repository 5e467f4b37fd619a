/*
 * The default system call filter: docker's allow list, turned into BPF when
 * imgbuild is built (seccomp_gen.c), so that a run pays for neither libseccomp
 * nor compiling.
 */
#ifndef BUILDER_SANDBOX_SECCOMP_H
#define BUILDER_SANDBOX_SECCOMP_H

/*
 * Put the calling thread under the filter. For between clone and exec; needs
 * CAP_SYS_ADMIN, since no_new_privs stays off. 0, or -1 with errno.
 */
int seccomp_install_default(void);

#endif
