// The one-dimensional transforms of Winograd's minimal filtering F(m, 3): m outputs of a filter of
// three taps with m + 2 multiplications. In two dimensions
//
//   Y = A^T [ (G g G^T) * (B^T d B) ] A      d: (m+2)^2 input patch, g: 3x3 filter, Y: m x m tile
//
// takes 36 multiplications instead of 144 for m = 4, 64 instead of 324 for m = 6. Gradients are the
// exact transposes: dY -> A dY A^T, and dg = G^T [ sum (B^T d B) * (A dY A^T) ] G.
//
// m = 4, points 0, 1, -1, 1/2, -2 and infinity, whose rounding error is smaller than that of
// 0, 1, -1, 2, -2:
//
//         | 1  -3/2  -2   3/2  1  0 |       |    1       0       0   |
//         | 0  -1    1/2  5/2  1  0 |       |   1/3     1/3     1/3  |
//   B^T = | 0   1   -5/2  1/2  1  0 |   G = |  -1/3     1/3    -1/3  |
//         | 0  -2   -1    2    1  0 |       | -16/15   -8/15   -4/15 |
//         | 0   1/2 -1   -1/2  1  0 |       |   1/15   -2/15    4/15 |
//         | 0   1   -3/2 -2   3/2 1 |       |    0       0       1   |
//
//         | 1  1   1   1    1  0 |
//   A^T = | 0  1  -1  1/2  -2  0 |
//         | 0  1   1  1/4   4  0 |
//         | 0  1  -1  1/8  -8  1 |
//
// m = 6, points 0, 1, -1, 2, -2, 1/2, -1/2 and infinity:
//
//         | 1   0   -21/4   0    21/4    0   -1 0 |       |   1      0      0   |
//         | 0   1     1   -17/4 -17/4    1    1 0 |       | -2/9   -2/9   -2/9  |
//         | 0  -1     1    17/4 -17/4   -1    1 0 |       | -2/9    2/9   -2/9  |
//   B^T = | 0  1/2   1/4   -5/2  -5/4    2    1 0 |   G = |  1/90   1/45   2/45 |
//         | 0 -1/2   1/4    5/2  -5/4   -2    1 0 |       |  1/90  -1/45   2/45 |
//         | 0   2     4    -5/2   -5    1/2   1 0 |       | 32/45  16/45   8/45 |
//         | 0  -2     4     5/2   -5   -1/2   1 0 |       | 32/45 -16/45   8/45 |
//         | 0  -1     0    21/4    0   -21/4  0 1 |       |   0      0      1   |
//
//         | 1  1   1   1    1    1     1   0 |
//         | 0  1  -1   2   -2   1/2  -1/2  0 |
//   A^T = | 0  1   1   4    4   1/4   1/4  0 |
//         | 0  1  -1   8   -8   1/8  -1/8  0 |
//         | 0  1   1  16   16   1/16  1/16 0 |
//         | 0  1  -1  32  -32   1/32 -1/32 1 |
//
// Rows of a pair of points +-p share their even and odd parts.
// Source: Lavin and Gray, "Fast algorithms for convolutional neural networks" (2015), equations 5
// to 9. `tile` is m, a constant wherever these are called. Each works on 16 channels (or filters).
#pragma once

#include "vectors.h"

#define MAX_TILE 6
#define MAX_PATCH 8

// out = B^T d, m + 2 values from m + 2.
INLINE void transform_input(long tile, vec *out, const vec *d) {
  if (tile == 4) {
    vec u = d[4] - d[2], v = d[3] - d[1];
    out[0] = (d[0] - d[2] + u) + v * 1.5f;
    out[1] = (u + v) + (d[2] + d[3]) * 1.5f;
    out[2] = (u - v) + (d[3] - d[2]) * 1.5f;
    out[3] = u + v * 2.0f;
    out[4] = u - v * 0.5f;
    out[5] = (d[5] - d[3] - v) + u * 1.5f;
  } else {
    vec even = d[2] + d[6] - d[4] * 4.25f, odd = d[1] + d[5] - d[3] * 4.25f;
    out[0] = (d[0] - d[6]) + (d[4] - d[2]) * 5.25f;
    out[1] = even + odd;
    out[2] = even - odd;
    even = d[6] + d[2] * 0.25f - d[4] * 1.25f;
    odd = d[1] * 0.5f - d[3] * 2.5f + d[5] * 2.0f;
    out[3] = even + odd;
    out[4] = even - odd;
    even = d[6] + d[2] * 4.0f - d[4] * 5.0f;
    odd = d[1] * 2.0f - d[3] * 2.5f + d[5] * 0.5f;
    out[5] = even + odd;
    out[6] = even - odd;
    out[7] = (d[7] - d[1]) + (d[3] - d[5]) * 5.25f;
  }
}

