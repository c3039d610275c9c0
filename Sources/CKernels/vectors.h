// Sixteen floats: one AVX-512 register, two of AVX2, four of NEON.
#pragma once

#include <string.h>

#include "CKernels.h"

typedef float vec __attribute__((vector_size(64)));
typedef float unaligned_vec __attribute__((vector_size(64), aligned(4)));
typedef int int_vec __attribute__((vector_size(64)));

// Vectors of 64 bytes are passed between inlined functions only: no calling convention matters.
#pragma clang diagnostic ignored "-Wpsabi"

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")

INLINE vec load(const float *p) { return *(const unaligned_vec *)p; }
INLINE void store(float *p, vec v) { *(unaligned_vec *)p = v; }
INLINE vec splat(float x) { return (vec){x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x}; }

// The first `count` floats, then zeros.
INLINE vec load_part(const float *p, long count) {
  if (count >= 16) return load(p);
  float part[16] = {0};
  for (long i = 0; i < count; i++) part[i] = p[i];
  return load(part);
}

INLINE void store_part(float *p, vec v, long count) {
  if (count >= 16) {
    store(p, v);
    return;
  }
  for (long i = 0; i < count; i++) p[i] = v[i];
}

// Past the caches; p on a boundary of 64 bytes.
INLINE void stream(float *p, vec v) { __builtin_nontemporal_store(v, (vec *)p); }

// Negative values become 0; NaN stays NaN, so that a broken model is noticed.
INLINE vec rectified(vec v) {
  int_vec keep = ~(int_vec)(v < splat(0));
  return (vec)((int_vec)v & keep);
}

INLINE vec chosen(int_vec mask, vec yes, vec no) {
  return (vec)(((int_vec)yes & mask) | ((int_vec)no & ~mask));
}

// The first unless the second is larger, as max-pooling takes them.
INLINE vec first_largest(vec first, vec second) { return chosen(second > first, second, first); }

typedef float four __attribute__((vector_size(16)));

// The sums over the lanes of four vectors.
INLINE four lane_sums(vec a, vec b, vec c, vec d) {
  // Halves of a and b side by side, then quarters of all four, then twice the lanes within them.
  vec ab = __builtin_shufflevector(
               a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23) +
           __builtin_shufflevector(
               a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
  vec cd = __builtin_shufflevector(
               c, d, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23) +
           __builtin_shufflevector(
               c, d, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
  vec all = __builtin_shufflevector(
                ab, cd, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27) +
            __builtin_shufflevector(
                ab, cd, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
  all += __builtin_shufflevector(all, all, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
  all += __builtin_shufflevector(all, all, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
  return __builtin_shufflevector(all, all, 0, 4, 8, 12);
}

// 16 values of one pixel into an image, finished; returns what was written.
INLINE vec put(
    float *target, vec value, vec bias, long count, int relu, int accumulate, int streaming) {
  value += bias;
  if (relu) value = rectified(value);
  if (accumulate) value += load_part(target, count);
  if (streaming && count >= 16)
    stream(target, value);
  else
    store_part(target, value, count);
  return value;
}

INLINE long rounded_up(long count, long unit) { return (count + unit - 1) / unit * unit; }
INLINE long smaller(long a, long b) { return a < b ? a : b; }
