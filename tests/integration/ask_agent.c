/*
 * ask_agent: print how many keys the ssh agent at $SSH_AUTH_SOCK has. Linked
 * statically, for images without libraries.
 * Protocol: draft-miller-ssh-agent, SSH_AGENTC_REQUEST_IDENTITIES.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(void)
{
	static const unsigned char request[] = {0, 0, 0, 1, 11};
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	const char *path = getenv("SSH_AUTH_SOCK");
	unsigned char answer[9];
	size_t have = 0;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (!path || strlen(path) >= sizeof(a.sun_path) || fd < 0)
		return 2;
	strcpy(a.sun_path, path);
	if (connect(fd, (const struct sockaddr *)&a, sizeof(a)) < 0 ||
	    write(fd, request, sizeof(request)) != sizeof(request)) {
		perror(path);
		return 1;
	}
	while (have < sizeof(answer)) {
		ssize_t n = read(fd, answer + have, sizeof(answer) - have);

		if (n <= 0)
			return 1;
		have += (size_t)n;
	}
	printf("%d keys\n", answer[8]);
	return answer[4] == 12 ? 0 : 1;
}
