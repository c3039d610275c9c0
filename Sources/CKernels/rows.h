// Layers that are bound by memory, a row of pixels at a time.
#pragma once

#include "products.h"

// Most channels of `lines`, and pixels that it computes at once.
#define LINE_PIXELS (PANEL == 2 ? 12 : 6)

// One block of pixels of a 3x3 convolution of few channels: the patch of pixel r begins at
// line[dy] + r * channels and goes on for 3 * channels values.
INLINE void line_block(
    const long channels, const int blocks, const float *const *line, const float *panel,
    const float *bias, long bias_count, const ck_finish *finish, float *target, long pixel_stride,
    long pixels) {
  vec sums[12][2];
  UNROLL for (int r = 0; r < LINE_PIXELS; r++) UNROLL for (int n = 0; n < blocks; n++)
    sums[r][n] = splat(0);
  for (int dy = 0; dy < 3; dy++) {
    const float *left = line[dy];
    for (long k = 0; k < 3 * channels; k++, panel += 16 * blocks) {
      vec right[2];
      UNROLL for (int n = 0; n < blocks; n++) right[n] = load(panel + 16 * n);
      UNROLL for (int r = 0; r < LINE_PIXELS; r++) {
        vec value = splat(left[r * channels + k]);
        UNROLL for (int n = 0; n < blocks; n++) sums[r][n] += value * right[n];
      }
    }
  }
  const int relu = finish->relu, streaming = finish->streaming;
  UNROLL for (int n = 0; n < blocks; n++) {
    long count = bias_count - 16 * n;
    vec offset = bias ? load_part(bias + 16 * n, count) : splat(0);
    UNROLL for (int r = 0; r < LINE_PIXELS; r++)
      if (r < pixels)
        put(target + r * pixel_stride + 16 * n, sums[r][n], offset, count, relu, 0, streaming);
  }
}

INLINE void line_row(
    const long channels, const float *const *lines, const float *panels, const ck_finish *finish,
    const ck_images *output, float *target) {
  const long blocks = (output->channels + 15) / 16;
  const long panel_rows = rounded_up(9 * channels, 16);
  for (long x = 0; x < output->width; x += LINE_PIXELS) {
    const float *line[3] = {
        lines[0] + x * channels, lines[1] + x * channels, lines[2] + x * channels};
    for (long n = 0; n < blocks; n += PANEL) {
      const float *panel = panels + n * 16 * panel_rows;
      const float *bias = finish->bias ? finish->bias + n * 16 : NULL;
      float *to = target + x * output->pixel_stride + n * 16;
      if (blocks - n < PANEL)
        line_block(
            channels, 1, line, panel, bias, output->channels - n * 16, finish, to,
            output->pixel_stride, output->width - x);
      else
        line_block(
            channels, PANEL, line, panel, bias, output->channels - n * 16, finish, to,
            output->pixel_stride, output->width - x);
    }
  }
}

static void lines(
    const ck_images *input, long first_row, long rows, const float *panels,
    const ck_images *output, const ck_finish *finish, float *memory) {
  const long channels = input->channels, values = input->width * channels;
  const long stride = values + (2 + LINE_PIXELS) * channels;
  memset(memory, 0, 3 * stride * sizeof(float));
  for (long row = first_row; row < first_row + rows; row++) {
    const long y = row % input->height;
    const float *line[3];
    for (long dy = 0; dy < 3; dy++) {
      // Row y + dy - 1 lies in slot (y + dy) % 3, behind one pixel of zeros.
      float *slot = memory + (y + dy) % 3 * stride;
      line[dy] = slot;
      if (dy < 2 && row > first_row && y > 0) continue;
      const float *from = input->base + (row + dy - 1) * input->width * input->pixel_stride;
      int inside = y + dy >= 1 && y + dy <= input->height;
      for (long x = 0; x < input->width; x++)
        for (long c = 0; c < channels; c++)
          slot[(x + 1) * channels + c] = inside ? from[x * input->pixel_stride + c] : 0;
    }
    float *target = output->base + row * output->width * output->pixel_stride;
    if (channels == 1)
      line_row(1, line, panels, finish, output, target);
    else if (channels == 3)
      line_row(3, line, panels, finish, output, target);
    else
      line_row(channels, line, panels, finish, output, target);
  }
}

