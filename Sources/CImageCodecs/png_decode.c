#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "codec.h"

struct codec_png_reader {
  png_structp png;
  png_infop info;
  jmp_buf jump;
  codec_limits limits;
  codec_report *report;
  uint64_t cpu_start;
  uint32_t warnings;
  uint32_t reads;
  const uint8_t *next;
  size_t left;
  // Decoded rows that still carry alpha: one row, or all of an interlaced image.
  uint8_t *alpha_rows;
};

static _Noreturn void fail(codec_png_reader *reader, codec_status status, uint64_t value,
                           uint64_t limit, const char *message) {
  codec_set(reader->report, status, value, limit, message);
  longjmp(reader->jump, 1);
}

static void on_error(png_structp png, png_const_charp message) {
  codec_png_reader *reader = png_get_error_ptr(png);
  codec_status status = strstr(message, "emory") != NULL ? CODEC_TOO_MUCH_MEMORY : CODEC_DAMAGED;
  fail(reader, status, 0, 0, message);
}

static void on_warning(png_structp png, png_const_charp message) {
  codec_png_reader *reader = png_get_error_ptr(png);
  reader->warnings += 1;
  if (reader->warnings > reader->limits.warnings) {
    fail(reader, CODEC_TOO_MANY_WARNINGS, reader->warnings, reader->limits.warnings, message);
  }
}

static void check_cpu(codec_png_reader *reader) {
  uint64_t used = codec_cpu_nanoseconds() - reader->cpu_start;
  if (used > reader->limits.cpu_nanoseconds) {
    fail(reader, CODEC_TOO_SLOW, used, reader->limits.cpu_nanoseconds, "");
  }
}

static void on_read(png_structp png, png_bytep into, size_t count) {
  codec_png_reader *reader = png_get_io_ptr(png);
  if (count > reader->left) {
    fail(reader, CODEC_TRUNCATED, 0, 0, "the file ends inside a chunk");
  }
  // A million empty chunks are a million reads between two rows.
  reader->reads += 1;
  if (reader->reads % 4096 == 0) check_cpu(reader);
  memcpy(into, reader->next, count);
  reader->next += count;
  reader->left -= count;
}

// Of all chunks only IHDR, PLTE, tRNS, IDAT and IEND shape the pixels. The others are never kept (so
// they cannot be bombs), but their check sums still count. A wrong check sum is always fatal.
static void set_policy(codec_png_reader *reader) {
  png_set_user_limits(reader->png, reader->limits.maximum_side, reader->limits.maximum_side);
  png_set_chunk_cache_max(reader->png, 32);
  png_set_chunk_malloc_max(reader->png, 1 << 20);
  png_set_crc_action(reader->png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
  static const png_byte ignored[] =
      "bKGD\0cHRM\0eXIf\0gAMA\0hIST\0iCCP\0iTXt\0oFFs\0pCAL\0pHYs\0sBIT\0sCAL\0sPLT\0sRGB\0tEXt\0"
      "tIME\0zTXt";
  png_set_keep_unknown_chunks(reader->png, PNG_HANDLE_CHUNK_NEVER, NULL, 0);
  png_set_keep_unknown_chunks(reader->png, PNG_HANDLE_CHUNK_NEVER, ignored,
                              (int)(sizeof ignored / 5));
}

// Asks for 8-bit grey, grey + alpha, RGB or RGB + alpha. Gamma and colour profiles are not applied.
static uint32_t set_transforms(codec_png_reader *reader) {
  png_byte type = png_get_color_type(reader->png, reader->info);
  png_set_expand(reader->png);
  png_set_scale_16(reader->png);
  return type == PNG_COLOR_TYPE_GRAY || type == PNG_COLOR_TYPE_GRAY_ALPHA ? 1 : 3;
}

static codec_png_reader *make_reader(const codec_limits *limits, codec_report *report) {
  codec_png_reader *reader = calloc(1, sizeof *reader);
  if (reader == NULL) {
    codec_set(report, CODEC_TOO_MUCH_MEMORY, 0, 0, "no memory for the reader");
    return NULL;
  }
  reader->limits = *limits;
  reader->report = report;
  reader->cpu_start = codec_cpu_nanoseconds();
  return reader;
}

codec_png_reader *codec_png_open(const uint8_t *bytes, size_t count, const codec_limits *limits,
                                 codec_header *header, codec_report *report) {
  *header = (codec_header){0, 0, 0};
  codec_set(report, CODEC_OK, 0, 0, "");
  codec_png_reader *reader = make_reader(limits, report);
  if (reader == NULL) return NULL;
  reader->next = bytes;
  reader->left = count;
  if (setjmp(reader->jump)) {
    codec_png_close(reader);
    return NULL;
  }
  reader->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, reader, on_error, on_warning);
  if (reader->png != NULL) reader->info = png_create_info_struct(reader->png);
  if (reader->info == NULL) fail(reader, CODEC_TOO_MUCH_MEMORY, 0, 0, "no memory for the reader");
  png_set_read_fn(reader->png, reader, on_read);
  set_policy(reader);
  png_read_info(reader->png, reader->info);
  header->width = png_get_image_width(reader->png, reader->info);
  header->height = png_get_image_height(reader->png, reader->info);
  header->channels = set_transforms(reader);
  if (codec_check_size(header->width, header->height, limits, report) != CODEC_OK) {
    codec_png_close(reader);
    return NULL;
  }
  return reader;
}

