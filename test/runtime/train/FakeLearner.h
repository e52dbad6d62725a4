//===- FakeLearner.h - a learner without a program --------------*- C++ -*-===//
//
// Its weights are a function of every batch, scalar and step number that it has
// seen, so that any difference between two runs shows in the hash.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_TEST_RUNTIME_TRAIN_FAKELEARNER_H
#define BCSSL_TEST_RUNTIME_TRAIN_FAKELEARNER_H

#include "runtime/train/Trainer.h"
#include "test/runtime/train/MemoryState.h"

#include <functional>

namespace bcssl {

class FakeLearner : public Learner {
public:
  explicit FakeLearner(int64_t batch = 4) {
    form = {.batch = batch,
            .channels = 1,
            .globalCrops = 2,
            .globalSize = 8,
            .localCrops = 1,
            .localSize = 4,
            .outputs = 64};
    memory.add(makeVariable("student.weight", DataType::F32, {16}));
    memory.add(makeVariable("optimizer.step", DataType::F32, {1}));
  }

  const StepShape &shape() const override { return form; }
  StateAccess &state() override { return memory; }
  Status initialize(uint64_t seed) override {
    memory.fill(static_cast<uint32_t>(seed));
    for (float &weight : weights())
      weight = static_cast<float>(seed);
    return {};
  }
  /// Batches are read as late as a learner may read them.
  Status stage(const Batch &batch) override {
    staged = &batch;
    overlapped += running;
    return {};
  }
  Status begin(const StepScalars &scalars, uint64_t, int64_t step) override {
    float sum = static_cast<float>(step % 7);
    for (float value : staged->globals)
      sum += value;
    for (float value : staged->locals)
      sum += value * 0.5f;
    bytes += static_cast<int64_t>(staged->globalBytes.size() +
                                  staged->localBytes.size());
    staged = nullptr;
    for (float &weight : weights())
      weight = weight * 0.9f + sum * static_cast<float>(scalars.learningRate);
    values[0].value = sum * sum;
    current = step;
    running = true;
    return {};
  }
  Status finish() override {
    running = false;
    ++steps;
    if (onStep)
      onStep(current, *this);
    return result;
  }
  std::span<const StepOutput> outputs() const override { return values; }
  std::string hash() const override { return program; }

  std::span<float> weights() {
    return {reinterpret_cast<float *>(memory.data[0].data()), 16};
  }

  StepShape form;
  MemoryState memory;
  std::vector<StepOutput> values = {
      {"loss", 0}, {"teacher_entropy", 2}, {"teacher_kl", 0.1f}};
  std::string program = "program";
  const Batch *staged = nullptr; ///< of the next step
  int64_t current = 0;           ///< the step that has begun
  bool running = false;
  int64_t bytes = 0;      ///< of crops, where they are bytes
  int64_t overlapped = 0; ///< batches that were staged beside a step
  int64_t steps = 0;
  Status result; ///< of every step
  std::function<void(int64_t, FakeLearner &)> onStep;
};

/// Grey images of 8 by 8 pixels, each of its own pattern.
class FakeDataset : public Dataset {
public:
  explicit FakeDataset(int64_t count) : count(count) {}
  int64_t size() const override { return count; }
  int64_t label(int64_t index) const override { return index % 3; }
  Result<Image> image(int64_t index) const override {
    if (index == unreadable)
      return Error{ExitCode::BadData, "png-truncated", "ends early",
                   name(index)};
    Image image{8, 8, 1, std::vector<uint8_t>(64)};
    for (size_t i = 0; i < 64; ++i)
      image.pixels[i] = static_cast<uint8_t>(index * 37 + i * (index % 5 + 1));
    return image;
  }
  std::string name(int64_t index) const override {
    return "image " + std::to_string(index);
  }
  const std::vector<std::string> &classes() const override { return names; }
  uint64_t fingerprint() const override { return 0xabc; }

  int64_t unreadable = -1;

private:
  int64_t count;
  std::vector<std::string> names = {"a", "b", "c"};
};

} // namespace bcssl

#endif // BCSSL_TEST_RUNTIME_TRAIN_FAKELEARNER_H
