/*
 * What a command can try that busybox can't: `attack NAME [ARGUMENT]`, static,
 * run by the Dockerfiles beside this file. Says "escaped" and what it got, or
 * "held" and the reason; exit code 0 either way, 2 where the attack is unknown.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <linux/mount.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

static void held(const char *what)
{
	printf("held: %s: %s\n", what, strerror(errno));
}

static void tell(const char *what, long result)
{
	if (result < 0)
		held(what);
	else
		printf("escaped: %s\n", what);
}

static void show(int fd)
{
	char bytes[4096];
	ssize_t n = read(fd, bytes, sizeof(bytes) - 1);

	if (n < 0) {
		held("read");
		return;
	}
	bytes[n] = '\0';
	printf("read: %s\n", bytes);
}

/* chroot below the working folder, then up from there: chroot(2), "NOTES". */
static void chroot_and_up(const char *path)
{
	(void)mkdir("/tmp/jail", 0755);
	if (chroot("/tmp/jail") < 0)
		held("chroot");
	for (int i = 0; i < 64; i++)
		(void)!chdir("..");
	(void)!chroot(".");
	tell(path, open(path, O_RDONLY));
}

/* The file system's own top folder by its handle, as "shocker" did. */
static void by_handle(const char *path)
{
	struct {
		struct file_handle head;
		unsigned char bytes[8];
	} handle = {.head = {.handle_bytes = 8, .handle_type = 1},
		    .bytes = {2}};
	int fd = open("/etc/hosts", O_RDONLY);

	(void)path;
	tell("open_by_handle_at",
	     open_by_handle_at(fd, &handle.head, O_RDONLY));
}

static void all_mounts(const char *path)
{
	(void)path;
	tell("mount tmpfs", mount("x", "/tmp", "tmpfs", 0, NULL));
	tell("bind", mount("/", "/mnt", NULL, MS_BIND, NULL));
	tell("remount",
	     mount(NULL, "/proc/sys", NULL, MS_REMOUNT | MS_BIND, NULL));
	tell("umount of a mask", umount2("/proc/keys", MNT_DETACH));
	tell("umount of read-only", umount2("/proc/sys", MNT_DETACH));
	tell("umount of /", umount2("/", MNT_DETACH));
	tell("umount of /..", umount2("/..", MNT_DETACH));
	tell("open_tree",
	     syscall(SYS_open_tree, AT_FDCWD, "/", OPEN_TREE_CLONE));
	tell("fsopen", syscall(SYS_fsopen, "tmpfs", 0));
	tell("move_mount",
	     syscall(SYS_move_mount, AT_FDCWD, "/proc", AT_FDCWD, "/tmp", 0));
	tell("pivot_root", syscall(SYS_pivot_root, ".", "."));
}

static void namespaces(const char *path)
{
	static const char *const names[] = {"mnt", "pid",    "net", "ipc",
					    "uts", "cgroup", "user"};
	char name[64];

	(void)path;
	tell("unshare mount", unshare(CLONE_NEWNS));
	tell("unshare user", unshare(CLONE_NEWUSER));
	tell("clone user",
	     syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(name, sizeof(name), "/proc/1/ns/%s", names[i]);
		tell(name, setns(open(name, O_RDONLY), 0));
	}
}

/* Any key that is not ours: of the session, the user, and by number. */
static void keys(const char *path)
{
	static const int rings[] = {
		KEY_SPEC_SESSION_KEYRING, KEY_SPEC_USER_KEYRING,
		KEY_SPEC_USER_SESSION_KEYRING, KEY_SPEC_PROCESS_KEYRING};

	(void)path;
	for (size_t i = 0; i < sizeof(rings) / sizeof(rings[0]); i++)
		tell("search a keyring",
		     syscall(SYS_keyctl, KEYCTL_SEARCH, rings[i], "user",
			     "imgbuild-canary", 0));
	tell("request a key",
	     syscall(SYS_request_key, "user", "imgbuild-canary", NULL, 0));
}

/* Every descriptor that was not made by this program, and what is above it. */
static void descriptors(const char *path)
{
	char name[4096];

	for (int fd = 3; fd < 4096; fd++) {
		struct stat st;

		if (fstat(fd, &st) < 0)
			continue;
		printf("escaped: descriptor %d\n", fd);
		(void)snprintf(name, sizeof(name), "../../../../../../%s",
			       path);
		show(openat(fd, name, O_RDONLY));
	}
	puts("held: descriptors");
}

static void devices(const char *path)
{
	static const struct {
		const char *name;
		mode_t mode;
		unsigned major, minor;
	} nodes[] = {
		{"loop0", S_IFBLK, 7, 0},	 {"vda", S_IFBLK, 254, 0},
		{"sda", S_IFBLK, 8, 0},		 {"zram", S_IFBLK, 253, 0},
		{"mem", S_IFCHR, 1, 1},		 {"port", S_IFCHR, 1, 4},
		{"kmsg", S_IFCHR, 1, 11},	 {"fuse", S_IFCHR, 10, 229},
		{"kvm", S_IFCHR, 10, 232},	 {"tun", S_IFCHR, 10, 200},
		{"loopctl", S_IFCHR, 10, 237},	 {"btrfs", S_IFCHR, 10, 234},
		{"console", S_IFCHR, 5, 1},	 {"tty0", S_IFCHR, 4, 0},
		{"vhost", S_IFCHR, 10, 238},	 {"autofs", S_IFCHR, 10, 235},
		{"userfault", S_IFCHR, 10, 257}, {"hwrng", S_IFCHR, 10, 183},
	};
	char name[4096];

	for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
		(void)snprintf(name, sizeof(name), "%s/%s", path,
			       nodes[i].name);
		if (mknod(name, nodes[i].mode | 0666,
			  makedev(nodes[i].major, nodes[i].minor)) < 0) {
			held(name);
			continue;
		}
		tell(name, open(name, O_RDONLY | O_NONBLOCK | O_NOCTTY));
		(void)unlink(name);
	}
}

