// The model that is used when no other is named or published: a safetensors file compiled into the
// program.
#pragma once

#include <stddef.h>

// The file's bytes; `*count` receives their number. They live as long as the program.
const unsigned char *cdefaultmodel_bytes(size_t *count);