// Lays one row with alpha over white: value x alpha + 255 x (1 - alpha).
static void compose(const uint8_t *row, uint8_t *pixels, size_t width, size_t channels) {
  for (size_t x = 0; x < width; x++) {
    uint32_t alpha = row[channels];
    for (size_t c = 0; c < channels; c++) {
      pixels[c] = (uint8_t)((row[c] * alpha + 255 * (255 - alpha) + 127) / 255);
    }
    row += channels + 1;
    pixels += channels;
  }
}

static void read_rows(codec_png_reader *reader, uint8_t *pixels, size_t width, size_t height,
                      size_t channels, int passes) {
  size_t stride = png_get_rowbytes(reader->png, reader->info);
  int has_alpha = stride == width * (channels + 1);
  int keeps_all = has_alpha && passes > 1;
  if (has_alpha) {
    reader->alpha_rows = malloc(keeps_all ? stride * height : stride);
    if (reader->alpha_rows == NULL) fail(reader, CODEC_TOO_MUCH_MEMORY, 0, 0, "no memory");
  }
  for (int pass = 0; pass < passes; pass++) {
    for (size_t y = 0; y < height; y++) {
      uint8_t *row = pixels + y * width * channels;
      if (has_alpha) row = reader->alpha_rows + (keeps_all ? y * stride : 0);
      png_read_row(reader->png, row, NULL);
      if (has_alpha && pass == passes - 1) {
        compose(row, pixels + y * width * channels, width, channels);
      }
      // Not each time: asking for the time costs as much as a row.
      if (y % 64 == 0) check_cpu(reader);
    }
  }
}

codec_status codec_png_read(codec_png_reader *reader, uint8_t *pixels, size_t capacity,
                            codec_report *report) {
  reader->report = report;
  if (setjmp(reader->jump)) return report->status;
  // From here on only image data is read: what libpng forgives there (a wrong Adler-32, data left
  // over) is an error.
  png_set_benign_errors(reader->png, 0);
  int passes = png_set_interlace_handling(reader->png);
  png_read_update_info(reader->png, reader->info);
  size_t width = png_get_image_width(reader->png, reader->info);
  size_t height = png_get_image_height(reader->png, reader->info);
  size_t stride = png_get_rowbytes(reader->png, reader->info);
  size_t channels = png_get_color_type(reader->png, reader->info) & PNG_COLOR_MASK_COLOR ? 3 : 1;
  if (capacity != width * height * channels ||
      (stride != width * channels && stride != width * (channels + 1))) {
    return codec_set(report, CODEC_BAD_ARGUMENT, capacity, 0, "the buffer has another size");
  }
  read_rows(reader, pixels, width, height, channels, passes);
  png_read_end(reader->png, NULL);
  return codec_set(report, CODEC_OK, reader->warnings, reader->limits.warnings, "");
}

void codec_png_close(codec_png_reader *reader) {
  if (reader == NULL) return;
  if (reader->png != NULL) png_destroy_read_struct(&reader->png, &reader->info, NULL);
  free(reader->alpha_rows);
  free(reader);
}
