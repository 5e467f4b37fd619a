/* Where libcurl's headers were not there when imgbuild was built. */
#include "registry/exchange.h"

int http_new(struct http **out, int cancel_fd, struct err *e)
{
	(void)cancel_fd;
	*out = NULL;
	return err_set(e, ERR_UNSUPPORTED,
		       "this imgbuild was built without libcurl: it can't use "
		       "the network");
}

void http_free(struct http *h)
{
	(void)h;
}

int http_exchange(struct http *h, const struct http_request *q,
		  struct http_response *r, struct err *e)
{
	struct http *none;

	(void)h;
	(void)q;
	(void)r;
	return http_new(&none, -1, e);
}
