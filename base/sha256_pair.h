/*
 * Two SHA-256 states over the same blocks at once.
 *
 * The SHA instructions have a latency of several cycles, so one stream leaves
 * the unit idle most of the time; a second, independent one fills the gaps.
 * FIPS 180-4; Intel SHA extensions.
 */
#ifndef BASE_SHA256_PAIR_H
#define BASE_SHA256_PAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether this CPU has what sha256_pair_blocks needs. */
bool sha256_pair_available(void);
/* h words as in FIPS 180-4 (H0..H7), updated by n_blocks blocks of 64 bytes. */
void sha256_pair_blocks(uint32_t a[8], uint32_t b[8], const uint8_t *p,
			size_t n_blocks);

#endif
