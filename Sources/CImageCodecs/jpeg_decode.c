#include <setjmp.h>
#include <stdio.h>  // jpeglib.h needs FILE
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
// After jpeglib.h, which says what the library was built with.
#include <jerror.h>

#include "codec.h"

struct codec_jpeg_reader {
  struct jpeg_decompress_struct info;
  struct jpeg_error_mgr errors;
  struct jpeg_progress_mgr progress;
  struct jpeg_source_mgr source;
  jmp_buf jump;
  codec_limits limits;
  codec_report *report;
  uint64_t cpu_start;
  uint32_t warnings;
  uint32_t calls;
};

static codec_jpeg_reader *reader_of(j_common_ptr info) { return info->client_data; }

static _Noreturn void fail(codec_jpeg_reader *reader, codec_status status, uint64_t value,
                           uint64_t limit, const char *message) {
  codec_set(reader->report, status, value, limit, message);
  longjmp(reader->jump, 1);
}

static codec_status status_of_error(int code) {
  switch (code) {
    case JERR_OUT_OF_MEMORY:
    case JERR_NO_BACKING_STORE:
      return CODEC_TOO_MUCH_MEMORY;
    case JERR_ARITH_NOTIMPL:
    case JERR_BAD_J_COLORSPACE:
    case JERR_BAD_PRECISION:
    case JERR_CCIR601_NOTIMPL:
    case JERR_COMPONENT_COUNT:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_FRACT_SAMPLE_NOTIMPL:
    case JERR_NOT_COMPILED:
    case JERR_SOF_UNSUPPORTED:
      return CODEC_UNSUPPORTED;
    case JERR_IMAGE_TOO_BIG:
      return CODEC_SIDE_TOO_LARGE;
    default:
      return CODEC_DAMAGED;
  }
}

static void error_exit(j_common_ptr info) {
  char message[JMSG_LENGTH_MAX];
  info->err->format_message(info, message);
  codec_jpeg_reader *reader = reader_of(info);
  codec_status status = status_of_error(info->err->msg_code);
  uint64_t limit = status == CODEC_TOO_MUCH_MEMORY ? reader->limits.memory_bytes : 0;
  fail(reader, status, 0, limit, message);
}

// Bytes that belong to nothing, among the coded pixels: a few are some encoder's carelessness, more
// mean that the decoder lost its way in a damaged file.
enum { tolerated_stray_bytes = 64 };

static int is_lost(codec_jpeg_reader *reader) {
  return reader->info.input_scan_number > 0 &&
         reader->errors.msg_parm.i[0] > tolerated_stray_bytes;
}

// Negative levels are warnings: libjpeg has met wrong data and invents the rest. It would go on to
// report success for a file cut in half (its lower half grey), so those warnings that mean invented
// pixels end the decoding here.
static void emit_message(j_common_ptr info, int level) {
  if (level >= 0) return;
  codec_jpeg_reader *reader = reader_of(info);
  char message[JMSG_LENGTH_MAX];
  switch (info->err->msg_code) {
    case JWRN_HIT_MARKER:
    case JWRN_JPEG_EOF:
      info->err->format_message(info, message);
      fail(reader, CODEC_TRUNCATED, 0, 0, message);
    case JWRN_HUFF_BAD_CODE:
    case JWRN_ARITH_BAD_CODE:
    case JWRN_MUST_RESYNC:
      info->err->format_message(info, message);
      fail(reader, CODEC_DAMAGED, 0, 0, message);
    case JWRN_EXTRANEOUS_DATA:
      if (is_lost(reader)) {
        info->err->format_message(info, message);
        fail(reader, CODEC_DAMAGED, 0, 0, message);
      }
      // fall through
    default:
      reader->warnings += 1;
      if (reader->warnings > reader->limits.warnings) {
        info->err->format_message(info, message);
        fail(reader, CODEC_TOO_MANY_WARNINGS, reader->warnings, reader->limits.warnings, message);
      }
  }
}

static void output_message(j_common_ptr info) { (void)info; }

static void check_cpu(codec_jpeg_reader *reader) {
  uint64_t used = codec_cpu_nanoseconds() - reader->cpu_start;
  if (used > reader->limits.cpu_nanoseconds) {
    fail(reader, CODEC_TOO_SLOW, used, reader->limits.cpu_nanoseconds, "");
  }
}

// Called for each row of blocks of each scan while a file of several scans is read, and for each one or two
// rows of pixels of any other. Asking for the time costs as much as such rows.
static void progress_monitor(j_common_ptr info) {
  codec_jpeg_reader *reader = reader_of(info);
  uint64_t scans = (uint64_t)reader->info.input_scan_number;
  if (scans > reader->limits.scans) {
    fail(reader, CODEC_TOO_MANY_SCANS, scans, reader->limits.scans, "");
  }
  if (reader->calls++ % 16 == 0) check_cpu(reader);
}

static void init_source(j_decompress_ptr info) { (void)info; }

static boolean fill_input_buffer(j_decompress_ptr info) {
  fail(reader_of((j_common_ptr)info), CODEC_TRUNCATED, 0, 0, "no end-of-image marker");
}

static void skip_input_data(j_decompress_ptr info, long count) {
  if (count <= 0) return;
  if ((size_t)count > info->src->bytes_in_buffer) fill_input_buffer(info);
  info->src->next_input_byte += count;
  info->src->bytes_in_buffer -= (size_t)count;
}

static void term_source(j_decompress_ptr info) { (void)info; }

