//===- ModelErrorTest.cpp - mistakes are reported at the model's line -----===//

#include "frontend/Dsl.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

using namespace bcssl::frontend;
using testing::HasSubstr;
using testing::StartsWith;

namespace {

/// The message of the ModelError that `action` throws; empty without one.
std::string errorOf(const std::function<void()> &action) {
  try {
    action();
  } catch (const ModelError &error) {
    return error.what();
  }
  return "";
}

/// "test/frontend/ModelErrorTest.cpp:LINE: error: MESSAGE".
std::string here(unsigned line, const std::string &message) {
  return "test/frontend/ModelErrorTest.cpp:" + std::to_string(line) +
         ": error: " + message;
}

class ModelErrorTest : public testing::Test {
protected:
  Scope root() { return {module, "net"}; }

  Module module;
  Program &program = module.program("step", Mode::Training);
};

/// A model as a user writes it.
struct Small {
  Scope scope;
  int64_t dim;
  int64_t kernel;

  DepthwiseConv2d dwconv{scope / "dwconv",
                         {.channels = dim, .kernel = kernel, .bias = false}};
  BatchNorm bn{scope / "bn", {.channels = dim}};

  Tensor operator()(Tensor x) const {
    return x + bn(dwconv(x)); // kSmallLine
  }
  static constexpr unsigned kSmallLine = __LINE__ - 2;
};

} // namespace

TEST_F(ModelErrorTest, WrongShapeIsReportedAtTheModelsLine) {
  Small small{root(), 96, 9};
  Tensor images = program.input("images", {2, 8, 8, 64});
  EXPECT_EQ(errorOf([&] { small(images); }),
            here(Small::kSmallLine,
                 "depthwise_conv2d expects one filter per channel, got 96 "
                 "filters for 64 channels"));
}

TEST_F(ModelErrorTest, EvenKernelIsAnError) {
  Small small{root(), 64, 8};
  Tensor images = program.input("images", {2, 8, 8, 64});
  EXPECT_EQ(errorOf([&] { small(images); }),
            here(Small::kSmallLine,
                 "depthwise_conv2d expects an odd kernel size, got 8x8"));
}

TEST_F(ModelErrorTest, OperatorsReportTheirLine) {
  Tensor a = program.input("a", {2, 3});
  Tensor b = program.input("b", {2, 4});
  unsigned line = __LINE__ + 1;
  std::string message = errorOf([&] { a *b; });
  EXPECT_THAT(message, StartsWith(here(line, "broadcast expects")));
  EXPECT_THAT(message, HasSubstr("2x4xf32"));
}

TEST_F(ModelErrorTest, SequencesReportTheModelsLine) {
  auto layers = repeat(
      2, [&](int64_t i) { return Linear{root() / i, {.in = 4, .out = 4}}; });
  auto nested = repeat(1, [&](int64_t) { return layers; });
  Tensor rows = program.input("rows", {2, 3});
  unsigned line = __LINE__ + 1;
  std::string message = errorOf([&] { nested(rows); });
  EXPECT_EQ(message, here(line, "linear expects 4 features, got 2x3xf32"));
}

TEST_F(ModelErrorTest, PrecisionsDoNotMix) {
  Tensor rows = program.input("rows", {4, 4});
  Tensor half = program.input("half", {4, 4}, ElementType::BF16);
  Tensor vector = program.input("vector", {4}, ElementType::BF16);
  unsigned line = __LINE__ + 1;
  std::string message = errorOf([&] { linear(rows, half); });
  EXPECT_EQ(message,
            here(line, "linear expects operands of one element type, got "
                       "4x4xf32 and 4x4xbf16"));
  for (const std::function<void()> &mixed :
       std::initializer_list<std::function<void()>>{
           [&] { linear(rows, rows, vector); }, [&] { rows + half; },
           [&] { rows *vector; }, [&] { layerScale(rows, vector); },
           [&] { select(program.input("scalar"), rows, half); },
           [&] { channelStatistics(rows, vector); },
           [&] { crossViewCrossEntropy(rows, half, 2, 2); }})
    EXPECT_THAT(errorOf(mixed), HasSubstr("expects operands of one element"));
}

