/*
 * Build time only: what the default filter allows. Facts of moby's published
 * default profile (seccomp/default.json), for the capabilities that a container
 * has by default; the grouping is ours.
 */
#ifndef BUILDER_SANDBOX_SECCOMP_GEN_PROFILE_H
#define BUILDER_SANDBOX_SECCOMP_GEN_PROFILE_H

#include <sched.h>
#include <stdint.h>

/* one name a line would hide the groups */
/* clang-format off */
static const char *const allowed[] = {
	/* files and folders */
	"access", "chdir", "chmod", "chown", "chown32", "close",
	"close_range", "copy_file_range", "creat", "dup", "dup2", "dup3",
	"faccessat", "faccessat2", "fadvise64", "fadvise64_64", "fallocate",
	"fchdir", "fchmod", "fchmodat", "fchown", "fchown32", "fchownat",
	"fcntl", "fcntl64", "fdatasync", "flock", "fstat", "fstat64",
	"fstatat64", "fstatfs", "fstatfs64", "fsync", "ftruncate",
	"ftruncate64", "futimesat", "getcwd", "getdents", "getdents64",
	"ioctl", "lchown", "lchown32", "link", "linkat", "_llseek", "lseek",
	"lstat", "lstat64", "mkdir", "mkdirat", "mknod", "mknodat",
	"name_to_handle_at", "newfstatat", "open", "openat", "openat2",
	"pipe", "pipe2", "pread64", "preadv", "preadv2", "pwrite64",
	"pwritev", "pwritev2", "read", "readahead", "readlink", "readlinkat",
	"readv", "rename", "renameat", "renameat2", "rmdir", "sendfile",
	"sendfile64", "splice", "stat", "stat64", "statfs", "statfs64",
	"statx", "symlink", "symlinkat", "sync", "sync_file_range", "syncfs",
	"tee", "truncate", "truncate64", "umask", "unlink", "unlinkat",
	"utime", "utimensat", "utimensat_time64", "utimes", "vmsplice",
	"write", "writev",
	/* extended attributes */
	"fgetxattr", "flistxattr", "fremovexattr", "fsetxattr", "getxattr",
	"lgetxattr", "listxattr", "llistxattr", "lremovexattr", "lsetxattr",
	"removexattr", "setxattr",
	/* watching and waiting */
	"epoll_create", "epoll_create1", "epoll_ctl", "epoll_ctl_old",
	"epoll_pwait", "epoll_pwait2", "epoll_wait", "epoll_wait_old",
	"eventfd", "eventfd2", "fanotify_mark", "inotify_add_watch",
	"inotify_init", "inotify_init1", "inotify_rm_watch", "_newselect",
	"poll", "ppoll", "ppoll_time64", "pselect6", "pselect6_time64",
	"select", "signalfd", "signalfd4", "timerfd_create",
	"timerfd_gettime", "timerfd_gettime64", "timerfd_settime",
	"timerfd_settime64",
	/* asynchronous I/O */
	"io_cancel", "io_destroy", "io_getevents", "io_pgetevents",
	"io_pgetevents_time64", "io_setup", "io_submit",
	/* memory */
	"brk", "madvise", "membarrier", "memfd_create", "memfd_secret",
	"mincore", "mlock", "mlock2", "mlockall", "mmap", "mmap2", "mprotect",
	"mremap", "msync", "munlock", "munlockall", "munmap", "pkey_alloc",
	"pkey_free", "pkey_mprotect", "remap_file_pages",
	/* processes and threads */
	"execve", "execveat", "exit", "exit_group", "fork", "futex",
	"futex_time64", "futex_waitv", "get_robust_list", "get_thread_area",
	"getpgid", "getpgrp", "getpid", "getppid", "getsid", "gettid", "kill",
	"pause", "pidfd_open", "pidfd_send_signal", "prctl",
	"process_mrelease", "process_vm_readv", "process_vm_writev", "ptrace",
	"restart_syscall", "rseq", "seccomp", "set_robust_list",
	"set_thread_area", "set_tid_address", "setpgid", "setsid", "tgkill",
	"tkill", "vfork", "wait4", "waitid", "waitpid",
	/* signals */
	"alarm", "rt_sigaction", "rt_sigpending", "rt_sigprocmask",
	"rt_sigqueueinfo", "rt_sigreturn", "rt_sigsuspend", "rt_sigtimedwait",
	"rt_sigtimedwait_time64", "rt_tgsigqueueinfo", "sigaltstack",
	"sigprocmask", "sigreturn",
	/* ids and rights */
	"capget", "capset", "getegid", "getegid32", "geteuid", "geteuid32",
	"getgid", "getgid32", "getgroups", "getgroups32", "getresgid",
	"getresgid32", "getresuid", "getresuid32", "getuid", "getuid32",
	"landlock_add_rule", "landlock_create_ruleset",
	"landlock_restrict_self", "setfsgid", "setfsgid32", "setfsuid",
	"setfsuid32", "setgid", "setgid32", "setgroups", "setgroups32",
	"setregid", "setregid32", "setresgid", "setresgid32", "setresuid",
	"setresuid32", "setreuid", "setreuid32", "setuid", "setuid32",
	"chroot", /* CAP_SYS_CHROOT is among the defaults */
	/* limits and scheduling */
	"getcpu", "getpriority", "getrlimit", "getrusage", "ioprio_get",
	"ioprio_set", "prlimit64", "sched_get_priority_max",
	"sched_get_priority_min", "sched_getaffinity", "sched_getattr",
	"sched_getparam", "sched_getscheduler", "sched_rr_get_interval",
	"sched_rr_get_interval_time64", "sched_setaffinity", "sched_setattr",
	"sched_setparam", "sched_setscheduler", "sched_yield", "setpriority",
	"setrlimit", "ugetrlimit",
	/* time */
	"adjtimex", "clock_adjtime", "clock_adjtime64", "clock_getres",
	"clock_getres_time64", "clock_gettime", "clock_gettime64",
	"clock_nanosleep", "clock_nanosleep_time64", "getitimer",
	"gettimeofday", "nanosleep", "setitimer", "time", "timer_create",
	"timer_delete", "timer_getoverrun", "timer_gettime",
	"timer_gettime64", "timer_settime", "timer_settime64", "times",
	/* System V and POSIX IPC */
	"ipc", "mq_getsetattr", "mq_notify", "mq_open", "mq_timedreceive",
	"mq_timedreceive_time64", "mq_timedsend", "mq_timedsend_time64",
	"mq_unlink", "msgctl", "msgget", "msgrcv", "msgsnd", "semctl",
	"semget", "semop", "semtimedop", "semtimedop_time64", "shmat",
	"shmctl", "shmdt", "shmget",
	/* sockets, but for making one */
	"accept", "accept4", "bind", "connect", "getpeername", "getsockname",
	"getsockopt", "listen", "recv", "recvfrom", "recvmmsg",
	"recvmmsg_time64", "recvmsg", "send", "sendmmsg", "sendmsg", "sendto",
	"setsockopt", "shutdown", "socketcall", "socketpair",
	/* the system */
	"getrandom", "sysinfo", "uname",
#if defined(__x86_64__)
	"arch_prctl", "modify_ldt",
	"uretprobe", /* known from libseccomp 2.6 on */
#elif defined(__aarch64__)
	"arm_fadvise64_64", "arm_sync_file_range", "sync_file_range2",
	"breakpoint", "cacheflush", "set_tls",
#elif defined(__riscv)
	"riscv_flush_icache", "riscv_hwprobe",
#elif defined(__powerpc64__)
	"sync_file_range2", "swapcontext",
#elif defined(__s390x__)
	"s390_pci_mmio_read", "s390_pci_mmio_write", "s390_runtime_instr",
#endif
};

