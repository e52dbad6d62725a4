//===- InitializeTest.cpp - first values ----------------------------------===//

#include "runtime/executable/Initialize.h"
#include "runtime/executable/Published.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

using namespace bcssl;
using namespace bcssl::artifact;

namespace {

Variable floats(std::string name, Shape shape, Initializer initializer,
                double value, uint64_t offset = 0) {
  Variable variable;
  variable.name = std::move(name);
  variable.shape = std::move(shape);
  variable.initializer = initializer;
  variable.value = value;
  variable.offset = offset;
  return variable;
}

/// The variable's first values in published order.
std::vector<float> valuesOf(Variable variable, uint64_t seed) {
  Contents contents;
  contents.variables = {variable};
  std::vector<std::byte> state(variable.offset + variable.bytes());
  initializeVariables(contents, state, seed);
  std::vector<float> values(variable.elements());
  toPublished(variable, std::span(state).subspan(variable.offset),
              std::as_writable_bytes(std::span(values)));
  return values;
}

TEST(InitializeTest, Quantile) {
  EXPECT_EQ(normalQuantile(0.5), 0);
  EXPECT_NEAR(normalQuantile(0.975), 1.959963984540054, 1e-14);
  EXPECT_NEAR(normalQuantile(1e-10), -6.361340902404056, 1e-12);
  EXPECT_NEAR(normalQuantile(1e-100), -21.273453560965496, 1e-11);
  // Against the distribution itself, through all three branches.
  for (double p :
       {1e-12, 1e-6, 0.01, 0.02275, 0.07, 0.08, 0.3, 0.6, 0.93, 0.999}) {
    double x = normalQuantile(p);
    EXPECT_NEAR(std::erfc(-x / std::sqrt(2.0)) / 2 / p, 1, 1e-12) << p;
  }
}

TEST(InitializeTest, Bf16RoundsToNearestEven) {
  EXPECT_EQ(roundToBf16(1.0f), 0x3f80);
  EXPECT_EQ(roundToBf16(1.00390625f), 0x3f80); // halfway, to even
  EXPECT_EQ(roundToBf16(1.01171875f), 0x3f82); // halfway, to even
  EXPECT_EQ(roundToBf16(1.0040f), 0x3f81);
  EXPECT_EQ(roundToBf16(-2.0f), 0xc000);
}

TEST(InitializeTest, TruncNormalHasItsMoments) {
  auto values =
      valuesOf(floats("w", {200'000}, Initializer::TruncNormal, 0.02), 3);
  double sum = 0, squares = 0, largest = 0;
  for (float value : values) {
    sum += value;
    squares += double{value} * value;
    largest = std::max(largest, std::abs(double{value}));
  }
  double count = static_cast<double>(values.size());
  EXPECT_LE(largest, 0.04);
  EXPECT_GT(largest, 0.0399);
  EXPECT_NEAR(sum / count, 0, 2e-4);
  // Limited to two, a standard normal variable has deviation 0.87962566.
  EXPECT_NEAR(std::sqrt(squares / count), 0.02 * 0.87962566, 1e-4);
}

TEST(InitializeTest, UniformHasItsMoments) {
  auto values = valuesOf(floats("w", {100'000}, Initializer::Uniform, 0.5), 3);
  double sum = 0, squares = 0;
  for (float value : values) {
    EXPECT_LE(std::abs(value), 0.5f);
    sum += value;
    squares += double{value} * value;
  }
  EXPECT_NEAR(sum / 100'000, 0, 5e-3);
  EXPECT_NEAR(squares / 100'000, 0.25 / 3, 1e-3);
}

TEST(InitializeTest, KnownValues) {
  // Computed apart from this code (Python's NormalDist and a Philox of its
  // own). Fixed: a change makes every seeded run another one.
  auto values = valuesOf(
      floats("stages.0.0.dwconv.weight", {6}, Initializer::TruncNormal, 1), 42);
  auto uniform = valuesOf(floats("a", {5}, Initializer::Uniform, 1), 1);
  EXPECT_EQ(values,
            (std::vector<float>{0.224060446f, -0.168757796f, 0.172258258f,
                                -0.413595796f, 1.80477607f, 0.750617862f}));
  EXPECT_EQ(uniform,
            (std::vector<float>{0.448487401f, 0.306279331f, 0.508655787f,
                                -0.732861459f, -0.617696643f}));
}

TEST(InitializeTest, LayoutDoesNotChangeValues) {
  Variable plain = floats("w", {5, 1, 3, 2}, Initializer::TruncNormal, 1);
  Variable stored = floats("w", {3, 2, 5}, Initializer::TruncNormal, 1, 64);
  stored.publishedShape = {5, 1, 3, 2};
  stored.permutation = {2, -1, 0, 1};
  EXPECT_EQ(valuesOf(plain, 7), valuesOf(stored, 7));
}

TEST(InitializeTest, NameAndSeedChangeValues) {
  Variable w = floats("w", {100}, Initializer::TruncNormal, 1);
  Variable v = w;
  v.name = "v";
  EXPECT_EQ(valuesOf(w, 7), valuesOf(w, 7));
  EXPECT_NE(valuesOf(w, 7), valuesOf(w, 8));
  EXPECT_NE(valuesOf(w, 7), valuesOf(v, 7));
}

TEST(InitializeTest, ConstantsCopiesAndOtherTypes) {
  Contents contents;
  Variable w = floats("w", {6}, Initializer::TruncNormal, 1, 0);
  Variable ema = floats("ema.w", {6}, Initializer::Copy, 0, 64);
  ema.source = "w";
  Variable again = floats("ema.ema.w", {6}, Initializer::Copy, 0, 128);
  again.source = "ema.w";
  Variable half = floats("half", {3}, Initializer::Constant, 1.5, 192);
  half.type = DataType::BF16;
  Variable steps = floats("steps", {2}, Initializer::Constant, -3, 256);
  steps.type = DataType::I32;
  Variable zero = floats("zero", {2}, Initializer::Zeros, 0, 320);
  contents.variables = {w, ema, again, half, steps, zero};
  std::vector<std::byte> state(384, std::byte{0xee});
  initializeVariables(contents, state, 1);
  EXPECT_EQ(std::memcmp(&state[0], &state[64], 24), 0);
  EXPECT_EQ(std::memcmp(&state[0], &state[128], 24), 0);
  uint16_t halves[3];
  std::memcpy(halves, &state[192], 6);
  EXPECT_EQ(halves[2], 0x3fc0);
  int32_t counts[2];
  std::memcpy(counts, &state[256], 8);
  EXPECT_EQ(counts[1], -3);
  EXPECT_EQ(state[327], std::byte{0});
  EXPECT_EQ(state[328], std::byte{0xee}) << "only its own bytes";
}

TEST(PublishedTest, ThereAndBack) {
  Variable variable = floats("w", {3, 2, 5}, Initializer::Zeros, 0);
  variable.publishedShape = {5, 1, 3, 2};
  variable.permutation = {2, -1, 0, 1};
  std::vector<float> stored(30), published(30), back(30);
  for (int i = 0; i < 30; ++i)
    stored[i] = static_cast<float>(i);
  toPublished(variable, std::as_bytes(std::span(stored)),
              std::as_writable_bytes(std::span(published)));
  for (int c = 0; c < 5; ++c)
    for (int y = 0; y < 3; ++y)
      for (int x = 0; x < 2; ++x)
        EXPECT_EQ(published[(c * 3 + y) * 2 + x], stored[(y * 2 + x) * 5 + c]);
  fromPublished(variable, std::as_bytes(std::span(published)),
                std::as_writable_bytes(std::span(back)));
  EXPECT_EQ(back, stored);
}

} // namespace