TEST_F(ModelErrorTest, SizesAreThoseOfDimensions) {
  Tensor rows = program.input("rows", {2, 3});
  EXPECT_EQ(rows.size(-2), 2);
  unsigned line = __LINE__ + 1;
  std::string message = errorOf([&] { rows.size(2); });
  EXPECT_EQ(message, here(line, "size expects a dimension of 2x3xf32, got 2"));
  EXPECT_NE(errorOf([&] { rows.size(-3); }), "");
}

TEST_F(ModelErrorTest, NodesKnowTheirLine) {
  Tensor a = program.input("a", {2, 3});
  unsigned line = __LINE__ + 1;
  gelu(a + a);
  Procedure procedure = module.graph().procedures.front();
  for (const Node &node : procedure.nodes) {
    EXPECT_STREQ(node.where.file_name(), "test/frontend/ModelErrorTest.cpp");
    EXPECT_EQ(node.where.line(), line);
  }
}

TEST_F(ModelErrorTest, EveryShapeRuleIsChecked) {
  Tensor map = program.input("map", {2, 8, 8, 4});
  Tensor rows = program.input("rows", {6, 4});
  Tensor vector = program.input("vector", {5});
  Tensor scalar = program.input("scalar");
  Tensor labels = program.input("labels", {6}, ElementType::I32);
  auto expectError = [](const std::function<void()> &action,
                        const std::string &message) {
    EXPECT_THAT(errorOf(action), HasSubstr("error: " + message));
  };
  expectError([&] { depthwiseConv2d(rows, map); },
              "depthwise_conv2d expects a");
  expectError([&] { patchifyConv2d(map, program.input("f", {3, 3, 3, 4})); },
              "patchify_conv2d expects height and width to be multiples of 3");
  expectError([&] { linear(rows, program.input("w", {7, 5})); },
              "linear expects 5 features, got 6x4xf32");
  expectError([&] { layerNorm(rows, vector, vector, 1e-6); },
              "layer_norm expects 5 channels, got 6x4xf32");
  expectError([&] { layerScale(rows, vector); },
              "layer_scale expects gamma of shape 4, got 5xf32");
  expectError([&] { channelStatistics(map, vector); },
              "channel_statistics expects a shift of shape 4");
  expectError([&] { weightNorm(rows, vector); },
              "weight_norm expects a gain of shape 6x1");
  expectError([&] { globalAveragePool(rows); }, "global_average_pool expects");
  expectError([&] { concat({}); }, "concat expects at least one tensor");
  expectError([&] { concat({rows, map}); },
              "concat expects tensors that agree");
  expectError([&] { concat({rows, scalar}); }, "concat expects tensors");
  expectError([&] { reshape(rows, {5, 5}); }, "reshape expects 24 elements");
  expectError([&] { cast(labels, ElementType::F32); },
              "cast expects f32 or bf16, got 6xi32 to f32");
  expectError([&] { slice(rows, 4, 3); }, "slice expects a run within");
  expectError([&] { reduceSum(rows, {1, 0}); }, "reduce expects an increasing");
  expectError([&] { reduceSum(rows, {2}); }, "reduce expects an increasing");
  expectError([&] { dropPath(rows, 1.0); }, "drop_path expects a rate");
  expectError([&] { crossViewCrossEntropy(rows, rows, 3, 2); },
              "cross_view_cross_entropy expects probabilities of shape 4x4");
  expectError([&] { crossEntropy(rows, vector); }, "cross_entropy expects");
  expectError([&] { crossEntropy(rows, labels, 1.0); },
              "cross_entropy expects a smoothing");
  expectError([&] { gradients(rows, {rows}); }, "gradient expects a loss");
  expectError([&] { clipByNorm(rows, 0.0); }, "clip_by_norm expects");
  expectError([&] { ema(rows, rows, vector); }, "ema expects a momentum");
  expectError([&] { sinkhorn(map, 3); }, "sinkhorn expects logits of rank 2");
}
