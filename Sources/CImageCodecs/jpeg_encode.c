#include <setjmp.h>
#include <stdio.h>  // jpeglib.h needs FILE
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
// After jpeglib.h, which says what the library was built with.
#include <jerror.h>

#include "codec.h"

enum { step_bytes = 65536 };

typedef struct {
  struct jpeg_compress_struct info;
  struct jpeg_error_mgr errors;
  struct jpeg_destination_mgr destination;
  jmp_buf jump;
  codec_buffer *out;
  codec_report *report;
} writer;

static writer *writer_of(j_common_ptr info) { return info->client_data; }

static void error_exit(j_common_ptr info) {
  char message[JMSG_LENGTH_MAX];
  info->err->format_message(info, message);
  codec_status status = info->err->msg_code == JERR_OUT_OF_MEMORY ? CODEC_TOO_MUCH_MEMORY
                                                                  : CODEC_BAD_ARGUMENT;
  codec_set(writer_of(info)->report, status, 0, 0, message);
  longjmp(writer_of(info)->jump, 1);
}

static void output_message(j_common_ptr info) { (void)info; }

// Hands the library the next free piece of the buffer.
static void make_room(j_compress_ptr info) {
  writer *self = writer_of((j_common_ptr)info);
  if (!codec_buffer_reserve(self->out, step_bytes)) {
    codec_set(self->report, CODEC_TOO_MUCH_MEMORY, self->out->count, 0, "no memory for the output");
    longjmp(self->jump, 1);
  }
  self->destination.next_output_byte = self->out->bytes + self->out->count;
  self->destination.free_in_buffer = self->out->capacity - self->out->count;
}

static void init_destination(j_compress_ptr info) { make_room(info); }

// The library has filled all of the piece, whatever `free_in_buffer` says.
static boolean empty_output_buffer(j_compress_ptr info) {
  writer *self = writer_of((j_common_ptr)info);
  self->out->count = self->out->capacity;
  make_room(info);
  return TRUE;
}

static void term_destination(j_compress_ptr info) {
  writer *self = writer_of((j_common_ptr)info);
  self->out->count = self->out->capacity - self->destination.free_in_buffer;
}

static J_COLOR_SPACE colors_of(uint32_t channels) {
  switch (channels) {
    case 1: return JCS_GRAYSCALE;
    case 3: return JCS_RGB;
    case 4: return JCS_CMYK;
    default: return JCS_UNKNOWN;
  }
}

static void write_image(writer *self, const uint8_t *pixels, int quality, int progressive) {
  struct jpeg_compress_struct *info = &self->info;
  jpeg_set_defaults(info);
  jpeg_set_quality(info, quality, TRUE);
  info->write_Adobe_marker = info->in_color_space == JCS_CMYK;
  if (progressive) jpeg_simple_progression(info);
  jpeg_start_compress(info, TRUE);
  size_t stride = (size_t)info->image_width * (size_t)info->input_components;
  while (info->next_scanline < info->image_height) {
    // libjpeg never writes through this pointer.
    JSAMPROW row = (JSAMPROW)(uintptr_t)(pixels + (size_t)info->next_scanline * stride);
    jpeg_write_scanlines(info, &row, 1);
  }
  jpeg_finish_compress(info);
}

codec_status codec_jpeg_encode(const uint8_t *pixels, uint32_t width, uint32_t height,
                               uint32_t channels, int quality, int progressive, codec_buffer *out,
                               codec_report *report) {
  codec_set(report, CODEC_OK, 0, 0, "");
  if (colors_of(channels) == JCS_UNKNOWN) {
    return codec_set(report, CODEC_BAD_ARGUMENT, channels, 0, "1, 3 or 4 channels are written");
  }
  writer *self = calloc(1, sizeof *self);
  if (self == NULL) return codec_set(report, CODEC_TOO_MUCH_MEMORY, 0, 0, "no memory");
  self->out = out;
  self->report = report;
  self->info.err = jpeg_std_error(&self->errors);
  self->errors.error_exit = error_exit;
  self->errors.output_message = output_message;
  self->info.client_data = self;
  self->destination.init_destination = init_destination;
  self->destination.empty_output_buffer = empty_output_buffer;
  self->destination.term_destination = term_destination;
  if (setjmp(self->jump) == 0) {
    jpeg_create_compress(&self->info);
    self->info.dest = &self->destination;
    self->info.image_width = width;
    self->info.image_height = height;
    self->info.input_components = (int)channels;
    self->info.in_color_space = colors_of(channels);
    write_image(self, pixels, quality, progressive);
  }
  jpeg_destroy_compress(&self->info);
  free(self);
  return report->status;
}
