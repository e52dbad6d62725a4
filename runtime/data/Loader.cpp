//===- Loader.cpp - a ring of batches filled by threads -------------------===//

#include "runtime/data/Loader.h"

#include "runtime/data/Decode.h"

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <limits>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>

namespace bcssl {

namespace {

/// A batch being filled or read.
struct Slot {
  Batch batch;
  int64_t missing = 0; ///< images not yet written
  /// The failed image with the smallest number, so that the error that is
  /// reported does not depend on threads.
  int64_t failedImage = std::numeric_limits<int64_t>::max();
  std::optional<Error> error;
};

class Ring final : public BatchLoader {
public:
  Ring(std::shared_ptr<const Dataset> data, const AugmentOptions &augment,
       const LoaderOptions &options)
      : data(std::move(data)), augment(augment), options(options),
        batches{this->data->size(), options.batch, options.seed},
        slots(static_cast<size_t>(options.threads ? options.prefetch + 1 : 1)),
        nextStep(options.firstStep), claimStep(options.firstStep) {}

  ~Ring() override {
    {
      std::lock_guard lock(mutex);
      stopping = true;
    }
    work.notify_all();
    for (std::thread &thread : threads)
      thread.join();
  }

  Status allocate();
  Status start();
  Result<const Batch *> next() override;
  bool ready() override;
  std::vector<std::span<const std::byte>> memory() const override;
  double waited() const override { return waitedSeconds; }
  const BatchOrder &order() const override { return batches; }

private:
  Slot &slotOf(int64_t step) {
    return slots[static_cast<size_t>(step) % slots.size()];
  }
  void begin(Slot &slot, int64_t step);
  Status fill(Batch &batch, int64_t image, AugmentScratch &scratch) const;
  void finish(Slot &slot, int64_t image, Status status);
  void run();
  /// Whether the slot of nextStep is filled: one that nobody has begun still
  /// belongs to an earlier step.
  bool isComplete(const Slot &slot) const {
    return claimStep > nextStep && slot.missing == 0;
  }

  std::shared_ptr<const Dataset> data;
  AugmentOptions augment;
  LoaderOptions options;
  BatchOrder batches;

  std::vector<Slot> slots;
  std::vector<std::thread> threads;
  AugmentScratch ownScratch; ///< for next() without threads
  double waitedSeconds = 0;

