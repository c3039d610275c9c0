// Everything of one instruction set: included once for each, by a file that says which.
// KERNEL_SET names the result, KERNEL_SET_NAME is what people read.
#include "packing.h"
#include "rows.h"
#include "winograd_tiles.h"

static void finish_streaming(void) {
#if defined(__x86_64__)
  __builtin_ia32_sfence();
#endif
}

const ck_kernels KERNEL_SET = {
    .name = KERNEL_SET_NAME,
    .row_step = ROW_STEP,
    .multiply = multiply,
    .multiply_transposed = multiply_transposed,
    .pack_panels = pack_panels,
    .input_tiles = input_tiles,
    .output_tiles = output_tiles,
    .head_tiles = head_tiles,
    .gradient_tiles = gradient_tiles,
    .filters = filters,
    .turned_filters = turned_filters,
    .filter_gradient = filter_gradient,
    .pack_patches = pack_patches,
    .pack_pixels = pack_pixels,
    .unpack_pixels = unpack_pixels,
    .lines = lines,
    .few_outputs = few_outputs,
    .max_pool = max_pool,
    .max_pool_gradient = max_pool_gradient,
    .prefetch_tiles = prefetch_tiles,
    .finish_streaming = finish_streaming,
};
