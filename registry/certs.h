/*
 * Certificates by host, in docker's layout: certs.d/HOST[:PORT]/ with *.crt
 * (CAs that are trusted beside the system's) and NAME.cert with NAME.key
 * (ours). Looked for in ~/.config/imgbuild, ~/.config/containers,
 * ~/.config/docker, /etc/imgbuild, /etc/containers and /etc/docker; the first
 * folder for the host counts.
 */
#ifndef REGISTRY_CERTS_H
#define REGISTRY_CERTS_H

#include "registry/transport.h"

/* 1 *out is set (in a), 0 there is no folder for the host, -1. */
int certs_find(struct arena *a, struct str host, struct http_tls *out,
	       struct err *e);

#endif
