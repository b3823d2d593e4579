/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/rng.h"

#include <math.h>
#include <Random123/philox.h>

static philox4x32_ctr_t block(uint64_t seed, uint64_t stream, uint64_t index)
{
    philox4x32_ctr_t counter = {
        {(uint32_t)index, (uint32_t)(index >> 32), (uint32_t)stream, (uint32_t)(stream >> 32)}};
    philox4x32_key_t key = {{(uint32_t)seed, (uint32_t)(seed >> 32)}};
    return philox4x32(counter, key);
}

static uint64_t join(uint32_t low, uint32_t high)
{
    return (uint64_t)high << 32 | low;
}

static double to_unit(uint64_t bits)
{
    return ((double)(bits >> 12) + 0.5) * 0x1p-52;
}

uint64_t rng_bits(uint64_t seed, uint64_t stream, uint64_t index)
{
    philox4x32_ctr_t r = block(seed, stream, index);
    return join(r.v[0], r.v[1]);
}

double rng_uniform(uint64_t seed, uint64_t stream, uint64_t index)
{
    return to_unit(rng_bits(seed, stream, index));
}

double rng_normal(uint64_t seed, uint64_t stream, uint64_t index)
{
    philox4x32_ctr_t r = block(seed, stream, index);
    double radius = sqrt(-2.0 * log(to_unit(join(r.v[0], r.v[1]))));
    double angle = 6.283185307179586477 * to_unit(join(r.v[2], r.v[3]));
    return radius * cos(angle);
}

int64_t rng_below(uint64_t seed, uint64_t stream, uint64_t index, int64_t bound)
{
    unsigned __int128 product = (unsigned __int128)rng_bits(seed, stream, index) * (uint64_t)bound;
    return (int64_t)(product >> 64);
}

int64_t rng_permuted(uint64_t seed, uint64_t stream, int64_t n, int64_t position)
{
    int half = 1;
    while ((int64_t)1 << (2 * half) < n)
        half++;
    const uint64_t mask = ((uint64_t)1 << half) - 1;
    uint64_t x = (uint64_t)position;
    do {
        uint64_t left = x >> half, right = x & mask;
        for (uint64_t round = 0; round < RNG_ROUNDS; round++) {
            uint64_t mixed = left ^ (rng_bits(seed, stream + round, right) & mask);
            left = right;
            right = mixed;
        }
        x = left << half | right;
    } while (x >= (uint64_t)n);
    return (int64_t)x;
}
