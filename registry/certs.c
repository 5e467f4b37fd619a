#include "registry/certs.h"

#include "base/io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CA_MAX_BYTES = 8 << 20 };

static const char system_bundle[] = "/etc/ssl/certs/ca-certificates.crt";

static int add_file(struct buf *out, int dirfd, const char *name, struct err *e)
{
	int found = io_read_file(dirfd, name, out, e);

	buf_add_char(out, '\n');
	return found < 0 ? -1 : buf_check(out, name, e);
}

/* libcurl takes one set of CAs: ours and the system's. */
static int add_system(struct buf *out, struct err *e)
{
	const char *bundle = getenv("SSL_CERT_FILE");

	return add_file(out, AT_FDCWD,
			bundle && *bundle ? bundle : system_bundle, e);
}

static int take_client(struct arena *a, int dirfd, const char *folder,
		       const char *name, struct http_tls *out, struct err *e)
{
	size_t n = strlen(name) - strlen(".cert");
	struct str key = arena_printf(a, "%.*s.key", (int)n, name);

	if (faccessat(dirfd, key.p, F_OK, 0) < 0)
		return err_set(e, ERR_NOT_FOUND,
			       "%s/%s: its key, %s, is missing", folder, name,
			       key.p);
	out->cert = arena_printf(a, "%s/%s", folder, name).p;
	out->key = arena_printf(a, "%s/%s", folder, key.p).p;
	return 0;
}

static int take_entry(struct arena *a, int dirfd, const char *folder,
		      const char *name, struct buf *ca, struct http_tls *out,
		      struct err *e)
{
	if (str_ends(str_from(name), ".crt"))
		return add_file(ca, dirfd, name, e);
	if (str_ends(str_from(name), ".cert"))
		return take_client(a, dirfd, folder, name, out, e);
	return 0;
}

static int read_folder(struct arena *a, DIR *dir, const char *folder,
		       struct http_tls *out, struct err *e)
{
	SCOPED_BUF struct buf ca = BUF_INIT(CA_MAX_BYTES);
	struct dirent *entry;

	while ((entry = readdir(dir)))
		if (take_entry(a, dirfd(dir), folder, entry->d_name, &ca, out,
			       e) < 0)
			return -1;
	if (!ca.n)
		return 0;
	if (add_system(&ca, e) < 0)
		return -1;
	out->ca = arena_str(a, buf_str(&ca));
	return 0;
}

/* 1 read, 0 there is none, -1. */
static int try_folder(struct arena *a, const char *parent, struct str host,
		      struct http_tls *out, struct err *e)
{
	const char *folder =
		arena_printf(a, "%s/certs.d/%.*s", parent, STR_ARG(host)).p;
	DIR *dir = opendir(folder);
	int result;

	if (!dir && (errno == ENOENT || errno == ENOTDIR || errno == EACCES))
		return 0;
	if (!dir)
		return err_sys(e, "open %s", folder);
	result = read_folder(a, dir, folder, out, e);
	(void)closedir(dir);
	return result < 0 ? err_wrap(e, "%s", folder) : 1;
}

int certs_find(struct arena *a, struct str host, struct http_tls *out,
	       struct err *e)
{
	static const char *const programs[] = {"imgbuild", "containers",
					       "docker"};
	const char *config = getenv("XDG_CONFIG_HOME");
	const char *home = getenv("HOME");
	int found = 0;

	*out = (struct http_tls){0};
	if (memchr(host.p, '/', host.n) || str_starts(host, "."))
		return 0;
	if ((!config || !*config) && home && *home)
		config = arena_printf(a, "%s/.config", home).p;
	for (size_t i = 0; config && found == 0 && i < ARRAY_LEN(programs); i++)
		found = try_folder(
			a, arena_printf(a, "%s/%s", config, programs[i]).p,
			host, out, e);
	for (size_t i = 0; found == 0 && i < ARRAY_LEN(programs); i++)
		found = try_folder(a, arena_printf(a, "/etc/%s", programs[i]).p,
				   host, out, e);
	return found;
}
