#include "CDefaultModel.h"

static const unsigned char bytes[] = {
#embed "default.safetensors"
};

const unsigned char *cdefaultmodel_bytes(size_t *count) {
  *count = sizeof bytes;
  return bytes;
}
