// The innermost loops of the neural network, compiled once for each instruction set that is worth
// it and chosen when the program starts. They are in C for this one reason: Swift cannot compile a
// function for other instructions than its module's, and AVX-512 doubles the multiply-adds of a
// cycle on processors that have it. Everything around them (which loop runs on what, in which
// order, on which thread, in which memory) is in the Swift target Kernels.
//
// Nothing here allocates, fails, or keeps state.
//
// Blocked layout. Channels go in blocks of 16 (64 bytes, one cache line); missing channels of the
// last block are zeros. A matrix of T rows (tiles or pixels) and C channels is stored as
// [C / 16][capacity][16], capacity >= T: a product reads both its operands in the order in which
// they lie in memory.
#pragma once

#include <stdint.h>

// A batch of images, NHWC: channel c of pixel (x, y) of image n is
// base[((n * height + y) * width + x) * pixel_stride + c].
typedef struct {
  float *base;
  long batch, height, width, channels;
  long pixel_stride; // floats from a pixel to the next, at least `channels`
} ck_images;

// The output tiles of a batch, tile x tile pixels each, numbered image by image, row by row:
// `count` of them from number `first`.
typedef struct {
  long tile; // 4 or 6: F(4x4, 3x3) with 36 positions, F(6x6, 3x3) with 64
  long first, count;
} ck_tiles;

// Where transformed tiles lie: [positions][channels / 16][capacity][16].
typedef struct {
  float *base;
  long position_stride; // floats from a position to the next
  long capacity;        // rows reserved for tiles
} ck_blocks;

// What happens to values on their way into an image.
typedef struct {
  const float *bias; // [channels], or NULL
  int relu;          // negative values become 0, NaN stays
  int accumulate;    // add to what is there
  int streaming;     // write past the caches: for results that are larger than they are
} ck_finish;

// A 1x1 convolution to two channels, computed from values that are not written themselves.
typedef struct {
  ck_images images;    // what it writes
  const float *weight; // [channels / 16][2][16], zeros behind the channels
  const float *bias;   // [2]
} ck_head;

