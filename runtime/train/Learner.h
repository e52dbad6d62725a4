//===- Learner.h - what a trainer drives ------------------------*- C++ -*-===//

#ifndef BCSSL_RUNTIME_TRAIN_LEARNER_H
#define BCSSL_RUNTIME_TRAIN_LEARNER_H

#include "runtime/data/Loader.h"
#include "runtime/train/Schedule.h"
#include "runtime/train/SessionState.h"

#include <array>

namespace bcssl {

/// What a step expects of its data.
struct StepShape {
  bool labelled = false; ///< supervised: one crop an image, with its label
  int64_t batch = 0;     ///< source images
  int64_t channels = 0;
  int64_t globalCrops = 0;
  int64_t globalSize = 0;
  int64_t localCrops = 0;
  int64_t localSize = 0;
  int64_t outputs = 0; ///< of the DINO head, or classes; 0 where unknown
  bool bytes = false;  ///< images are bytes, which the step normalises
};

/// A scalar that a step gives besides the loss.
struct StepOutput {
  std::string name;
  float value = 0;
};

/// A network with its optimizer: makes steps, and lets its state be copied.
class Learner {
public:
  virtual ~Learner() = default;
  virtual const StepShape &shape() const = 0;
  virtual StateAccess &state() = 0;
  virtual Status initialize(uint64_t seed) = 0;
  /// Begins to bring a batch to where the next step finds it, beside a step
  /// that runs; until that next one has begun the batch must not change.
  virtual Status stage(const Batch &batch) = 0;
  /// Begins step number `step` (from 0) with the batch that was staged last.
  virtual Status begin(const StepScalars &scalars, uint64_t seed,
                       int64_t step) = 0;
  /// Waits for the step that has begun, and sets outputs().
  virtual Status finish() = 0;
  /// All three.
  Status step(const Batch &batch, const StepScalars &scalars, uint64_t seed,
              int64_t step);
  /// Makes batches that lie in this memory fast to give; it outlives the
  /// result, as does the learner. May be null.
  virtual std::unique_ptr<PinnedMemory>
  pin(std::span<const std::byte> /*memory*/) {
    return nullptr;
  }
  /// The last step's scalars; one of them is "loss".
  virtual std::span<const StepOutput> outputs() const = 0;
  /// Identifies the program; part of a run's identity.
  virtual std::string hash() const = 0;
};

/// Reads off the shape from the inputs of the program `step`. Errors (BadData):
/// "program-step" where there is none, or where its inputs are not those of a
/// DINO or supervised step.
Result<StepShape> stepShape(const Executable &executable);

/// A compiled program as a learner. Its inputs are filled by name: crops
/// ("images.global", "images.local", "images", "labels"; where they are bytes,
/// also "images.mean" and "images.deviation", of every channel over and over),
/// scalars
/// ("learning_rate", "weight_decay", "teacher_momentum", "teacher_temperature",
/// "last_layer_active") and "random_state".
class SessionLearner : public Learner {
public:
  static Result<std::unique_ptr<SessionLearner>>
  create(std::unique_ptr<Session> session);

  const StepShape &shape() const override { return form; }
  StateAccess &state() override { return access; }
  Status initialize(uint64_t seed) override {
    return session->initialize(seed);
  }
  Status stage(const Batch &batch) override;
  Status begin(const StepScalars &scalars, uint64_t seed,
               int64_t step) override;
  Status finish() override;
  std::unique_ptr<PinnedMemory>
  pin(std::span<const std::byte> memory) override {
    return session->pin(memory);
  }
  std::span<const StepOutput> outputs() const override { return scalars; }
  std::string hash() const override { return session->executable().hash(); }

private:
  SessionLearner(std::unique_ptr<Session> owned, StepShape form)
      : session(std::move(owned)), access(*session), form(form) {}

  const artifact::Program &program() const;

  std::unique_ptr<Session> session;
  SessionState access;
  StepShape form;
  std::vector<StepOutput> scalars;
  // What the device may still read while a step begins or runs.
  std::vector<int32_t> labels;
  std::vector<float> mean, deviation;
  std::array<float, 5> rates = {};
  std::array<int32_t, 4> random = {};
};

} // namespace bcssl

#endif // BCSSL_RUNTIME_TRAIN_LEARNER_H