  std::mutex mutex; ///< guards what follows, and missing/error of the slots
  std::condition_variable work;     ///< an image may be claimed
  std::condition_variable complete; ///< a batch is
  int64_t nextStep;                 ///< the step that next() will give
  int64_t claimStep;                ///< the step whose images are being claimed
  int64_t claimImage = 0;
  bool held = false; ///< the batch of nextStep - 1 is being read
  bool stopping = false;
};

/// Makes room for all batches, so that no thread runs out of memory later.
Status Ring::allocate() {
  size_t count = static_cast<size_t>(options.batch);
  size_t globals = count * augment.globalCrops * augment.cropElements(0);
  size_t locals =
      count * augment.localCrops * augment.cropElements(augment.globalCrops);
  try {
    for (Slot &slot : slots) {
      slot.batch.indices.resize(count);
      slot.batch.labels.resize(count);
      slot.batch.globals.resize(options.bytes ? 0 : globals);
      slot.batch.locals.resize(options.bytes ? 0 : locals);
      slot.batch.globalBytes.resize(options.bytes ? globals : 0);
      slot.batch.localBytes.resize(options.bytes ? locals : 0);
      slot.batch.mean = augment.mean;
      slot.batch.deviation = augment.deviation;
    }
  } catch (const std::bad_alloc &) {
    return Error{ExitCode::NoResource,
                 "out-of-memory",
                 "no memory for " + std::to_string(slots.size()) +
                     " batches of " +
                     std::to_string((globals + locals) *
                                    (options.bytes ? 1 : sizeof(float))) +
                     " bytes",
                 {},
                 {},
                 "choose a smaller batch or prepare fewer batches ahead"};
  }
  return {};
}

std::vector<std::span<const std::byte>> Ring::memory() const {
  std::vector<std::span<const std::byte>> blocks;
  for (const Slot &slot : slots) {
    const Batch &batch = slot.batch;
    for (const auto &block : {std::as_bytes(std::span(batch.globals)),
                              std::as_bytes(std::span(batch.locals)),
                              std::as_bytes(std::span(batch.globalBytes)),
                              std::as_bytes(std::span(batch.localBytes))})
      if (!block.empty())
        blocks.push_back(block);
  }
  return blocks;
}

void Ring::begin(Slot &slot, int64_t step) {
  slot.batch.step = step;
  slot.batch.epoch = batches.epoch(step);
  slot.missing = options.batch;
}

/// Writes all crops of one image; touches nothing else of the batch.
Status Ring::fill(Batch &batch, int64_t image, AugmentScratch &scratch) const {
  try {
    int64_t index = batches.index(batch.step, image);
    batch.indices[static_cast<size_t>(image)] = index;
    batch.labels[static_cast<size_t>(image)] = data->label(index);
    BCSSL_ASSIGN_OR_RETURN(decoded, data->image(index));
    Image source = withChannels(std::move(decoded), augment.channels);
    for (int crop = 0; crop < augment.crops(); ++crop) {
      size_t elements = augment.cropElements(crop);
      bool global = augment.isGlobal(crop);
      int64_t view = global ? crop : crop - augment.globalCrops;
      size_t at = static_cast<size_t>(view * options.batch + image) * elements;
      CropKey key{options.seed, batch.epoch, index, crop};
      if (options.bytes)
        makeByteCrop(augment, source, key, scratch,
                     std::span(global ? batch.globalBytes : batch.localBytes)
                         .subspan(at, elements));
      else
        makeCrop(augment, source, key, scratch,
                 std::span(global ? batch.globals : batch.locals)
                     .subspan(at, elements));
    }
    return {};
  } catch (const std::bad_alloc &) {
    return Error{ExitCode::NoResource, "out-of-memory",
                 "no memory for the crops of an image"};
  }
}

void Ring::finish(Slot &slot, int64_t image, Status status) {
  if (!status.ok() && image < slot.failedImage) {
    slot.failedImage = image;
    slot.error = status.error();
  }
  --slot.missing;
}

void Ring::run() {
  AugmentScratch scratch;
  std::unique_lock lock(mutex);
  while (true) {
    // The slot of a batch that is still read or waits to be read is not free.
    work.wait(lock, [&] {
      int64_t oldest = nextStep - (held ? 1 : 0);
      return stopping ||
             claimStep < oldest + static_cast<int64_t>(slots.size());
    });
    if (stopping)
      return;
    Slot &slot = slotOf(claimStep);
    if (claimImage == 0)
      begin(slot, claimStep);
    int64_t image = claimImage++;
    if (claimImage == options.batch) {
      claimImage = 0;
      ++claimStep;
    }
    lock.unlock();
    Status status = fill(slot.batch, image, scratch);
    lock.lock();
    finish(slot, image, std::move(status));
    if (slot.missing == 0)
      complete.notify_all();
  }
}

Status Ring::start() {
  // Signals are for the thread that trains, not for these.
  sigset_t all, old;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &old);
  Status status;
  try {
    for (int i = 0; i < options.threads; ++i)
      threads.emplace_back([this] { run(); });
  } catch (const std::system_error &error) {
    status = Error{ExitCode::NoResource, "loader-thread",
                   std::string("cannot start a thread: ") + error.what()};
  }
  pthread_sigmask(SIG_SETMASK, &old, nullptr);
  return status;
}

Result<const Batch *> Ring::next() {
  auto start = std::chrono::steady_clock::now();
  Slot &slot = slotOf(nextStep);
  if (options.threads == 0) {
    if (!slot.error) {
      begin(slot, nextStep);
      for (int64_t image = 0; image < options.batch; ++image)
        finish(slot, image, fill(slot.batch, image, ownScratch));
      nextStep += !slot.error;
    }
  } else {
    std::unique_lock lock(mutex);
    held = false;
    work.notify_all();
    complete.wait(lock, [&] { return isComplete(slot); });
    held = !slot.error;
    nextStep += held;
  }
  waitedSeconds +=
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
          .count();
  if (slot.error)
    return *slot.error;
  return static_cast<const Batch *>(&slot.batch);
}

bool Ring::ready() {
  if (options.threads == 0)
    return true;
  std::lock_guard lock(mutex);
  return isComplete(slotOf(nextStep));
}

} // namespace

Result<std::unique_ptr<BatchLoader>>
BatchLoader::create(std::shared_ptr<const Dataset> data,
                    const AugmentOptions &augment,
                    const LoaderOptions &options) {
  BCSSL_RETURN_IF_ERROR(checkAugmentOptions(augment));
  if (options.bytes)
    BCSSL_RETURN_IF_ERROR(checkByteCrops(augment));
  if (options.batch < 1 || options.batch > (1 << 20) || options.threads < 0 ||
      options.threads > 1024 || options.prefetch < 1 ||
      options.prefetch > 1024 || options.firstStep < 0)
    return Error{ExitCode::Usage, "loader-options",
                 "expects 1 to 2^20 images a batch, 0 to 1024 threads, 1 to "
                 "1024 batches ahead and a first step of at least 0"};
  if (data->size() < options.batch || data->size() > (int64_t{1} << 32))
    return Error{ExitCode::BadData,
                 "loader-size",
                 "expects at least one batch of " +
                     std::to_string(options.batch) + " images, got " +
                     std::to_string(data->size()),
                 {},
                 {},
                 "choose a smaller batch"};
  auto ring = std::make_unique<Ring>(std::move(data), augment, options);
  BCSSL_RETURN_IF_ERROR(ring->allocate());
  BCSSL_RETURN_IF_ERROR(ring->start());
  return std::unique_ptr<BatchLoader>(std::move(ring));
}

} // namespace bcssl
