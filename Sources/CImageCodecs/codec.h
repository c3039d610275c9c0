// What the four codec files share.
#pragma once

#include "CImageCodecs.h"

// Sets status, numbers and words of `report` (which may be NULL) and returns the status.
codec_status codec_set(codec_report *report, codec_status status, uint64_t value, uint64_t limit,
                       const char *message);
// Processor time of the calling thread.
uint64_t codec_cpu_nanoseconds(void);
// The limits that the header alone can break.
codec_status codec_check_size(uint32_t width, uint32_t height, const codec_limits *limits,
                              codec_report *report);
// Makes room for `extra` more bytes; 0 when there is no memory.
int codec_buffer_reserve(codec_buffer *buffer, size_t extra);
