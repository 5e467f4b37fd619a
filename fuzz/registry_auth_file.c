/* config.json: what is found is for the host that was asked for. */
#include "registry/auth_file.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SCOPED_ARENA struct arena a = {0};
	struct str text = {(const char *)data, size};
	const struct auth_entry *entry;
	struct auth_file f;
	struct err e;

	if (auth_file_parse(&a, text, "file", &f, &e) < 0)
		return 0;
	entry = auth_file_find(&f, STR("docker.io"), STR("library/debian"));
	if (entry && !str_eq_c(entry->host, "docker.io"))
		abort();
	for (size_t i = 0; i < f.n_entries; i++)
		(void)auth_file_helper(&f, f.entries[i].host);
	return 0;
}
