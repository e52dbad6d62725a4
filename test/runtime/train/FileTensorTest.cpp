//===- FileTensorTest.cpp -------------------------------------------------===//

#include "runtime/train/FileTensor.h"
#include "test/runtime/train/MemoryState.h"

#include <gtest/gtest.h>

#include <cstring>
#include <numeric>

using namespace bcssl;

namespace {

std::vector<std::byte> bytesOf(const std::vector<float> &values) {
  auto bytes = std::as_bytes(std::span(values));
  return {bytes.begin(), bytes.end()};
}

// A depthwise filter [k, k, C] is published as [C, 1, k, k].
TEST(FileTensorTest, PermutesADepthwiseFilter) {
  artifact::Variable variable =
      makeVariable("student.dwconv.weight", DataType::F32, {2, 3, 4},
                   {4, 1, 2, 3}, {2, -1, 0, 1});
  FileTensor tensor(variable);
  std::vector<float> memory(24), expected(24);
  std::iota(memory.begin(), memory.end(), 0.0f);
  for (int c = 0; c < 4; ++c)
    for (int y = 0; y < 2; ++y)
      for (int x = 0; x < 3; ++x)
        expected[(c * 2 + y) * 3 + x] = memory[(y * 3 + x) * 4 + c];
  EXPECT_EQ(tensor.type(), TensorType::F32);
  EXPECT_EQ(tensor.shape().size(), 4u);
  std::vector<std::byte> file(tensor.bytes());
  tensor.toFile(bytesOf(memory), file);
  EXPECT_EQ(file, bytesOf(expected));
  std::vector<std::byte> back(tensor.memoryBytes());
  tensor.toMemory(file, back);
  EXPECT_EQ(back, bytesOf(memory));
}

TEST(FileTensorTest, KeepsTypes) {
  artifact::Variable half =
      makeVariable("w", DataType::BF16, {2, 3}, {3, 2}, {1, 0});
  FileTensor tensor(half);
  EXPECT_EQ(tensor.type(), TensorType::BF16);
  EXPECT_EQ(tensor.bytes(), 12u);
  artifact::Variable count = makeVariable("optimizer.step", DataType::I32, {1});
  EXPECT_EQ(FileTensor(count).type(), TensorType::I32);
}

// PyTorch keeps BatchNorm's counter as an I64 scalar.
TEST(FileTensorTest, CounterBecomesAnI64Scalar) {
  for (DataType type : {DataType::F32, DataType::I32}) {
    artifact::Variable variable =
        makeVariable("bn.num_batches_tracked", type, {1});
    FileTensor tensor(variable);
    EXPECT_EQ(tensor.type(), TensorType::I64);
    EXPECT_TRUE(tensor.shape().empty());
    EXPECT_EQ(tensor.bytes(), 8u);
    float number = 1234;
    int32_t integer = 1234;
    std::vector<std::byte> memory(4), file(8), back(4);
    std::memcpy(memory.data(),
                type == DataType::F32 ? static_cast<void *>(&number)
                                      : static_cast<void *>(&integer),
                4);
    tensor.toFile(memory, file);
    int64_t value;
    std::memcpy(&value, file.data(), 8);
    EXPECT_EQ(value, 1234);
    tensor.toMemory(file, back);
    EXPECT_EQ(back, memory);
  }
}

} // namespace
