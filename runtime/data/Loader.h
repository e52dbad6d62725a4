//===- Loader.h - batches of crops, prepared ahead --------------*- C++ -*-===//
//
// Turns a data set into the batches of a training run, step by step, with any
// number of threads working ahead. What a batch holds depends on (data,
// options, seed, step) only, never on threads or on where the run was resumed.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_RUNTIME_DATA_LOADER_H
#define BCSSL_RUNTIME_DATA_LOADER_H

#include "runtime/data/Augment.h"
#include "runtime/data/Dataset.h"
#include "runtime/data/Order.h"

#include <array>
#include <memory>
#include <span>
#include <vector>

namespace bcssl {

struct LoaderOptions {
  int64_t batch = 64; ///< images; each gives all its crops
  uint64_t seed = 0;
  int threads = 1;       ///< 0: next() does the work itself
  int prefetch = 2;      ///< batches prepared ahead
  int64_t firstStep = 0; ///< step of the first batch, where a run goes on
  bool bytes = false;    ///< crops in 8 bits, not normalised
};

/// One batch. Crops lie view-major: all images' first view, then all images'
/// second view, and so on; each is [size, size, channels] of float32, or of
/// bytes that whoever takes them normalises.
struct Batch {
  int64_t step = 0;
  int64_t epoch = 0;
  std::vector<int64_t> indices; ///< in the data set, [batch]
  std::vector<int64_t> labels;  ///< [batch], -1 where there is none
  std::vector<float> globals;   ///< [globalCrops * batch, size, size, channels]
  std::vector<float> locals;    ///< [localCrops * batch, size, size, channels]
  // Where crops are bytes: those, in the same order, and what normalises them.
  std::vector<uint8_t> globalBytes;
  std::vector<uint8_t> localBytes;
  std::array<float, 3> mean = {};
  std::array<float, 3> deviation = {};
};

/// Produces batches in the order of steps.
class BatchLoader {
public:
  /// Errors: "augment-options", "augment-bytes" (checkByteCrops),
  /// "loader-options" (Usage), "loader-size"
  /// (BadData) for a data set smaller than a batch, "loader-thread"
  /// (NoResource).
  static Result<std::unique_ptr<BatchLoader>>
  create(std::shared_ptr<const Dataset> data, const AugmentOptions &augment,
         const LoaderOptions &options);

  /// Stops and joins the threads; at most one image's work is waited for.
  virtual ~BatchLoader() = default;

  /// The batch of the next step; valid until the next call. An error of an
  /// image surfaces here at its step, and stays. One thread calls.
  virtual Result<const Batch *> next() = 0;

  /// Whether next() would not wait; without threads it works instead.
  virtual bool ready() = 0;

  /// All memory that crops of batches lie in, the same while the loader lives.
  virtual std::vector<std::span<const std::byte>> memory() const = 0;

  /// Seconds that next() has waited or worked so far.
  virtual double waited() const = 0;
  virtual const BatchOrder &order() const = 0;
};

} // namespace bcssl

#endif // BCSSL_RUNTIME_DATA_LOADER_H
