// Pixels between images and the blocked layout, and row-major matrices into panels.
#pragma once

#include "products.h"

static void pack_panels(
    const float *source, long row_stride, long column_stride, long rows, long columns,
    float *target, long first_row, long first_block, long inner_blocks, long blocks) {
  for (long n = 0; n < columns; n += 16) {
    long count = smaller(16, columns - n);
    for (long k = 0; k < rows; k++) {
      float *to =
          target + panel_offset(first_block + n / 16, first_row + k, 16 * inner_blocks, blocks);
      const float *from = source + k * row_stride + n * column_stride;
      if (column_stride == 1)
        store(to, load_part(from, count));
      else
        for (long i = 0; i < count; i++) to[i] = from[i * column_stride];
    }
  }
}

static void pack_pixels(
    const float *source, long pixel_step, long channels, long count, float *target,
    long capacity) {
  for (long t = 0; t < count; t++)
    for (long c = 0; c < channels; c += 16)
      store(
          target + (c / 16 * capacity + t) * 16,
          load_part(source + t * pixel_step + c, channels - c));
}

static void unpack_pixels(
    const float *source, long capacity, long channels, long count, float *target, long pixel_step,
    const ck_finish *finish) {
  const int relu = finish->relu, accumulate = finish->accumulate, streaming = finish->streaming;
  for (long t = 0; t < count; t++)
    for (long c = 0; c < channels; c += 16) {
      vec bias = finish->bias ? load_part(finish->bias + c, channels - c) : splat(0);
      put(target + t * pixel_step + c, load(source + (c / 16 * capacity + t) * 16), bias,
          channels - c, relu, accumulate, streaming);
    }
}

static void pack_patches(
    const ck_images *images, long kernel, long padding, long first_pixel, long count,
    float *target, long capacity) {
  const long channels = images->channels, values = kernel * kernel * channels;
  const long per_image = images->height * images->width;
  long image = first_pixel / per_image, y = first_pixel % per_image / images->width,
       x = first_pixel % images->width;
  for (long t = 0; t < count; t++) {
    float *to = target + t * 16; // block 0 of this pixel
    long place = 0;              // in the block
    for (long dy = 0; dy < kernel; dy++)
      for (long dx = 0; dx < kernel; dx++) {
        long row = y + dy - padding, column = x + dx - padding;
        int inside = row >= 0 && row < images->height && column >= 0 && column < images->width;
        const float *from =
            images->base +
            ((image * images->height + row) * images->width + column) * images->pixel_stride;
        if (place == 0 && channels % 16 == 0) {
          for (long c = 0; c < channels; c += 16, to += capacity * 16)
            store(to, inside ? load(from + c) : splat(0));
          continue;
        }
        for (long c = 0; c < channels; c++) {
          to[place] = inside ? from[c] : 0;
          if (++place == 16) {
            place = 0;
            to += capacity * 16;
          }
        }
      }
    if (values % 16 != 0)
      for (; place < 16; place++) to[place] = 0;
    if (++x == images->width) {
      x = 0;
      if (++y == images->height) {
        y = 0;
        image++;
      }
    }
  }
}
