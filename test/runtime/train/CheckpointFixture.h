//===- CheckpointFixture.h - a small state and its store --------*- C++ -*-===//

#ifndef BCSSL_TEST_RUNTIME_TRAIN_CHECKPOINTFIXTURE_H
#define BCSSL_TEST_RUNTIME_TRAIN_CHECKPOINTFIXTURE_H

#include "runtime/train/Checkpoint.h"
#include "test/runtime/train/MemoryState.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace bcssl {

/// A small network: a permuted filter, a counter, a moment and a center.
inline MemoryState makeState() {
  MemoryState state;
  state.add(makeVariable("student.dwconv.weight", DataType::F32, {3, 3, 8},
                         {8, 1, 3, 3}, {2, -1, 0, 1}));
  state.add(makeVariable("student.norm.bias", DataType::F32, {8}));
  state.add(makeVariable("teacher.norm.bias", DataType::F32, {8}));
  state.add(
      makeVariable("optimizer.moment1.student.norm.bias", DataType::F32, {8}));
  state.add(makeVariable("center", DataType::F32, {1, 16}));
  return state;
}

inline RunState atStep(int64_t step) {
  RunState run;
  run.step = step;
  run.epoch = step / 10;
  run.position = step % 10;
  run.seed = 0xffffffffffffffff;
  run.artifact = "a";
  run.data = "d";
  return run;
}

inline std::string content(const std::filesystem::path &path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

inline void flipBit(const std::filesystem::path &path, size_t bit) {
  std::string bytes = content(path);
  bytes[bit / 8 % bytes.size()] ^= static_cast<char>(1 << (bit % 8));
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

inline size_t hiddenEntries(const std::string &directory) {
  size_t count = 0;
  for (const auto &entry : std::filesystem::directory_iterator(directory))
    count += entry.path().filename().string().starts_with(".");
  return count;
}

class CheckpointTest : public testing::Test {
protected:
  CheckpointStore open(KeepPolicy keep = {}) {
    auto store = CheckpointStore::open(directory.path, keep);
    EXPECT_TRUE(store.ok());
    return std::move(*store);
  }
  void save(CheckpointStore &store, int64_t step) {
    state.fill(static_cast<uint32_t>(step));
    auto saved = store.save(state, atStep(step));
    ASSERT_TRUE(saved.ok()) << saved.error().text();
  }

  TemporaryDirectory directory;
  MemoryState state = makeState();
};

} // namespace bcssl

#endif // BCSSL_TEST_RUNTIME_TRAIN_CHECKPOINTFIXTURE_H
