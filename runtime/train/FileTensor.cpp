//===- FileTensor.cpp - a variable's form in a checkpoint -----------------===//

#include "runtime/train/FileTensor.h"

#include "runtime/executable/Published.h"

#include <cstring>

namespace bcssl {

static TensorType tensorType(DataType type) {
  switch (type) {
  case DataType::BF16:
    return TensorType::BF16;
  case DataType::I32:
    return TensorType::I32;
  case DataType::F32:
  case DataType::U8: // of no variable
    break;
  }
  return TensorType::F32;
}

FileTensor::FileTensor(const artifact::Variable &variable)
    : variable(&variable), kind(tensorType(variable.type)),
      dimensions(variable.published()) {
  counter = variable.name.ends_with(".num_batches_tracked") &&
            variable.elements() == 1 && variable.type != DataType::BF16;
  if (counter) {
    kind = TensorType::I64;
    dimensions = {};
  }
}

void FileTensor::toFile(std::span<const std::byte> memory,
                        std::span<std::byte> file) const {
  if (!counter)
    return toPublished(*variable, memory, file);
  int64_t count = 0;
  if (variable->type == DataType::F32) {
    float value;
    std::memcpy(&value, memory.data(), sizeof(value));
    count = static_cast<int64_t>(value);
  } else {
    int32_t value;
    std::memcpy(&value, memory.data(), sizeof(value));
    count = value;
  }
  std::memcpy(file.data(), &count, sizeof(count));
}

void FileTensor::toMemory(std::span<const std::byte> file,
                          std::span<std::byte> memory) const {
  if (!counter)
    return fromPublished(*variable, file, memory);
  int64_t count;
  std::memcpy(&count, file.data(), sizeof(count));
  if (variable->type == DataType::F32) {
    float value = static_cast<float>(count);
    std::memcpy(memory.data(), &value, sizeof(value));
  } else {
    int32_t value = static_cast<int32_t>(count);
    std::memcpy(memory.data(), &value, sizeof(value));
  }
}

} // namespace bcssl
