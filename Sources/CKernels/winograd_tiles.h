// Tiles of a batch of images in and out of the transformed domain, 16 channels at a time.
#pragma once

#include "products.h"
#include "winograd_transforms.h"

// Walks over tiles in their order.
typedef struct {
  long rows, columns; // tiles of an image
  long image, y, x;   // the tile in hand: its image and first pixel
} tile_cursor;

INLINE tile_cursor cursor_at(const ck_images *images, long tile, long number) {
  tile_cursor at;
  at.rows = (images->height + tile - 1) / tile;
  at.columns = (images->width + tile - 1) / tile;
  long in_image = number % (at.rows * at.columns);
  at.image = number / (at.rows * at.columns);
  at.y = in_image / at.columns * tile;
  at.x = in_image % at.columns * tile;
  return at;
}

INLINE void advance(tile_cursor *at, long tile) {
  at->x += tile;
  if (at->x < at->columns * tile) return;
  at->x = 0;
  at->y += tile;
  if (at->y < at->rows * tile) return;
  at->y = 0;
  at->image++;
}

INLINE float *pixel_at(const ck_images *images, long image, long y, long x) {
  return images->base + ((image * images->height + y) * images->width + x) * images->pixel_stride;
}

// Copies a square of `side` pixels at (x, y), zeros outside the image, to [side][side][16].
static void gather(
    const ck_images *images, const tile_cursor *at, long y, long x, long side, long channel,
    float *target) {
  const long first = x < 0 ? -x : 0, end = smaller(side, images->width - x);
  const long channels = images->channels - channel;
  for (long dy = 0; dy < side; dy++, target += side * 16) {
    if (y + dy < 0 || y + dy >= images->height) {
      for (long dx = 0; dx < side; dx++) store(target + dx * 16, splat(0));
      continue;
    }
    const float *from = pixel_at(images, at->image, y + dy, x + first) + channel;
    for (long dx = 0; dx < first; dx++) store(target + dx * 16, splat(0));
    for (long dx = first; dx < end; dx++, from += images->pixel_stride)
      store(target + dx * 16, load_part(from, channels));
    for (long dx = end; dx < side; dx++) store(target + dx * 16, splat(0));
  }
}

// The square from which a tile is computed, read where it lies if it can be.
typedef struct {
  const float *base;
  long pixel, row; // floats from a pixel, from a row, to the next
} square;

INLINE square square_at(
    const ck_images *images, const tile_cursor *at, long y, long x, long side, long channel,
    float *copy) {
  int is_whole = y >= 0 && x >= 0 && y + side <= images->height && x + side <= images->width &&
                 channel + 16 <= images->channels;
  if (is_whole)
    return (square){
        pixel_at(images, at->image, y, x) + channel, images->pixel_stride,
        images->width * images->pixel_stride};
  gather(images, at, y, x, side, channel, copy);
  return (square){copy, 16, 16 * side};
}

INLINE void input_tiles_of(
    long tile, const ck_images *images, const ck_tiles *tiles, ck_blocks target) {
  const long patch = tile + 2;
  float copy[MAX_PATCH * MAX_PATCH * 16] __attribute__((aligned(64)));
  tile_cursor at = cursor_at(images, tile, tiles->first);
  for (long t = 0; t < tiles->count; t++, advance(&at, tile))
    for (long channel = 0; channel < images->channels; channel += 16) {
      square from = square_at(images, &at, at.y - 1, at.x - 1, patch, channel, copy);
      vec w[MAX_PATCH][MAX_PATCH];
      UNROLL for (long x = 0; x < patch; x++) {
        vec d[MAX_PATCH], out[MAX_PATCH];
        UNROLL for (long y = 0; y < patch; y++) {
          const float *pixel = from.base + y * from.row + x * from.pixel;
          d[y] = load(pixel);
          if (x >= 2) __builtin_prefetch(pixel + tile * from.pixel);
        }
        transform_input(tile, out, d);
        UNROLL for (long y = 0; y < patch; y++) w[y][x] = out[y];
      }
      float *to = target.base + (channel / 16 * target.capacity + t) * 16;
      UNROLL for (long y = 0; y < patch; y++) {
        vec out[MAX_PATCH];
        transform_input(tile, out, w[y]);
        UNROLL for (long x = 0; x < patch; x++)
          store(to + (y * patch + x) * target.position_stride, out[x]);
      }
    }
}

