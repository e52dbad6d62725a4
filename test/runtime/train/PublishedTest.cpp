//===- PublishedTest.cpp --------------------------------------------------===//

#include "runtime/train/Published.h"
#include "test/runtime/train/MemoryState.h"

#include <gtest/gtest.h>

#include <numeric>

using namespace bcssl;

namespace {

std::vector<std::byte> bytesOf(const std::vector<float> &values) {
  auto bytes = std::as_bytes(std::span(values));
  return {bytes.begin(), bytes.end()};
}

// A depthwise filter [k, k, C] is published as [C, 1, k, k].
TEST(PublishedTest, PermutesADepthwiseFilter) {
  StateVariable variable{"student.dwconv.weight",
                         TensorType::F32,
                         {2, 3, 4},
                         {4, 1, 2, 3},
                         {2, -1, 0, 1}};
  auto form = Published::of(variable);
  ASSERT_TRUE(form.ok()) << form.error().text();
  std::vector<float> memory(24), expected(24);
  std::iota(memory.begin(), memory.end(), 0.0f);
  for (int c = 0; c < 4; ++c)
    for (int y = 0; y < 2; ++y)
      for (int x = 0; x < 3; ++x)
        expected[(c * 2 + y) * 3 + x] = memory[(y * 3 + x) * 4 + c];
  std::vector<std::byte> file(form->fileBytes());
  form->toFile(bytesOf(memory), file);
  EXPECT_EQ(file, bytesOf(expected));
  std::vector<std::byte> back(form->memoryBytes());
  form->toMemory(file, back);
  EXPECT_EQ(back, bytesOf(memory));
}

TEST(PublishedTest, TransposesEveryElementSize) {
  for (TensorType type :
       {TensorType::U8, TensorType::BF16, TensorType::I32, TensorType::F64}) {
    auto form = Published::of({"w", type, {2, 3}, {3, 2}, {1, 0}});
    ASSERT_TRUE(form.ok());
    uint64_t size = typeSize(type);
    std::vector<std::byte> memory(6 * size), file(6 * size), back(6 * size);
    for (size_t i = 0; i < memory.size(); ++i)
      memory[i] = static_cast<std::byte>(i);
    form->toFile(memory, file);
    // Published element (1, 0) is element (0, 1) in memory.
    EXPECT_EQ(file[2 * size], memory[size]);
    form->toMemory(file, back);
    EXPECT_EQ(back, memory);
  }
}

TEST(PublishedTest, ReshapesWithoutAPermutation) {
  auto form = Published::of({"w", TensorType::F32, {4, 3}, {4, 3, 1, 1}, {}});
  ASSERT_TRUE(form.ok());
  EXPECT_EQ(form->shape().size(), 4u);
  std::vector<std::byte> memory = bytesOf(std::vector<float>(12, 3.0f));
  std::vector<std::byte> file(form->fileBytes());
  form->toFile(memory, file);
  EXPECT_EQ(file, memory);
}

// PyTorch keeps BatchNorm's counter as an I64 scalar.
TEST(PublishedTest, CounterBecomesAnI64Scalar) {
  for (TensorType type : {TensorType::F32, TensorType::I32}) {
    auto form = Published::of({"bn.num_batches_tracked", type, {1}, {}, {}});
    ASSERT_TRUE(form.ok());
    EXPECT_EQ(form->type(), TensorType::I64);
    EXPECT_TRUE(form->shape().empty());
    float number = 1234;
    int32_t integer = 1234;
    std::vector<std::byte> memory(4), file(8), back(4);
    std::memcpy(memory.data(),
                type == TensorType::F32 ? static_cast<void *>(&number)
                                        : static_cast<void *>(&integer),
                4);
    form->toFile(memory, file);
    int64_t count;
    std::memcpy(&count, file.data(), 8);
    EXPECT_EQ(count, 1234);
    form->toMemory(file, back);
    EXPECT_EQ(back, memory);
  }
}

TEST(PublishedTest, ContradictionsAreErrors) {
  using Shape = std::vector<int64_t>;
  using Order = std::vector<int>;
  auto refused = [](Shape shape, Shape published, Order order) {
    auto form = Published::of(
        {"w", TensorType::F32, std::move(shape), std::move(published), order});
    return !form.ok() && form.error().id == "state-layout";
  };
  EXPECT_TRUE(refused({2, 3}, {2, 2}, {}));
  EXPECT_TRUE(refused({2, 3}, {3, 2}, {0, 1}));
  EXPECT_TRUE(refused({2, 3}, {2, 3}, {0, 0}));
  EXPECT_TRUE(refused({2, 3}, {2, 3}, {0, 2}));
  EXPECT_TRUE(refused({2, 3}, {2, 3}, {0, -2}));
  EXPECT_TRUE(refused({2, 3}, {2, 3}, {0}));
  EXPECT_TRUE(refused({2, 3}, {2}, {0}));
  EXPECT_TRUE(refused({2, 3}, {2, 4}, {0, -1}));
  EXPECT_TRUE(refused({-2, 3}, {}, {}));
  EXPECT_TRUE(refused({int64_t{1} << 40, int64_t{1} << 40}, {}, {}));
  EXPECT_FALSE(refused({2, 1, 3}, {3, 2}, {2, 0}));
}

} // namespace