// One or two pixels, whose sums leave the registers together.
INLINE void few_outputs_of(
    const int pixels, const long outputs, const float *source, long source_step, long channels,
    const float *weight, const float *bias, float *target, long target_step) {
  vec sums[8];
  UNROLL for (int i = 0; i < 8; i++) sums[i] = splat(0);
  for (long c = 0; c < channels; c += 16)
    UNROLL for (int i = 0; i < pixels; i++) {
      vec value = load_part(source + i * source_step + c, channels - c);
      UNROLL for (int n = 0; n < outputs; n++)
        sums[i * outputs + n] += value * load(weight + (c * outputs + 16 * n));
    }
  for (long first = 0; first < pixels * outputs; first += 4) {
    four part = lane_sums(sums[first], sums[first + 1], sums[first + 2], sums[first + 3]);
    for (long i = first; i < smaller(first + 4, pixels * outputs); i++)
      target[i / outputs * target_step + i % outputs] = part[i - first] + bias[i % outputs];
  }
}

static void few_outputs(
    const float *source, long source_step, long channels, long count, long outputs,
    const float *weight, const float *bias, float *target, long target_step) {
  long t = 0;
  if (outputs == 2)
    for (; t + 1 < count; t += 2)
      few_outputs_of(
          2, 2, source + t * source_step, source_step, channels, weight, bias,
          target + t * target_step, target_step);
  for (; t < count; t++)
    few_outputs_of(
        1, outputs, source + t * source_step, source_step, channels, weight, bias,
        target + t * target_step, target_step);
}

typedef unsigned char byte_vec __attribute__((vector_size(16)));
typedef unsigned char unaligned_byte_vec __attribute__((vector_size(16), aligned(1)));

static void max_pool(const ck_images *fine, long row, const ck_images *coarse, uint8_t *winners) {
  const long step = fine->pixel_stride, channels = coarse->channels;
  const float *top = fine->base + 2 * row * fine->width * step;
  const float *bottom = top + fine->width * step;
  float *to = coarse->base + row * coarse->width * coarse->pixel_stride;
  for (long x = 0; x < coarse->width; x++, top += 2 * step, bottom += 2 * step) {
    for (long c = 0; c < channels; c += 16) {
      const long count = channels - c;
      __builtin_prefetch(top + 16 * step + c);
      __builtin_prefetch(top + 17 * step + c);
      __builtin_prefetch(bottom + 16 * step + c);
      __builtin_prefetch(bottom + 17 * step + c);
      const vec values[4] = {
          load_part(top + c, count), load_part(top + step + c, count),
          load_part(bottom + c, count), load_part(bottom + step + c, count)};
      vec best = values[0];
      int_vec place = {0};
      UNROLL for (int i = 1; i < 4; i++) {
        int_vec is_better = values[i] > best;
        best = chosen(is_better, values[i], best);
        place = (is_better & i) | (~is_better & place);
      }
      store_part(to + c, best, count);
      if (!winners) continue;
      byte_vec bytes = __builtin_convertvector(place, byte_vec);
      uint8_t *winner = winners + (row * coarse->width + x) * channels + c;
      if (count >= 16)
        *(unaligned_byte_vec *)winner = bytes;
      else
        for (long i = 0; i < count; i++) winner[i] = bytes[i];
    }
    to += coarse->pixel_stride;
  }
}

static void max_pool_gradient(
    const ck_images *coarse, long row, const uint8_t *winners, const ck_images *fine,
    int accumulate) {
  const long step = fine->pixel_stride, channels = coarse->channels;
  const float *from = coarse->base + row * coarse->width * coarse->pixel_stride;
  float *top = fine->base + 2 * row * fine->width * step;
  for (long x = 0; x < coarse->width; x++, from += coarse->pixel_stride, top += 2 * step) {
    for (long c = 0; c < channels; c += 16) {
      const long count = channels - c;
      const uint8_t *winner = winners + (row * coarse->width + x) * channels + c;
      byte_vec bytes = {0};
      if (count >= 16)
        bytes = *(const unaligned_byte_vec *)winner;
      else
        for (long i = 0; i < count; i++) bytes[i] = winner[i];
      int_vec place = __builtin_convertvector(bytes, int_vec);
      vec slope = load_part(from + c, count);
      UNROLL for (int i = 0; i < 4; i++) {
        float *to = top + (i / 2 * fine->width + i % 2) * step + c;
        vec value = chosen(place == i, slope, splat(0));
        store_part(to, accumulate ? load_part(to, count) + value : value, count);
      }
    }
  }
}