/* clang-format on */

/* Allowed as well; every architecture has these numbers. */
static const struct {
	const char *name;
	uint32_t number;
} allowed_numbers[] = {
	{"cachestat", 451},	{"fchmodat2", 452},  {"map_shadow_stack", 453},
	{"futex_wake", 454},	{"futex_wait", 455}, {"futex_requeue", 456},
	{"statmount", 457},	{"listmount", 458},  {"mseal", 462},
	{"setxattrat", 463},	{"getxattrat", 464}, {"listxattrat", 465},
	{"removexattrat", 466},
};

enum {
	LAST_KNOWN = 466,
	LAST_COMMON = 1023, /* what an architecture has of its own is above */
	X32_BIT = 0x40000000,
	PROGRAM_MAX = 4096,
};

/*
 * Address families of socket: all up to AF_MCTP but DECnet, Econet, ATM, IrDA,
 * WANPIPE, ISDN and CAIF, which nobody has; AF_ALG; and AF_VSOCK, which leads
 * out of a machine.
 */
enum { LAST_FAMILY = 45 };
static const uint32_t refused_families[] = {12, 19, 20, 23, 25, 34, 37, 38, 40};

/* PER_LINUX, PER_LINUX32, UNAME26 with each, and asking. */
static const uint32_t personalities[] = {0, 8, 0x20000, 0x20008, 0xffffffff};

/* s390 has clone's arguments the other way round */
#if defined(__s390x__)
static const unsigned clone_flags_argument = 1;
#else
static const unsigned clone_flags_argument = 0;
#endif

static const uint32_t namespaces = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC |
				   CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET |
				   CLONE_NEWCGROUP;

#endif
