// zlib's decompression of a raw deflate stream (RFC 1951) and its checksum, the parts of it that a ZIP archive
// needs. Nothing here prints, exits or keeps memory.
#pragma once

#include <stddef.h>
#include <stdint.h>

// Decompresses `input` into exactly `output_count` bytes of `output`.
// 0; 1: damaged, or another number of bytes; 2: no memory.
int cinflate(const uint8_t *input, size_t input_count, uint8_t *output, size_t output_count);

// CRC-32 of `bytes` as in ZIP and PNG (ISO 3309).
uint32_t cinflate_checksum(const uint8_t *bytes, size_t count);