INLINE void gradient_tiles_of(
    long tile, const ck_images *images, const ck_tiles *tiles, ck_blocks target) {
  const long patch = tile + 2;
  float copy[MAX_TILE * MAX_TILE * 16] __attribute__((aligned(64)));
  tile_cursor at = cursor_at(images, tile, tiles->first);
  for (long t = 0; t < tiles->count; t++, advance(&at, tile))
    for (long channel = 0; channel < images->channels; channel += 16) {
      square from = square_at(images, &at, at.y, at.x, tile, channel, copy);
      vec w[MAX_PATCH][MAX_TILE];
      UNROLL for (long x = 0; x < tile; x++) {
        vec d[MAX_TILE], out[MAX_PATCH];
        UNROLL for (long y = 0; y < tile; y++) {
          const float *pixel = from.base + y * from.row + x * from.pixel;
          d[y] = load(pixel);
          __builtin_prefetch(pixel + tile * from.pixel);
        }
        transform_gradient(tile, out, d);
        UNROLL for (long y = 0; y < patch; y++) w[y][x] = out[y];
      }
      float *to = target.base + (channel / 16 * target.capacity + t) * 16;
      UNROLL for (long y = 0; y < patch; y++) {
        vec out[MAX_PATCH];
        transform_gradient(tile, out, w[y]);
        UNROLL for (long x = 0; x < patch; x++)
          store(to + (y * patch + x) * target.position_stride, out[x]);
      }
    }
}

// The first half of an output transform: down the columns of a tile's products.
INLINE void product_columns(
    long tile, const float *from, long position_stride, vec (*w)[MAX_PATCH]) {
  const long patch = tile + 2;
  UNROLL for (long x = 0; x < patch; x++) {
    vec m[MAX_PATCH], out[MAX_TILE];
    UNROLL for (long y = 0; y < patch; y++)
      m[y] = load(from + (y * patch + x) * position_stride);
    transform_output(tile, out, m);
    UNROLL for (long y = 0; y < tile; y++) w[y][x] = out[y];
  }
}

INLINE void output_tiles_of(
    long tile, ck_blocks source, const ck_tiles *tiles, const ck_images *images,
    const ck_finish *finish, const ck_images *pooled) {
  const int relu = finish->relu, accumulate = finish->accumulate, streaming = finish->streaming;
  tile_cursor at = cursor_at(images, tile, tiles->first);
  const long row_stride = images->width * images->pixel_stride;
  for (long t = 0; t < tiles->count; t++, advance(&at, tile)) {
    long rows = smaller(tile, images->height - at.y), columns = smaller(tile, images->width - at.x);
    float *corner = pixel_at(images, at.image, at.y, at.x);
    for (long channel = 0; channel < images->channels; channel += 16) {
      const float *from = source.base + (channel / 16 * source.capacity + t) * 16;
      long count = images->channels - channel;
      vec bias = finish->bias ? load_part(finish->bias + channel, count) : splat(0);
      vec w[MAX_TILE][MAX_PATCH];
      product_columns(tile, from, source.position_stride, w);
      vec above[MAX_TILE];
      for (long y = 0; y < rows; y++) {
        vec out[MAX_TILE];
        transform_output(tile, out, w[y]);
        float *to = corner + y * row_stride + channel;
        UNROLL for (long x = 0; x < tile; x++)
          if (x < columns)
            out[x] = put(
                to + x * images->pixel_stride, out[x], bias, count, relu, accumulate, streaming);
        if (!pooled) continue;
        if (y % 2 == 0) {
          UNROLL for (long x = 0; x < tile; x++) above[x] = out[x];
          continue;
        }
        float *largest = pixel_at(pooled, at.image, (at.y + y) / 2, at.x / 2) + channel;
        UNROLL for (long x = 0; x < tile; x += 2, largest += pooled->pixel_stride)
          if (x + 1 < columns) {
            vec top = first_largest(above[x], above[x + 1]);
            store_part(largest, first_largest(first_largest(top, out[x]), out[x + 1]), count);
          }
      }
    }
  }
}

