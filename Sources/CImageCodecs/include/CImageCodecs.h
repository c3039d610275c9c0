// JPEG and PNG, from memory and to memory, on libjpeg and libpng.
//
// Both libraries report errors by `longjmp`, which must not cross Swift frames. Every `setjmp` of the
// project is in this target: each function below returns a status and leaves the reason, in words and
// numbers, in a `codec_report`. Nothing here prints, opens a file or keeps state between calls.
#pragma once

#include <stddef.h>
#include <stdint.h>

typedef enum {
  CODEC_OK = 0,
  // The bytes end before the image does. The file may still be in the making.
  CODEC_TRUNCATED,
  // The bytes contradict the format or their own check sums.
  CODEC_DAMAGED,
  // A valid file of a kind that is not decoded here.
  CODEC_UNSUPPORTED,
  // The limits below. `value` is what was met, `limit` what is allowed.
  CODEC_SIDE_TOO_SMALL,
  CODEC_SIDE_TOO_LARGE,
  CODEC_TOO_MANY_PIXELS,
  CODEC_TOO_MANY_SCANS,
  CODEC_TOO_MANY_WARNINGS,
  CODEC_TOO_MUCH_MEMORY,
  CODEC_TOO_SLOW,
  // The caller's buffer does not fit the image: a mistake in the calling code.
  CODEC_BAD_ARGUMENT,
} codec_status;

// What a decoder may cost. The first four are checked on the header, before pixels are allocated.
typedef struct {
  uint32_t minimum_side;
  uint32_t maximum_side;
  uint64_t pixels;
  // Working memory of the JPEG library (the coefficients of a progressive file).
  uint64_t memory_bytes;
  // Scans of a progressive JPEG: each one walks over the whole image again.
  uint32_t scans;
  uint32_t warnings;
  // Processor time of the calling thread, checked per row.
  uint64_t cpu_nanoseconds;
} codec_limits;

typedef struct {
  uint32_t width;
  uint32_t height;
  // Of the decoded pixels: 1 (grey) or 3 (RGB).
  uint32_t channels;
} codec_header;

typedef struct {
  codec_status status;
  uint64_t value;
  uint64_t limit;
  // The library's own words, or ours; always terminated.
  char message[256];
} codec_report;

// Bytes made by an encoder; released by `codec_buffer_free`.
typedef struct {
  uint8_t *bytes;
  size_t count;
  size_t capacity;
} codec_buffer;

void codec_buffer_free(codec_buffer *buffer);

// Decoding is open (header and limits; no pixel is allocated), read (all rows and the rest of the file
// up to its end mark), close. `bytes` must stay valid from open to close. `open` returns NULL when it
// fails; `header` then holds what was learned. `close` takes NULL.
typedef struct codec_jpeg_reader codec_jpeg_reader;

codec_jpeg_reader *codec_jpeg_open(const uint8_t *bytes, size_t count, const codec_limits *limits,
                                   codec_header *header, codec_report *report);
// Fills `pixels`, [height, width, channels], exactly `capacity` bytes. CMYK and YCCK become RGB.
codec_status codec_jpeg_read(codec_jpeg_reader *reader, uint8_t *pixels, size_t capacity,
                             codec_report *report);
void codec_jpeg_close(codec_jpeg_reader *reader);

typedef struct codec_png_reader codec_png_reader;

codec_png_reader *codec_png_open(const uint8_t *bytes, size_t count, const codec_limits *limits,
                                 codec_header *header, codec_report *report);
// Fills `pixels`, [height, width, channels], exactly `capacity` bytes. Palettes become RGB, 1, 2 and 4
// bits are widened, 16 bits are rounded to 8, transparency is laid over white.
codec_status codec_png_read(codec_png_reader *reader, uint8_t *pixels, size_t capacity,
                            codec_report *report);
void codec_png_close(codec_png_reader *reader);

// `pixels` is [height, width, channels]; 1 channel is grey, 3 RGB, 4 (JPEG only) CMYK as Adobe stores it
// (255 is no ink). `quality` is libjpeg's 1...100.
codec_status codec_jpeg_encode(const uint8_t *pixels, uint32_t width, uint32_t height,
                               uint32_t channels, int quality, int progressive, codec_buffer *out,
                               codec_report *report);
codec_status codec_png_encode(const uint8_t *pixels, uint32_t width, uint32_t height,
                              uint32_t channels, codec_buffer *out, codec_report *report);
// Grey, 16 bits a sample.
codec_status codec_png_encode_16(const uint16_t *samples, uint32_t width, uint32_t height,
                                 codec_buffer *out, codec_report *report);