static codec_jpeg_reader *make_reader(const codec_limits *limits, codec_report *report) {
  codec_jpeg_reader *reader = calloc(1, sizeof *reader);
  if (reader == NULL) {
    codec_set(report, CODEC_TOO_MUCH_MEMORY, 0, limits->memory_bytes, "no memory for the reader");
    return NULL;
  }
  reader->limits = *limits;
  reader->report = report;
  reader->cpu_start = codec_cpu_nanoseconds();
  reader->info.err = jpeg_std_error(&reader->errors);
  reader->errors.error_exit = error_exit;
  reader->errors.emit_message = emit_message;
  reader->errors.output_message = output_message;
  reader->info.client_data = reader;
  reader->source.init_source = init_source;
  reader->source.fill_input_buffer = fill_input_buffer;
  reader->source.skip_input_data = skip_input_data;
  reader->source.resync_to_restart = jpeg_resync_to_restart;
  reader->source.term_source = term_source;
  reader->progress.progress_monitor = progress_monitor;
  return reader;
}

// Chooses the colours of the output; 0 when the file's are not understood.
static uint32_t choose_colors(struct jpeg_decompress_struct *info) {
  switch (info->jpeg_color_space) {
    case JCS_GRAYSCALE:
      info->out_color_space = JCS_GRAYSCALE;
      return 1;
    case JCS_RGB:
    case JCS_YCbCr:
      info->out_color_space = JCS_RGB;
      return 3;
    case JCS_CMYK:
    case JCS_YCCK:
      info->out_color_space = JCS_CMYK;
      return 3;
    default:
      return 0;
  }
}

codec_jpeg_reader *codec_jpeg_open(const uint8_t *bytes, size_t count, const codec_limits *limits,
                                   codec_header *header, codec_report *report) {
  *header = (codec_header){0, 0, 0};
  codec_set(report, CODEC_OK, 0, 0, "");
  codec_jpeg_reader *reader = make_reader(limits, report);
  if (reader == NULL) return NULL;
  if (setjmp(reader->jump)) {
    header->width = reader->info.image_width;
    header->height = reader->info.image_height;
    codec_jpeg_close(reader);
    return NULL;
  }
  jpeg_create_decompress(&reader->info);
  // libjpeg-turbo is built without a backing store: beyond this it fails, it never spools to a file.
  reader->info.mem->max_memory_to_use =
      reader->limits.memory_bytes > INT32_MAX ? INT32_MAX : (long)reader->limits.memory_bytes;
  reader->info.progress = &reader->progress;
  reader->source.next_input_byte = bytes;
  reader->source.bytes_in_buffer = count;
  reader->info.src = &reader->source;
  jpeg_read_header(&reader->info, TRUE);
  header->width = reader->info.image_width;
  header->height = reader->info.image_height;
  header->channels = choose_colors(&reader->info);
  if (header->channels == 0) {
    fail(reader, CODEC_UNSUPPORTED, (uint64_t)reader->info.num_components, 0,
         "unknown colour components");
  }
  if (codec_check_size(header->width, header->height, limits, report) != CODEC_OK) {
    codec_jpeg_close(reader);
    return NULL;
  }
  return reader;
}

// Adobe stores inks inverted: 255 is none. Then red = cyan x black, and so on.
static void cmyk_to_rgb(const uint8_t *inks, uint8_t *pixels, size_t count, int inverted) {
  uint32_t flip = inverted ? 0 : 255;
  for (size_t i = 0; i < count; i++) {
    uint32_t black = inks[4 * i + 3] ^ flip;
    for (size_t c = 0; c < 3; c++) {
      pixels[3 * i + c] = (uint8_t)(((inks[4 * i + c] ^ flip) * black + 127) / 255);
    }
  }
}

static void read_rows(codec_jpeg_reader *reader, uint8_t *pixels) {
  struct jpeg_decompress_struct *info = &reader->info;
  size_t width = info->output_width;
  if (info->out_color_space == JCS_CMYK) {
    JSAMPARRAY inks = info->mem->alloc_sarray((j_common_ptr)info, JPOOL_IMAGE,
                                              (JDIMENSION)(width * 4), 1);
    while (info->output_scanline < info->output_height) {
      uint8_t *row = pixels + (size_t)info->output_scanline * width * 3;
      jpeg_read_scanlines(info, inks, 1);
      cmyk_to_rgb(inks[0], row, width, info->saw_Adobe_marker);
    }
    return;
  }
  size_t stride = width * (size_t)info->output_components;
  while (info->output_scanline < info->output_height) {
    JSAMPROW rows[16];
    JDIMENSION left = info->output_height - info->output_scanline;
    JDIMENSION count = left < 16 ? left : 16;
    for (JDIMENSION r = 0; r < count; r++) {
      rows[r] = pixels + (size_t)(info->output_scanline + r) * stride;
    }
    // One or two rows at a time, whatever is asked for.
    jpeg_read_scanlines(info, rows, count);
  }
}

codec_status codec_jpeg_read(codec_jpeg_reader *reader, uint8_t *pixels, size_t capacity,
                             codec_report *report) {
  reader->report = report;
  if (setjmp(reader->jump)) return report->status;
  jpeg_start_decompress(&reader->info);
  size_t channels = reader->info.out_color_space == JCS_GRAYSCALE ? 1 : 3;
  if (capacity != (size_t)reader->info.output_width * reader->info.output_height * channels) {
    return codec_set(report, CODEC_BAD_ARGUMENT, capacity, 0, "the buffer has another size");
  }
  read_rows(reader, pixels);
  // Reads on to the end-of-image marker: without one, `fill_input_buffer` fails.
  jpeg_finish_decompress(&reader->info);
  return codec_set(report, CODEC_OK, reader->warnings, reader->limits.warnings, "");
}

void codec_jpeg_close(codec_jpeg_reader *reader) {
  if (reader == NULL) return;
  jpeg_destroy_decompress(&reader->info);
  free(reader);
}
