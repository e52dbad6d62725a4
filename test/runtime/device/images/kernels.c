// Kernels of the runtime's tests, in the ABI of runtime/schema/Executable.fbs.
// Each tile has 16 elements.

#include <stdint.h>

enum { Tile = 16 };

// y = 2 x
void scale(void *const *arguments, int64_t tile) {
  const float *x = arguments[0];
  float *y = arguments[1];
  for (int64_t i = tile * Tile; i < (tile + 1) * Tile; ++i)
    y[i] = 2 * x[i];
}

// partial[tile] = sum of x over the tile
void partial_sums(void *const *arguments, int64_t tile) {
  const float *x = arguments[0];
  float *partial = arguments[1];
  float sum = 0;
  for (int64_t i = tile * Tile; i < (tile + 1) * Tile; ++i)
    sum += x[i];
  partial[tile] = sum;
}

// sum = sum of the 64 partial sums, in order
void total(void *const *arguments, int64_t tile) {
  const float *partial = arguments[0];
  float *sum = arguments[1];
  *sum = 0;
  for (int i = 0; i < 64; ++i)
    *sum += partial[i];
}

// w -= rate * sum, where rate and sum are scalars
void update(void *const *arguments, int64_t tile) {
  float *w = arguments[0];
  const float *rate = arguments[1];
  const float *sum = arguments[2];
  for (int64_t i = tile * Tile; i < (tile + 1) * Tile; ++i)
    w[i] -= *rate * *sum;
}

// One more visit of the tile.
void visit(void *const *arguments, int64_t tile) {
  ((int32_t *)arguments[0])[tile] += 1;
}
