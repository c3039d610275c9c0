#include "CInflate.h"

#include <limits.h>
#include <string.h>
#include <zlib.h>

int cinflate(const uint8_t *input, size_t input_count, uint8_t *output, size_t output_count) {
  z_stream stream;
  memset(&stream, 0, sizeof stream);
  // Negative: no zlib header and no checksum of its own.
  int status = inflateInit2(&stream, -MAX_WBITS);
  if (status != Z_OK) return status == Z_MEM_ERROR ? 2 : 1;
  // zlib counts in `unsigned`; larger inputs and outputs are handed over in parts.
  stream.next_in = (Bytef *)input;
  stream.next_out = output;
  size_t input_left = input_count, output_left = output_count;
  do {
    const uInt input_part = input_left > UINT_MAX ? UINT_MAX : (uInt)input_left;
    const uInt output_part = output_left > UINT_MAX ? UINT_MAX : (uInt)output_left;
    stream.avail_in = input_part;
    stream.avail_out = output_part;
    status = inflate(&stream, Z_NO_FLUSH);
    input_left -= input_part - stream.avail_in;
    output_left -= output_part - stream.avail_out;
  } while (status == Z_OK && (input_left > 0 || output_left > 0));
  inflateEnd(&stream);
  if (status == Z_MEM_ERROR) return 2;
  return status == Z_STREAM_END && input_left == 0 && output_left == 0 ? 0 : 1;
}

uint32_t cinflate_checksum(const uint8_t *bytes, size_t count) {
  return (uint32_t)crc32_z(0, bytes, count);
}