// The loops of one instruction set.
typedef struct {
  const char *name; // "AVX-512", "AVX2", "generic"
  long row_step;    // capacities are multiples of this

  // c = a . b: a [inner][capacity][16], c [columns][capacity][16], `inner` and `columns` in blocks
  // of 16; b in panels, as `pack_panels` and `filters` write them. `rows`, rounded up to row_step,
  // are computed; with `accumulate` they are added to c.
  void (*multiply)(
      long rows, long capacity, long columns, long inner, const float *a, const float *b, float *c,
      int accumulate);

  // c (+)= transposed(a) . b over `rows` rows: a [inner][capacity][16], b [columns][capacity][16],
  // c [columns][16 inner][16].
  void (*multiply_transposed)(
      long rows, long capacity, long columns, long inner, const float *a, const float *b, float *c,
      int accumulate);

  // Writes a part of a panel matrix of 16 inner_blocks rows and `blocks` column blocks: value
  // (k, n) = source[k * row_stride + n * column_stride] for `rows` x `columns` values goes to row
  // first_row + k, column 16 first_block + n. With column_stride 1 the rest of a column block
  // becomes 0; else the caller has zeroed it.
  void (*pack_panels)(
      const float *source, long row_stride, long column_stride, long rows, long columns,
      float *target, long first_row, long first_block, long inner_blocks, long blocks);

  // Winograd: B^T d B of input patches, zeros outside the image.
  void (*input_tiles)(const ck_images *images, const ck_tiles *tiles, ck_blocks target);
  // A^T m A of products, into the image; and the largest of each 2x2 pixels into `pooled`, of half
  // the height and width (rounded down), unless that is NULL.
  void (*output_tiles)(
      ck_blocks source, const ck_tiles *tiles, const ck_images *images, const ck_finish *finish,
      const ck_images *pooled);
  // A^T m A of products of `channels` channels, finished without accumulating, only to compute the
  // head from them.
  void (*head_tiles)(
      ck_blocks source, const ck_tiles *tiles, long channels, const ck_finish *finish,
      const ck_head *head);
  // A y A^T of output gradients (zeros outside the image).
  void (*gradient_tiles)(const ck_images *images, const ck_tiles *tiles, ck_blocks target);
  // G g G^T of filters [3][3][inputs][outputs] for inputs first ..< end and `columns` outputs from
  // `weight` on, into panels of 16 inner_blocks rows for each position, from row first_row on.
  void (*filters)(
      long tile, const float *weight, long inputs, long outputs, long columns, long first, long end,
      float *panels, long position_stride, long inner_blocks, long first_row);
  // The same of filters turned by 180 degrees with inputs and outputs exchanged: rows are outputs
  // first ..< end, columns are `columns` inputs from `weight` on.
  void (*turned_filters)(
      long tile, const float *weight, long inputs, long outputs, long columns, long first, long end,
      float *panels, long position_stride, long inner_blocks, long first_row);
  // weight_gradient[3][3][input][outputs] = G^T s G for one input channel and `columns` outputs,
  // s the sum over `parts` arrays [positions][columns / 16][16 inner_blocks][16].
  void (*filter_gradient)(
      long tile, const float *const *sums, long parts, long position_stride, long inner_blocks,
      long input, long columns, float *weight_gradient, long inputs, long outputs);

  // Rows of pixels between images and the blocked layout. The patch of an output pixel (x, y) is
  // the kernel x kernel input pixels from (x - padding, y - padding), zeros outside; its values are
  // [kernel][kernel][channels] rounded up to 16.
  void (*pack_patches)(
      const ck_images *images, long kernel, long padding, long first_pixel, long count,
      float *target, long capacity);
  // `count` pixels, `pixel_step` floats apart, of `channels` channels.
  void (*pack_pixels)(
      const float *source, long pixel_step, long channels, long count, float *target,
      long capacity);
  void (*unpack_pixels)(
      const float *source, long capacity, long channels, long count, float *target, long pixel_step,
      const ck_finish *finish);

  // 3x3 convolution, padding 1, of few channels (3 at most is meant): `rows` rows, all images
  // counted, from first_row on. panels: [9 channels rounded up to 16] rows of `pack_panels`; memory:
  // 3 (width + 14) channels floats.
  void (*lines)(
      const ck_images *input, long first_row, long rows, const float *panels,
      const ck_images *output, const ck_finish *finish, float *memory);
  // 1x1 convolution with few outputs (1 ... 4): target[n] = bias[n] + sum source[c] weight[c / 16][n][c % 16]
  // of `count` pixels, weight padded with zeros.
  void (*few_outputs)(
      const float *source, long source_step, long channels, long count, long outputs,
      const float *weight, const float *bias, float *target, long target_step);
  // 2x2 max-pooling of stride 2 of one row of `coarse`; winners [rows][width][channels] (or NULL)
  // get the place 0 ... 3 (2 dy + dx) of the first maximum in reading order.
  void (*max_pool)(const ck_images *fine, long row, const ck_images *coarse, uint8_t *winners);
  // Sends each gradient of one row of `coarse` to the winner of its block, 0 to the others.
  void (*max_pool_gradient)(
      const ck_images *coarse, long row, const uint8_t *winners, const ck_images *fine,
      int accumulate);

  // Asks for the input of tiles to be brought into the caches: part `part` of `parts`.
  void (*prefetch_tiles)(const ck_images *images, const ck_tiles *tiles, long part, long parts);
  // Makes streaming writes visible to other threads.
  void (*finish_streaming)(void);
} ck_kernels;

// Tells the processor that this thread only waits.
static inline void ck_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

// The fastest set that this processor runs. DERMSEG_INSTRUCTIONS=AVX2 in the environment takes the
// smaller one, to compare.
const ck_kernels *ck_kernels_for_processor(void);

// The sets that this processor runs, the fastest first; NULL after the last.
const ck_kernels *ck_kernels_at(long index);
