// Products of matrices in the blocked layout of CKernels.h.
// Source: Goto and van de Geijn, "Anatomy of high-performance matrix multiplication" (2008): a
// block of sums stays in registers while the operands stream past.
#pragma once

#include "vectors.h"

// Inner blocks after which a panel's part (16 KiB) is used again for all rows, while it is in the
// first-level cache.
#define DEPTH 8

// c[row][column block] (+)= a . b for ROWS rows and COLUMNS column blocks.
#define DEFINE_PRODUCT(ROWS, COLUMNS)                                                           \
  static __attribute__((noinline)) void product_##ROWS##x##COLUMNS(                             \
      long inner, long a_block, const float *restrict a, const float *restrict b,               \
      float *restrict c, long c_block, int accumulate) {                                        \
    vec sums[ROWS][COLUMNS];                                                                    \
    UNROLL for (int r = 0; r < ROWS; r++) UNROLL for (int n = 0; n < COLUMNS; n++)              \
      sums[r][n] = splat(0);                                                                    \
    for (long block = 0; block < inner; block++, a += a_block)                                  \
      _Pragma("clang loop unroll_count(4)") for (int k = 0; k < 16; k++, b += 16 * COLUMNS) {   \
        vec right[COLUMNS];                                                                     \
        UNROLL for (int n = 0; n < COLUMNS; n++) right[n] = load(b + 16 * n);                   \
        UNROLL for (int r = 0; r < ROWS; r++) {                                                 \
          vec left = splat(a[16 * r + k]);                                                      \
          UNROLL for (int n = 0; n < COLUMNS; n++) sums[r][n] += left * right[n];               \
        }                                                                                       \
      }                                                                                         \
    UNROLL for (int r = 0; r < ROWS; r++) UNROLL for (int n = 0; n < COLUMNS; n++) {            \
      float *to = c + n * c_block + 16 * r;                                                     \
      store(to, accumulate ? load(to) + sums[r][n] : sums[r][n]);                               \
    }                                                                                           \
  }

typedef void (*product)(
    long inner, long a_block, const float *restrict a, const float *restrict b, float *restrict c,
    long c_block, int accumulate);

// Products of falling numbers of rows; the last divides ROW_STEP.
typedef struct {
  int rows;
  product run;
} product_size;

// c[16 inner rows][column block] (+)= transposed(a) . b for ROWS rows and COLUMNS column blocks,
// `rows` terms.
#define DEFINE_TRANSPOSED_PRODUCT(ROWS, COLUMNS)                                                \
  static __attribute__((noinline)) void transposed_product_##ROWS##x##COLUMNS(                  \
      long rows, const float *restrict a, const float *restrict b, long b_block,                \
      float *restrict c, long c_block, int accumulate) {                                        \
    vec sums[ROWS][COLUMNS];                                                                    \
    UNROLL for (int r = 0; r < ROWS; r++) UNROLL for (int n = 0; n < COLUMNS; n++)              \
      sums[r][n] = splat(0);                                                                    \
    for (long t = 0; t < rows; t++, a += 16, b += 16) {                                         \
      vec right[COLUMNS];                                                                       \
      UNROLL for (int n = 0; n < COLUMNS; n++) right[n] = load(b + n * b_block);                \
      UNROLL for (int r = 0; r < ROWS; r++) {                                                   \
        vec left = splat(a[r]);                                                                 \
        UNROLL for (int n = 0; n < COLUMNS; n++) sums[r][n] += left * right[n];                 \
      }                                                                                         \
    }                                                                                           \
    UNROLL for (int r = 0; r < ROWS; r++) UNROLL for (int n = 0; n < COLUMNS; n++) {            \
      float *to = c + n * c_block + 16 * r;                                                     \
      store(to, accumulate ? load(to) + sums[r][n] : sums[r][n]);                               \
    }                                                                                           \
  }

// The register blocks: as many sums as the instruction set has registers for. PANEL is the number
// of column blocks in a panel of b, [16 inner][16 PANEL].
#define ROW_STEP 4
#if defined(WIDE_REGISTERS)
#define PANEL 2
DEFINE_PRODUCT(12, 2)
DEFINE_PRODUCT(8, 2)
DEFINE_PRODUCT(4, 2)
DEFINE_PRODUCT(24, 1)
DEFINE_PRODUCT(12, 1)
DEFINE_PRODUCT(4, 1)
static const product_size panel_products[] = {
    {12, product_12x2}, {8, product_8x2}, {4, product_4x2}};
static const product_size single_products[] = {
    {24, product_24x1}, {12, product_12x1}, {4, product_4x1}};
DEFINE_TRANSPOSED_PRODUCT(8, 2)
DEFINE_TRANSPOSED_PRODUCT(16, 1)
#define PANEL_ROWS 8
#define SINGLE_ROWS 16
#define transposed_panel transposed_product_8x2
#define transposed_single transposed_product_16x1
#else
#define PANEL 1
DEFINE_PRODUCT(6, 1)
DEFINE_PRODUCT(4, 1)
DEFINE_PRODUCT(2, 1)
static const product_size single_products[] = {
    {6, product_6x1}, {4, product_4x1}, {2, product_2x1}};
#define panel_products single_products
DEFINE_TRANSPOSED_PRODUCT(4, 1)
#define PANEL_ROWS 4
#define SINGLE_ROWS 4
#define transposed_panel transposed_product_4x1
#define transposed_single transposed_product_4x1
#endif

INLINE void multiply_panel(
    const product_size *sizes, long rows, long capacity, long inner, const float *a,
    const float *b, long b_row, float *c, int accumulate) {
  for (long first = 0; first < inner; first += DEPTH) {
    const product_size *size = sizes;
    for (long row = 0; row < rows; row += size->rows) {
      while (size->rows > rows - row) size++;
      size->run(
          smaller(DEPTH, inner - first), capacity * 16, a + (first * capacity + row) * 16,
          b + first * 16 * b_row, c + row * 16, capacity * 16, accumulate || first > 0);
    }
  }
}

static void multiply(
    long rows, long capacity, long columns, long inner, const float *a, const float *b, float *c,
    int accumulate) {
  rows = rounded_up(rows, ROW_STEP);
  for (long n = 0; n < columns; n += PANEL) {
    int is_single = columns - n < PANEL;
    multiply_panel(
        is_single ? single_products : panel_products, rows, capacity, inner, a,
        b + n * 16 * 16 * inner, is_single ? 16 : 16 * PANEL, c + n * capacity * 16, accumulate);
  }
}

static void multiply_transposed(
    long rows, long capacity, long columns, long inner, const float *a, const float *b, float *c,
    int accumulate) {
  const long c_block = 16 * 16 * inner;
  for (long n = 0; n < columns; n += PANEL) {
    int is_single = columns - n < PANEL;
    for (long i = 0; i < 16 * inner; i += is_single ? SINGLE_ROWS : PANEL_ROWS) {
      const float *left = a + i / 16 * capacity * 16 + i % 16;
      const float *right = b + n * capacity * 16;
      float *to = c + n * c_block + i * 16;
      if (is_single)
        transposed_single(rows, left, right, capacity * 16, to, c_block, accumulate);
      else
        transposed_panel(rows, left, right, capacity * 16, to, c_block, accumulate);
    }
  }
}

// Where row k of column block n lies in the panels of a matrix of `rows` rows and `blocks` column
// blocks.
INLINE long panel_offset(long n, long k, long rows, long blocks) {
  long first = n / PANEL * PANEL, width = smaller(PANEL, blocks - first) * 16;
  return first * rows * 16 + k * width + (n - first) * 16;
}
