//===- Published.cpp - tensors as PyTorch stores them ---------------------===//

#include "runtime/train/Published.h"

#include <cstring>

namespace bcssl {

static Error layoutError(const StateVariable &variable, const char *what) {
  return {ExitCode::BadData, "state-layout",
          "variable " + quoteName(variable.name) + ": " + what};
}

/// Elements between neighbours along each dimension of a row-major tensor.
static std::vector<int64_t> rowMajorStrides(std::span<const int64_t> shape) {
  std::vector<int64_t> strides(shape.size());
  int64_t stride = 1;
  for (size_t i = shape.size(); i-- > 0; stride *= shape[i])
    strides[i] = stride;
  return strides;
}

Result<Published> Published::of(const StateVariable &variable) {
  Published result;
  auto count = elementCount(variable.shape);
  if (!count || *count > uint64_t{1} << 48)
    return layoutError(variable, "its size overflows");
  result.elements = *count;
  result.memoryType = result.fileType = variable.type;

  if (variable.name.ends_with(".num_batches_tracked")) {
    if (*count != 1)
      return layoutError(variable, "expects one element");
    result.fileType = TensorType::I64;
    return result;
  }

  std::vector<int64_t> strides = rowMajorStrides(variable.shape);
  result.fileShape = variable.publishedShape;
  if (result.fileShape.empty() && variable.permutation.empty())
    result.fileShape = variable.shape;
  std::vector<int> permutation = variable.permutation;
  if (permutation.empty()) {
    if (elementCount(result.fileShape) != count)
      return layoutError(variable,
                         "its published shape has another number of elements");
    result.strides = rowMajorStrides(result.fileShape);
    return result;
  }

  if (permutation.size() != result.fileShape.size())
    return layoutError(variable, "expects one entry of the permutation for "
                                 "each published dimension");
  std::vector<bool> used(variable.shape.size());
  for (size_t i = 0; i < permutation.size(); ++i) {
    int64_t expected = 1;
    int64_t stride = 0;
    if (permutation[i] != -1) {
      size_t from = static_cast<size_t>(permutation[i]);
      if (permutation[i] < 0 || from >= used.size() || used[from])
        return layoutError(variable,
                           "its permutation expects each dimension once");
      used[from] = true;
      expected = variable.shape[from];
      stride = strides[from];
    }
    if (result.fileShape[i] != expected)
      return layoutError(variable, "its published shape contradicts the "
                                   "permutation");
    result.strides.push_back(stride);
  }
  for (size_t i = 0; i < used.size(); ++i)
    if (!used[i] && variable.shape[i] != 1)
      return layoutError(variable, "its permutation leaves a dimension out");

  std::vector<int64_t> plain = rowMajorStrides(result.fileShape);
  for (size_t i = 0; i < plain.size(); ++i)
    if (result.fileShape[i] != 1 && plain[i] != result.strides[i])
      result.contiguous = false;
  return result;
}

/// Calls copy(published index, memory index) for every element.
template <typename Copy>
static void walk(std::span<const int64_t> shape,
                 std::span<const int64_t> strides, uint64_t elements,
                 Copy copy) {
  std::vector<int64_t> index(shape.size());
  int64_t memory = 0;
  for (uint64_t file = 0; file < elements; ++file) {
    copy(file, static_cast<uint64_t>(memory));
    for (size_t i = shape.size(); i-- > 0;) {
      memory += strides[i];
      if (++index[i] < shape[i])
        break;
      memory -= strides[i] * shape[i];
      index[i] = 0;
    }
  }
}

/// Calls walk with copies of `size` bytes that the compiler can see.
template <typename Move>
static void walkSized(std::span<const int64_t> shape,
                      std::span<const int64_t> strides, uint64_t elements,
                      uint64_t size, Move move) {
  auto with = [&](auto constant) {
    constexpr uint64_t bytes = constant;
    walk(shape, strides, elements, [&](uint64_t file, uint64_t memory) {
      move(file * bytes, memory * bytes, constant);
    });
  };
  switch (size) {
  case 1:
    return with(std::integral_constant<uint64_t, 1>());
  case 2:
    return with(std::integral_constant<uint64_t, 2>());
  case 4:
    return with(std::integral_constant<uint64_t, 4>());
  default:
    return with(std::integral_constant<uint64_t, 8>());
  }
}

void Published::toFile(std::span<const std::byte> memory,
                       std::span<std::byte> file) const {
  if (memoryType != fileType) { // the counter
    int64_t count = 0;
    if (memoryType == TensorType::F32) {
      float value;
      std::memcpy(&value, memory.data(), sizeof(value));
      count = static_cast<int64_t>(value);
    } else {
      int32_t value;
      std::memcpy(&value, memory.data(), sizeof(value));
      count = value;
    }
    std::memcpy(file.data(), &count, sizeof(count));
  } else if (contiguous) {
    std::memcpy(file.data(), memory.data(), memory.size());
  } else {
    walkSized(fileShape, strides, elements, typeSize(fileType),
              [&](uint64_t to, uint64_t from, auto bytes) {
                std::memcpy(file.data() + to, memory.data() + from, bytes);
              });
  }
}

void Published::toMemory(std::span<const std::byte> file,
                         std::span<std::byte> memory) const {
  if (memoryType != fileType) {
    int64_t count;
    std::memcpy(&count, file.data(), sizeof(count));
    float asFloat = static_cast<float>(count);
    int32_t asInt = static_cast<int32_t>(count);
    std::memcpy(memory.data(),
                memoryType == TensorType::F32
                    ? static_cast<const void *>(&asFloat)
                    : static_cast<const void *>(&asInt),
                sizeof(int32_t));
  } else if (contiguous) {
    std::memcpy(memory.data(), file.data(), file.size());
  } else {
    walkSized(fileShape, strides, elements, typeSize(fileType),
              [&](uint64_t from, uint64_t to, auto bytes) {
                std::memcpy(memory.data() + to, file.data() + from, bytes);
              });
  }
}

} // namespace bcssl
