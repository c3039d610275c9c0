#include "codec.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

codec_status codec_set(codec_report *report, codec_status status, uint64_t value, uint64_t limit,
                       const char *message) {
  if (report != NULL) {
    report->status = status;
    report->value = value;
    report->limit = limit;
    strncpy(report->message, message, sizeof report->message - 1);
    report->message[sizeof report->message - 1] = 0;
  }
  return status;
}

uint64_t codec_cpu_nanoseconds(void) {
  struct timespec now;
  if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) != 0) return 0;
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

codec_status codec_check_size(uint32_t width, uint32_t height, const codec_limits *limits,
                              codec_report *report) {
  uint32_t shorter = width < height ? width : height;
  uint32_t longer = width < height ? height : width;
  if (shorter < limits->minimum_side) {
    return codec_set(report, CODEC_SIDE_TOO_SMALL, shorter, limits->minimum_side, "");
  }
  if (longer > limits->maximum_side) {
    return codec_set(report, CODEC_SIDE_TOO_LARGE, longer, limits->maximum_side, "");
  }
  uint64_t pixels = (uint64_t)width * height;
  if (pixels > limits->pixels) {
    return codec_set(report, CODEC_TOO_MANY_PIXELS, pixels, limits->pixels, "");
  }
  return CODEC_OK;
}

int codec_buffer_reserve(codec_buffer *buffer, size_t extra) {
  if (buffer->capacity - buffer->count >= extra) return 1;
  size_t capacity = buffer->capacity < 4096 ? 4096 : buffer->capacity;
  while (capacity - buffer->count < extra) {
    if (capacity > SIZE_MAX / 2) return 0;
    capacity *= 2;
  }
  uint8_t *bytes = realloc(buffer->bytes, capacity);
  if (bytes == NULL) return 0;
  buffer->bytes = bytes;
  buffer->capacity = capacity;
  return 1;
}

void codec_buffer_free(codec_buffer *buffer) {
  free(buffer->bytes);
  buffer->bytes = NULL;
  buffer->count = 0;
  buffer->capacity = 0;
}
