//===- Order.h - which image comes when -------------------------*- C++ -*-===//
//
// The order of an epoch is a permutation that can be asked for at any position
// without being stored: a pure function of (size, seed, epoch, position). So a
// run resumes at any step, and neither threads nor ranks change the order.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_RUNTIME_DATA_ORDER_H
#define BCSSL_RUNTIME_DATA_ORDER_H

#include <cstddef>
#include <cstdint>
#include <vector>

namespace bcssl {

/// The index at `position` of epoch `epoch`. `size` is 1 to 2^32, `position`
/// below it. For fixed (size, seed, epoch) each index appears exactly once.
int64_t shuffledIndex(int64_t size, uint64_t seed, int64_t epoch,
                      int64_t position);

/// Cuts epochs into batches; what does not fill a batch at the end of an epoch
/// is left out of that epoch, as in DINO.
struct BatchOrder {
  int64_t size = 0;
  int64_t batch = 0;
  uint64_t seed = 0;

  int64_t stepsPerEpoch() const { return size / batch; }
  int64_t epoch(int64_t step) const { return step / stepsPerEpoch(); }
  /// The index of image `slot` of the batch of `step`; steps count on over all
  /// epochs.
  int64_t index(int64_t step, int64_t slot) const {
    int64_t position = step % stepsPerEpoch() * batch + slot;
    return shuffledIndex(size, seed, epoch(step), position);
  }
  std::vector<int64_t> indices(int64_t step) const;
};

} // namespace bcssl

#endif // BCSSL_RUNTIME_DATA_ORDER_H