static void processes(const char *path)
{
	char name[64];
	long n = 0;

	(void)path;
	for (int pid = 1; pid < 100000; pid++) {
		(void)snprintf(name, sizeof(name), "/proc/%d", pid);
		if (access(name, F_OK) == 0)
			n++;
	}
	printf("%s: %ld processes\n", n <= 3 ? "held" : "escaped", n);
	(void)kill(-1, SIGCONT);
}

static void kernel(const char *path)
{
	(void)path;
	tell("bpf", syscall(SYS_bpf, 0, NULL, 0));
	tell("io_uring_setup", syscall(SYS_io_uring_setup, 1, NULL));
	tell("userfaultfd", syscall(SYS_userfaultfd, 0));
	tell("perf_event_open",
	     syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0));
	tell("init_module", syscall(SYS_init_module, NULL, 0, ""));
	tell("kexec_load", syscall(SYS_kexec_load, 0, 0, NULL, 0));
	tell("reboot", syscall(SYS_reboot, 0, 0, 0, NULL));
	tell("swapon", syscall(SYS_swapon, "/x", 0));
	tell("acct", syscall(SYS_acct, "/tmp/x"));
	tell("settimeofday", syscall(SYS_settimeofday, NULL, NULL));
	tell("sethostname", sethostname("x", 1));
	tell("syslog", syscall(SYS_syslog, 3, NULL, 0));
	tell("quotactl", syscall(SYS_quotactl, 0, NULL, 0, NULL));
#ifdef SYS_iopl
	tell("iopl", syscall(SYS_iopl, 3));
#endif

	tell("socket(AF_VSOCK)", socket(40, SOCK_STREAM, 0));
	tell("socket(AF_ALG)", socket(38, SOCK_SEQPACKET, 0));
	tell("personality", syscall(SYS_personality, 0x0040000));
}

/*
 * The program that started us, opened and then written when nobody executes it
 * any more: the way to overwrite a runtime.
 */
static void own_program(const char *path)
{
	int fd = open(path, O_PATH);
	char name[64];

	(void)snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	tell("write the program", open(name, O_WRONLY));
}

static void terminal(const char *path)
{
	char byte = 'x';

	(void)path;
	tell("/dev/tty", open("/dev/tty", O_RDWR));
	for (int fd = 0; fd < 3; fd++)
		tell("TIOCSTI", ioctl(fd, TIOCSTI, &byte));
	tell("/dev/console", open("/dev/console", O_RDWR));
}

/* A socket of the machine's that has no place in a file system. */
static void abstract_socket(const char *name)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	socklen_t n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
				  strlen(name));
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memcpy(to.sun_path + 1, name, strlen(name));
	tell("connect", connect(fd, (struct sockaddr *)&to, n));
	show(fd);
}

/* No attack: what run.sh asks of the machine. */
static void landlock_version(const char *path)
{
	(void)path;
	printf("%ld\n", syscall(SYS_landlock_create_ruleset, NULL, 0, 1));
}

/* "/", its "..", and those of what can be reached by /proc are one folder. */
static void roots(const char *path)
{
	static const char *const names[] = {
		"/..",
		"/../..",
		"/proc/self/root",
		"/proc/1/root",
		"/proc/1/root/..",
		"/proc/self/cwd/../../../..",
		"/dev/fd/../../root/..",
		"/proc/thread-self/root/..",
	};
	struct statx root, other;

	(void)path;
	(void)statx(AT_FDCWD, "/", 0, STATX_INO | STATX_MNT_ID, &root);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (statx(AT_FDCWD, names[i], 0, STATX_INO | STATX_MNT_ID,
			  &other) < 0)
			held(names[i]);
		else if (other.stx_mnt_id == root.stx_mnt_id &&
			 other.stx_ino == root.stx_ino)
			printf("held: %s\n", names[i]);
		else
			printf("escaped: %s\n", names[i]);
	}
}

static const struct {
	const char *name;
	void (*run)(const char *argument);
} attacks[] = {
	{"abstract-socket", abstract_socket},
	{"by-handle", by_handle},
	{"chroot-and-up", chroot_and_up},
	{"descriptors", descriptors},
	{"devices", devices},
	{"kernel", kernel},
	{"keys", keys},
	{"landlock-version", landlock_version},
	{"mounts", all_mounts},
	{"namespaces", namespaces},
	{"own-program", own_program},
	{"processes", processes},
	{"roots", roots},
	{"terminal", terminal},
};

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IONBF, 0);
	for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++)
		if (argc > 1 && strcmp(attacks[i].name, argv[1]) == 0) {
			attacks[i].run(argc > 2 ? argv[2] : "");
			return 0;
		}
	return 2;
}