// out = A^T m, m values from m + 2.
INLINE void transform_output(long tile, vec *out, const vec *m) {
  vec sum = m[1] + m[2], difference = m[1] - m[2];
  if (tile == 4) {
    out[0] = m[0] + sum + m[3] + m[4];
    out[1] = difference + m[3] * 0.5f - m[4] * 2.0f;
    out[2] = sum + m[3] * 0.25f + m[4] * 4.0f;
    out[3] = (difference + m[5]) + m[3] * 0.125f - m[4] * 8.0f;
  } else {
    vec sum2 = m[3] + m[4], difference2 = m[3] - m[4];
    vec sumHalf = m[5] + m[6], differenceHalf = m[5] - m[6];
    out[0] = (m[0] + sum) + (sum2 + sumHalf);
    out[1] = difference + difference2 * 2.0f + differenceHalf * 0.5f;
    out[2] = sum + sum2 * 4.0f + sumHalf * 0.25f;
    out[3] = difference + difference2 * 8.0f + differenceHalf * 0.125f;
    out[4] = sum + sum2 * 16.0f + sumHalf * 0.0625f;
    out[5] = (difference + m[7]) + difference2 * 32.0f + differenceHalf * 0.03125f;
  }
}

// out = A y, m + 2 values from m.
INLINE void transform_gradient(long tile, vec *out, const vec *y) {
  if (tile == 4) {
    vec even = y[0] + y[2], odd = y[1] + y[3];
    out[0] = y[0];
    out[1] = even + odd;
    out[2] = even - odd;
    out[3] = y[0] + y[1] * 0.5f + y[2] * 0.25f + y[3] * 0.125f;
    out[4] = y[0] - y[1] * 2.0f + y[2] * 4.0f - y[3] * 8.0f;
    out[5] = y[3];
  } else {
    vec even = y[0] + y[2] + y[4], odd = y[1] + y[3] + y[5];
    out[0] = y[0];
    out[1] = even + odd;
    out[2] = even - odd;
    even = y[0] + y[2] * 4.0f + y[4] * 16.0f;
    odd = y[1] * 2.0f + y[3] * 8.0f + y[5] * 32.0f;
    out[3] = even + odd;
    out[4] = even - odd;
    even = y[0] + y[2] * 0.25f + y[4] * 0.0625f;
    odd = y[1] * 0.5f + y[3] * 0.125f + y[5] * 0.03125f;
    out[5] = even + odd;
    out[6] = even - odd;
    out[7] = y[5];
  }
}

// out = G g, m + 2 values from 3.
INLINE void transform_filter(long tile, vec *out, const vec *g) {
  vec ends = g[0] + g[2];
  out[0] = g[0];
  if (tile == 4) {
    out[1] = (ends + g[1]) * (1.0f / 3);
    out[2] = (g[1] - ends) * (1.0f / 3);
    out[3] = (g[0] + g[1] * 0.5f + g[2] * 0.25f) * (-16.0f / 15);
    out[4] = (g[0] - g[1] * 2.0f + g[2] * 4.0f) * (1.0f / 15);
    out[5] = g[2];
  } else {
    out[1] = (ends + g[1]) * (-2.0f / 9);
    out[2] = (ends - g[1]) * (-2.0f / 9);
    vec even = (g[0] + g[2] * 4.0f) * (1.0f / 90), odd = g[1] * (1.0f / 45);
    out[3] = even + odd;
    out[4] = even - odd;
    even = (g[0] * 4.0f + g[2]) * (8.0f / 45);
    odd = g[1] * (16.0f / 45);
    out[5] = even + odd;
    out[6] = even - odd;
    out[7] = g[2];
  }
}

// out = G^T u, 3 values from m + 2.
INLINE void transform_filter_gradient(long tile, vec *out, const vec *u) {
  if (tile == 4) {
    vec one = u[1] * (1.0f / 3), minusOne = u[2] * (1.0f / 3);
    vec half = u[3] * (-16.0f / 15), minusTwo = u[4] * (1.0f / 15);
    out[0] = u[0] + (one - minusOne) + (half + minusTwo);
    out[1] = (one + minusOne) + half * 0.5f - minusTwo * 2.0f;
    out[2] = (one - minusOne + u[5]) + half * 0.25f + minusTwo * 4.0f;
  } else {
    vec sum1 = (u[1] + u[2]) * (-2.0f / 9), difference1 = (u[1] - u[2]) * (-2.0f / 9);
    vec sum2 = u[3] + u[4], difference2 = u[3] - u[4];
    vec sumHalf = u[5] + u[6], differenceHalf = u[5] - u[6];
    out[0] = (u[0] + sum1) + sum2 * (1.0f / 90) + sumHalf * (32.0f / 45);
    out[1] = difference1 + difference2 * (1.0f / 45) + differenceHalf * (16.0f / 45);
    out[2] = (u[7] + sum1) + sum2 * (2.0f / 45) + sumHalf * (8.0f / 45);
  }
}