INLINE void head_tiles_of(
    long tile, ck_blocks source, const ck_tiles *tiles, long channels, const ck_finish *finish,
    const ck_head *head) {
  const ck_images *images = &head->images;
  const int relu = finish->relu;
  tile_cursor at = cursor_at(images, tile, tiles->first);
  for (long t = 0; t < tiles->count; t++, advance(&at, tile)) {
    const long rows = smaller(tile, images->height - at.y);
    const long columns = smaller(tile, images->width - at.x);
    vec sums[MAX_TILE][2 * MAX_TILE];
    for (long channel = 0; channel < channels; channel += 16) {
      vec bias = finish->bias ? load_part(finish->bias + channel, channels - channel) : splat(0);
      vec weight[2] = {load(head->weight + 2 * channel), load(head->weight + 2 * channel + 16)};
      vec w[MAX_TILE][MAX_PATCH];
      product_columns(
          tile, source.base + (channel / 16 * source.capacity + t) * 16, source.position_stride, w);
      for (long y = 0; y < rows; y++) {
        vec out[MAX_TILE];
        transform_output(tile, out, w[y]);
        UNROLL for (long x = 0; x < tile; x++) {
          vec value = out[x] + bias;
          if (relu) value = rectified(value);
          UNROLL for (int n = 0; n < 2; n++) {
            vec before = channel > 0 ? sums[y][2 * x + n] : splat(0);
            sums[y][2 * x + n] = before + value * weight[n];
          }
        }
      }
    }
    const four offset = {head->bias[0], head->bias[1], head->bias[0], head->bias[1]};
    for (long y = 0; y < rows; y++) {
      float *to = pixel_at(images, at.image, at.y + y, at.x);
      UNROLL for (long x = 0; x < tile; x += 2, to += 2 * images->pixel_stride) {
        const vec *own = sums[y] + 2 * x;
        four result = lane_sums(own[0], own[1], own[2], own[3]) + offset;
        for (int n = 0; n < 2; n++) {
          if (x < columns) to[n] = result[n];
          if (x + 1 < columns) to[images->pixel_stride + n] = result[2 + n];
        }
      }
    }
  }
}

// Transforms 16 filters, whose taps are g[dy][dx], to positions `stride` apart.
INLINE void store_filter(long tile, vec (*g)[3], float *target, long stride) {
  const long patch = tile + 2;
  vec w[3][MAX_PATCH];
  UNROLL for (long x = 0; x < 3; x++) {
    vec column[3] = {g[0][x], g[1][x], g[2][x]};
    transform_filter(tile, w[x], column);
  }
  UNROLL for (long y = 0; y < patch; y++) {
    vec row[3] = {w[0][y], w[1][y], w[2][y]}, out[MAX_PATCH];
    transform_filter(tile, out, row);
    UNROLL for (long x = 0; x < patch; x++) store(target + (y * patch + x) * stride, out[x]);
  }
}

INLINE void filters_of(
    long tile, const float *weight, long inputs, long outputs, long columns, long first, long end,
    float *panels, long position_stride, long inner_blocks, long first_row) {
  const long blocks = (columns + 15) / 16, tap = inputs * outputs;
  for (long n = 0; n < blocks; n++)
    for (long k = first; k < end; k++) {
      vec g[3][3];
      const float *from = weight + k * outputs + n * 16;
      // Rows of a few outputs lie far apart: no processor foresees nine such streams.
      if (k + 8 < inputs)
        for (long t = 0; t < 9; t++) __builtin_prefetch(from + t * tap + 8 * outputs);
      UNROLL for (long y = 0; y < 3; y++) UNROLL for (long x = 0; x < 3; x++)
        g[y][x] =
            k < inputs ? load_part(from + (y * 3 + x) * tap, columns - n * 16) : splat(0);
      store_filter(
          tile, g, panels + panel_offset(n, first_row + k - first, 16 * inner_blocks, blocks),
          position_stride);
    }
}

INLINE void turned_filters_of(
    long tile, const float *weight, long inputs, long outputs, long columns, long first, long end,
    float *panels, long position_stride, long inner_blocks, long first_row) {
  const long blocks = (columns + 15) / 16, tap = inputs * outputs;
  float turned[9][16][16] __attribute__((aligned(64))); // [tap][row][column]
  for (long n = 0; n < blocks; n++)
    for (long row = first; row < end; row += 16) {
      long rows = smaller(16, end - row), width = smaller(16, columns - n * 16);
      memset(turned, 0, sizeof turned);
      for (long t = 0; t < 9; t++)
        for (long j = 0; j < width; j++) {
          const float *from = weight + (8 - t) * tap + (n * 16 + j) * outputs + row;
          for (long i = 0; i < smaller(rows, outputs - row); i++) turned[t][i][j] = from[i];
        }
      for (long i = 0; i < rows; i++) {
        vec g[3][3];
        UNROLL for (long y = 0; y < 3; y++) UNROLL for (long x = 0; x < 3; x++)
          g[y][x] = load(turned[y * 3 + x][i]);
        store_filter(
            tile, g,
            panels + panel_offset(n, first_row + row - first + i, 16 * inner_blocks, blocks),
            position_stride);
      }
    }
}

