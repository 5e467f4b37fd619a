/*
 * in_pod COMMAND…: what a container has that docker or containerd was asked
 * nothing special for: root with docker's capabilities, under docker's system
 * call filter.
 */
#include "builder/sandbox/capabilities.h"
#include "builder/sandbox/seccomp.h"

#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	const uint64_t caps = capabilities_default();

	if (argc < 2 || seccomp_install_default() < 0 ||
	    capabilities_limit_bounding(caps) < 0 ||
	    capabilities_set(caps, false) < 0) {
		perror("in_pod");
		return 126;
	}
	(void)execvp(argv[1], argv + 1);
	perror(argv[1]);
	return 127;
}
