/* SPDX-License-Identifier: BSD-3-Clause */
/* Counter-based random numbers: a value is a function of (seed, stream, index) alone, so it does
   not depend on the number of ranks or on who asks first. Generator: Philox 4x32-10 of Random123
   (Salmon et al., SC 2011). */
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include <stdint.h>

/* 64 random bits. */
uint64_t rng_bits(uint64_t seed, uint64_t stream, uint64_t index);

/* Uniform on the open interval (0, 1). */
double rng_uniform(uint64_t seed, uint64_t stream, uint64_t index);

/* Standard normal (Box-Muller on one counter). */
double rng_normal(uint64_t seed, uint64_t stream, uint64_t index);

/* Uniform on 0 .. bound-1, bound > 0 (bias below bound / 2^64). */
int64_t rng_below(uint64_t seed, uint64_t stream, uint64_t index, int64_t bound);

/* Where a pseudo-random permutation of 0 .. n-1 takes `position`: a function of (seed, stream, n),
   from the streams stream .. stream + RNG_ROUNDS - 1. A balanced Feistel network on the next power
   of 4 with cycle walking (Black & Rogaway, CT-RSA 2002). */
enum { RNG_ROUNDS = 6 };
int64_t rng_permuted(uint64_t seed, uint64_t stream, int64_t n, int64_t position);

#endif