INLINE void filter_gradient_of(
    long tile, const float *const *sums, long parts, long position_stride, long inner_blocks,
    long input, long columns, float *weight_gradient, long inputs, long outputs) {
  const long patch = tile + 2;
  for (long n = 0; n * 16 < columns; n++) {
    long place = (n * 16 * inner_blocks + input) * 16;
    vec w[MAX_PATCH][3]; // [x][filter row]
    UNROLL for (long x = 0; x < patch; x++) {
      vec u[MAX_PATCH];
      UNROLL for (long y = 0; y < patch; y++) {
        long offset = (y * patch + x) * position_stride + place;
        u[y] = load(sums[0] + offset);
        for (long part = 1; part < parts; part++) u[y] += load(sums[part] + offset);
      }
      transform_filter_gradient(tile, w[x], u);
    }
    UNROLL for (long y = 0; y < 3; y++) {
      vec row[MAX_PATCH], out[3];
      UNROLL for (long x = 0; x < patch; x++) row[x] = w[x][y];
      transform_filter_gradient(tile, out, row);
      UNROLL for (long x = 0; x < 3; x++)
        store_part(
            weight_gradient + ((y * 3 + x) * inputs + input) * outputs + n * 16, out[x],
            columns - n * 16);
    }
  }
}

// Both tile sizes, with `tile` a constant in each.
static void input_tiles(const ck_images *images, const ck_tiles *tiles, ck_blocks target) {
  if (tiles->tile == 4)
    input_tiles_of(4, images, tiles, target);
  else
    input_tiles_of(6, images, tiles, target);
}

static void gradient_tiles(const ck_images *images, const ck_tiles *tiles, ck_blocks target) {
  if (tiles->tile == 4)
    gradient_tiles_of(4, images, tiles, target);
  else
    gradient_tiles_of(6, images, tiles, target);
}

static void output_tiles(
    ck_blocks source, const ck_tiles *tiles, const ck_images *images, const ck_finish *finish,
    const ck_images *pooled) {
  if (tiles->tile == 4)
    output_tiles_of(4, source, tiles, images, finish, pooled);
  else
    output_tiles_of(6, source, tiles, images, finish, pooled);
}

static void head_tiles(
    ck_blocks source, const ck_tiles *tiles, long channels, const ck_finish *finish,
    const ck_head *head) {
  if (tiles->tile == 4)
    head_tiles_of(4, source, tiles, channels, finish, head);
  else
    head_tiles_of(6, source, tiles, channels, finish, head);
}

static void filters(
    long tile, const float *weight, long inputs, long outputs, long columns, long first, long end,
    float *panels, long position_stride, long inner_blocks, long first_row) {
  if (tile == 4)
    filters_of(
        4, weight, inputs, outputs, columns, first, end, panels, position_stride, inner_blocks,
        first_row);
  else
    filters_of(
        6, weight, inputs, outputs, columns, first, end, panels, position_stride, inner_blocks,
        first_row);
}

static void turned_filters(
    long tile, const float *weight, long inputs, long outputs, long columns, long first, long end,
    float *panels, long position_stride, long inner_blocks, long first_row) {
  if (tile == 4)
    turned_filters_of(
        4, weight, inputs, outputs, columns, first, end, panels, position_stride, inner_blocks,
        first_row);
  else
    turned_filters_of(
        6, weight, inputs, outputs, columns, first, end, panels, position_stride, inner_blocks,
        first_row);
}

static void filter_gradient(
    long tile, const float *const *sums, long parts, long position_stride, long inner_blocks,
    long input, long columns, float *weight_gradient, long inputs, long outputs) {
  if (tile == 4)
    filter_gradient_of(
        4, sums, parts, position_stride, inner_blocks, input, columns, weight_gradient, inputs,
        outputs);
  else
    filter_gradient_of(
        6, sums, parts, position_stride, inner_blocks, input, columns, weight_gradient, inputs,
        outputs);
}

// One row of a patch square at a time: part p asks for its share of the lines of each tile row that
// the tiles lie in.
static void prefetch_tiles(
    const ck_images *images, const ck_tiles *tiles, long part, long parts) {
  const long tile = tiles->tile, patch = tile + 2;
  tile_cursor at = cursor_at(images, tile, tiles->first);
  long left = tiles->count;
  while (left > 0 && at.image < images->batch) {
    long columns = smaller(left, at.columns - at.x / tile);
    long x = at.x, width = smaller(columns * tile + 1, images->width - x);
    long bytes = width * images->pixel_stride * (long)sizeof(float);
    // Rows of this strip, cut into `parts` pieces in reading order.
    for (long piece = part * patch; piece < (part + 1) * patch; piece++) {
      long y = at.y - 1 + piece / parts;
      if (y < 0 || y >= images->height) continue;
      const char *line = (const char *)pixel_at(images, at.image, y, x);
      long from = bytes * (piece % parts) / parts, to = bytes * (piece % parts + 1) / parts;
      for (long offset = from & -64; offset < to; offset += 64)
        __builtin_prefetch(line + offset, 0, 2);
    }
    left -= columns;
    at.x = 0;
    at.y += tile;
    if (at.y >= at.rows * tile) {
      at.y = 0;
      at.image++;
    }
  }
}
