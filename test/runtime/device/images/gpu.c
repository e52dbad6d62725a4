// The kernels of kernels.c as a GPU starts them: one block a tile, one thread an
// element where elements do not depend on each other.

enum { Tile = 16 };

#define KERNEL __attribute__((device_kernel)) void

static int block(void) { return __nvvm_read_ptx_sreg_ctaid_x(); }
static int thread(void) { return __nvvm_read_ptx_sreg_tid_x(); }

// y = 2 x
KERNEL scale(const float *x, float *y) {
  int i = block() * Tile + thread();
  y[i] = 2 * x[i];
}

// The same for the test file's program of two blocks: on a GPU a kernel has one
// grid.
KERNEL scale_two(const float *x, float *y) {
  int i = block() * Tile + thread();
  y[i] = 2 * x[i];
}

// partial[tile] = sum of x over the tile
KERNEL partial_sums(const float *x, float *partial) {
  if (thread() != 0)
    return;
  float sum = 0;
  for (int i = 0; i < Tile; ++i)
    sum += x[block() * Tile + i];
  partial[block()] = sum;
}

// sum = sum of the 64 partial sums, in order
KERNEL total(const float *partial, float *sum) {
  if (thread() != 0)
    return;
  float all = 0;
  for (int i = 0; i < 64; ++i)
    all += partial[i];
  *sum = all;
}

// w -= rate * sum, where rate and sum are scalars
KERNEL update(float *w, const float *rate, const float *sum) {
  int i = block() * Tile + thread();
  w[i] -= *rate * *sum;
}

// One more visit of the tile.
KERNEL visit(int *visits) {
  if (thread() == 0)
    visits[block()] += 1;
}

extern __attribute__((address_space(3))) int shared[];

// y = the numbers of the block's threads backwards, by way of shared memory from
// element *first on.
KERNEL reverse(const int *first, int *y) {
  shared[*first + thread()] = thread();
  __nvvm_bar_sync(0);
  int last = __nvvm_read_ptx_sreg_ntid_x() - 1;
  y[thread()] = shared[*first + last - thread()];
}

// Writes far outside of all memory.
KERNEL stray(int *y) { y[1ll << 44] = 1; }
