//===- MemoryState.h - variables in plain memory ----------------*- C++ -*-===//

#ifndef BCSSL_TEST_RUNTIME_TRAIN_MEMORYSTATE_H
#define BCSSL_TEST_RUNTIME_TRAIN_MEMORYSTATE_H

#include "runtime/train/StateAccess.h"

#include <cstring>
#include <functional>

namespace bcssl {

inline artifact::Variable makeVariable(std::string name, DataType type,
                                       artifact::Shape shape,
                                       artifact::Shape published = {},
                                       std::vector<int32_t> permutation = {}) {
  artifact::Variable variable;
  variable.name = std::move(name);
  variable.type = type;
  variable.shape = std::move(shape);
  variable.publishedShape = std::move(published);
  variable.permutation = std::move(permutation);
  return variable;
}

/// A state for tests: add variables, then look at their bytes.
class MemoryState : public StateAccess {
public:
  size_t add(artifact::Variable variable) {
    uint64_t bytes = variable.bytes();
    list.push_back(std::move(variable));
    data.emplace_back(bytes);
    return data.size() - 1;
  }
  std::span<const artifact::Variable> variables() const override {
    return list;
  }
  Status read(size_t i, std::span<std::byte> out) override {
    if (i == failing)
      return error;
    std::memcpy(out.data(), data[i].data(), data[i].size());
    if (onRead)
      onRead();
    return {};
  }
  Status write(size_t i, std::span<const std::byte> bytes) override {
    if (i == failing)
      return error;
    std::memcpy(data[i].data(), bytes.data(), data[i].size());
    return {};
  }
  /// Fills every variable with a pattern that depends on `seed`.
  void fill(uint32_t seed) {
    for (size_t i = 0; i < data.size(); ++i)
      for (size_t j = 0; j < data[i].size(); ++j)
        data[i][j] = static_cast<std::byte>(seed * 31 + i * 7 + j * 13 % 251);
  }

  std::vector<artifact::Variable> list;
  std::vector<std::vector<std::byte>> data;
  size_t failing = SIZE_MAX; ///< the variable whose read and write fail
  Error error = {ExitCode::Io, "test-access", "asked to fail"}; ///< so
  std::function<void()> onRead; ///< called inside of every save
};

/// A directory that disappears with the test.
class TemporaryDirectory {
public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  std::string path;
};

} // namespace bcssl

#endif // BCSSL_TEST_RUNTIME_TRAIN_MEMORYSTATE_H
