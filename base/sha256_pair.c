#include "base/sha256_pair.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define SHA_TARGET __attribute__((target("sha,sse4.1,ssse3")))

static const uint32_t round_constants[64] __attribute__((aligned(16))) = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1,
	0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
	0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
	0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
	0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
	0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
	0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
	0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

bool sha256_pair_available(void)
{
	/* __builtin_cpu_supports has no "sha" in gcc 12: CPUID 7.0 EBX bit 29
	 */
	static int known; /* 0 unknown, 1 yes, -1 no; racing writers agree */
	unsigned a = 7;
	unsigned b = 0;
	unsigned c = 0;
	unsigned d = 0;

	if (__atomic_load_n(&known, __ATOMIC_RELAXED) == 0) {
		__asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
		__atomic_store_n(&known,
				 b >> 29 & 1 && __builtin_cpu_supports("sse4.1")
					 ? 1
					 : -1,
				 __ATOMIC_RELAXED);
	}
	return __atomic_load_n(&known, __ATOMIC_RELAXED) > 0;
}

/* The instructions keep the state as ABEF and CDGH. */
struct lane {
	__m128i abef;
	__m128i cdgh;
};

SHA_TARGET static inline struct lane lane_load(const uint32_t h[8])
{
	__m128i abcd = _mm_loadu_si128((const __m128i *)(const void *)h);
	__m128i efgh = _mm_loadu_si128((const __m128i *)(const void *)(h + 4));
	__m128i cdab = _mm_shuffle_epi32(abcd, 0xb1);
	__m128i hgfe = _mm_shuffle_epi32(efgh, 0x1b);

	return (struct lane){_mm_alignr_epi8(cdab, hgfe, 8),
			     _mm_blend_epi16(hgfe, cdab, 0xf0)};
}

SHA_TARGET static inline void lane_store(struct lane s, uint32_t h[8])
{
	__m128i feba = _mm_shuffle_epi32(s.abef, 0x1b);
	__m128i dchg = _mm_shuffle_epi32(s.cdgh, 0xb1);

	_mm_storeu_si128((__m128i *)(void *)h,
			 _mm_blend_epi16(feba, dchg, 0xf0));
	_mm_storeu_si128((__m128i *)(void *)(h + 4),
			 _mm_alignr_epi8(dchg, feba, 8));
}

/* Four rounds with w = message words plus constants. */
SHA_TARGET static inline void lane_rounds(struct lane *s, __m128i w)
{
	s->cdgh = _mm_sha256rnds2_epu32(s->cdgh, s->abef, w);
	s->abef = _mm_sha256rnds2_epu32(s->abef, s->cdgh,
					_mm_shuffle_epi32(w, 0x0e));
}

SHA_TARGET static inline __m128i message_load(const uint8_t *p)
{
	const __m128i big_endian =
		_mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL);

	return _mm_shuffle_epi8(
		_mm_loadu_si128((const __m128i *)(const void *)p), big_endian);
}

/* The next four message words from the last sixteen. */
SHA_TARGET static inline __m128i message_next(__m128i m0, __m128i m1,
					      __m128i m2, __m128i m3)
{
	__m128i t = _mm_add_epi32(_mm_sha256msg1_epu32(m0, m1),
				  _mm_alignr_epi8(m3, m2, 4));

	return _mm_sha256msg2_epu32(t, m3);
}

SHA_TARGET static inline void block_pair(struct lane *a, struct lane *b,
					 const uint8_t *p)
{
	const __m128i *k = (const __m128i *)(const void *)round_constants;
	__m128i m[4];

	for (int i = 0; i < 4; i++)
		m[i] = message_load(p + 16 * i);
#pragma GCC unroll 16
	for (int i = 0; i < 16; i++) {
		__m128i w = _mm_add_epi32(m[i & 3], k[i]);

		lane_rounds(a, w);
		lane_rounds(b, w);
		if (i < 12)
			m[i & 3] = message_next(m[i & 3], m[(i + 1) & 3],
						m[(i + 2) & 3], m[(i + 3) & 3]);
	}
}

SHA_TARGET void sha256_pair_blocks(uint32_t a[8], uint32_t b[8],
				   const uint8_t *p, size_t n_blocks)
{
	struct lane sa = lane_load(a);
	struct lane sb = lane_load(b);

	for (; n_blocks; n_blocks--, p += 64) {
		struct lane ta = sa;
		struct lane tb = sb;

		block_pair(&ta, &tb, p);
		sa.abef = _mm_add_epi32(sa.abef, ta.abef);
		sa.cdgh = _mm_add_epi32(sa.cdgh, ta.cdgh);
		sb.abef = _mm_add_epi32(sb.abef, tb.abef);
		sb.cdgh = _mm_add_epi32(sb.cdgh, tb.cdgh);
	}
	lane_store(sa, a);
	lane_store(sb, b);
}

#else

#include <assert.h>

bool sha256_pair_available(void)
{
	return false;
}

void sha256_pair_blocks(uint32_t a[8], uint32_t b[8], const uint8_t *p,
			size_t n_blocks)
{
	(void)a;
	(void)b;
	(void)p;
	(void)n_blocks;
	assert(!"sha256_pair_blocks needs SHA instructions");
}

#endif
