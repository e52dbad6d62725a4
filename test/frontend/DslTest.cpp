//===- DslTest.cpp - recording of programs --------------------------------===//

#include "frontend/Dsl.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include <functional>
#include <set>

using namespace bcssl::frontend;
using testing::ElementsAre;
using testing::HasSubstr;

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

std::vector<std::string> names(const std::vector<Port> &ports) {
  std::vector<std::string> result;
  for (const Port &port : ports)
    result.push_back(port.name);
  return result;
}

std::vector<std::string> opsOf(const Procedure &procedure) {
  std::vector<std::string> result;
  for (const Node &node : procedure.nodes)
    result.push_back(node.op);
  return result;
}

int64_t integer(const Node &node, const std::string &name) {
  for (const Attribute &attribute : node.attributes)
    if (attribute.name == name)
      return std::get<int64_t>(attribute.value);
  ADD_FAILURE() << node.op << " has no attribute " << name;
  return -1;
}

class DslTest : public testing::Test {
protected:
  Procedure finished() { return module.graph().procedures.front(); }
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

  Tensor operator()(Tensor x) const { return x + bn(dwconv(x)); }
};

} // namespace

TEST_F(DslTest, ScalarsAndVectorsAreBroadcast) {
  Tensor rows = program.input("rows", {6, 4});
  Tensor vector = program.input("vector", {4});
  Tensor scalar = program.input("scalar");
  EXPECT_EQ((rows - vector).shape(), (Shape{6, 4}));
  EXPECT_EQ((scalar / rows).shape(), (Shape{6, 4}));
  EXPECT_EQ((2.0 - Located(rows)).shape(), (Shape{6, 4}));
  EXPECT_THAT(opsOf(finished()),
              ElementsAre("bcssl.broadcast", "arith.subf", "bcssl.broadcast",
                          "arith.divf", "arith.constant", "arith.subf"));
}

TEST_F(DslTest, CallingTwiceSharesVariablesAndKeepsStatisticsInOrder) {
  Small small{root(), 4, 3};
  Tensor first = small(program.input("first", {2, 8, 8, 4}));
  Tensor second = small(program.input("second", {6, 4, 4, 4}));
  program.output("first", first);
  program.output("second", second);
  Procedure procedure = finished();
  EXPECT_THAT(names(procedure.arguments),
              ElementsAre("first", "net.dwconv.weight", "net.bn.weight",
                          "net.bn.bias", "net.bn.running_mean",
                          "net.bn.running_var", "net.bn.num_batches_tracked",
                          "second"));
  // Both calls moved the statistics; the program gives each back once.
  EXPECT_THAT(names(procedure.results),
              ElementsAre("first", "second", "net.bn.running_mean",
                          "net.bn.running_var", "net.bn.num_batches_tracked"));
  std::vector<const Node *> averages;
  for (const Node &node : procedure.nodes)
    if (node.op == "bcssl.running_average")
      averages.push_back(&node);
  ASSERT_EQ(averages.size(), 4u);
  EXPECT_EQ(averages[2]->operands[0], averages[0]->results[0]);
  EXPECT_EQ(averages[3]->operands[0], averages[1]->results[0]);
}

// The variance is made unbiased by the count over all ranks.
TEST_F(DslTest, StatisticsCountTheValuesOfAllRanks) {
  Small small{root(), 4, 3};
  program.output("y", small(program.input("x", {2, 8, 8, 4})));
  Procedure procedure = finished();
  auto producerOf = [&](ValueId value) -> const Node & {
    return *std::ranges::find_if(procedure.nodes, [&](const Node &node) {
      return std::ranges::count(node.results, value);
    });
  };
  for (const Port &port : procedure.results) {
    if (port.name != "net.bn.running_var")
      continue;
    const Node &unbiased = producerOf(producerOf(port.value).operands[1]);
    ASSERT_EQ(unbiased.op, "arith.mulf");
    const Node &ratio =
        producerOf(producerOf(unbiased.operands[1]).operands[0]);
    ASSERT_EQ(ratio.op, "arith.divf");
    const Node &count = producerOf(ratio.operands[0]);
    ASSERT_EQ(count.op, "bcssl.all_reduce");
    EXPECT_EQ(producerOf(count.operands[0]).op, "bcssl.channel_statistics");
    const Node &less = producerOf(ratio.operands[1]);
    EXPECT_EQ(less.op, "arith.subf");
    EXPECT_EQ(less.operands[0], ratio.operands[0]);
  }
}

TEST_F(DslTest, BatchNormNeedsTwoValuesInTraining) {
  BatchNorm bn{root(), {.channels = 4}};
  EXPECT_THAT(errorOf([&] { bn(program.input("x", {1, 1, 1, 4})); }),
              HasSubstr("batch_norm expects more than one value per channel"));
}

TEST_F(DslTest, EvaluationUsesAndKeepsRunningStatistics) {
  Small small{root(), 4, 3};
  Program &features = module.program("features", Mode::Evaluation);
  features.output("y", small(features.input("x", {1, 1, 1, 4})));
  Procedure procedure = module.graph().procedures.back();
  EXPECT_THAT(opsOf(procedure), ElementsAre("bcssl.depthwise_conv2d",
                                            "bcssl.batch_norm", "arith.addf"));
  EXPECT_THAT(names(procedure.results), ElementsAre("y"));
}

TEST_F(DslTest, CalibrationMovesMeanAndVarianceOnly) {
  Small small{root(), 4, 3};
  Program &calibrate = module.program("recalibrate", Mode::Calibration);
  small(calibrate.input("x", {2, 4, 4, 4}));
  Procedure procedure = module.graph().procedures.back();
  EXPECT_THAT(names(procedure.results),
              ElementsAre("net.bn.running_mean", "net.bn.running_var"));
  EXPECT_THAT(names(procedure.arguments), testing::Contains("momentum"));
}

TEST_F(DslTest, DropPathDrawsAreDistinctAndInTrainingOnly) {
  DropPath drop{0.25};
  Tensor x = program.input("x", {6, 4});
  drop(drop(x));
  EXPECT_EQ(DropPath{0.0}(x).value(), x.value());
  Program &features = module.program("features", Mode::Evaluation);
  drop(features.input("x", {6, 4}));
  Graph graph = module.graph();
  EXPECT_TRUE(graph.procedures[1].nodes.empty());
  std::set<int64_t> streams;
  for (const Node &node : graph.procedures[0].nodes)
    if (node.op == "bcssl.random_uniform")
      streams.insert(integer(node, "stream"));
  EXPECT_EQ(streams.size(), 2u);
  EXPECT_THAT(names(graph.procedures[0].arguments),
              ElementsAre("x", "random_state"));
}

TEST_F(DslTest, MisuseOfProgramsAndVariablesIsReported) {
  Variable weight(root() / "weight", {.shape = {4}});
  Tensor x = program.input("x", {6, 4});
  Program &other = module.program("other", Mode::Training);
  Tensor y = other.input("y", {6, 4});
  EXPECT_THAT(errorOf([&] { x + y; }), HasSubstr("operands of one program"));
  EXPECT_THAT(errorOf([&] { program.output("z", y); }),
              HasSubstr("a value of this program"));
  EXPECT_THAT(errorOf([&] { program.input("x", {4}); }),
              HasSubstr("input \"x\" expects one type"));
  EXPECT_THAT(errorOf([&] { program.assign(weight, x); }),
              HasSubstr("assign to net.weight expects 4xf32, got 6x4xf32"));
  EXPECT_THAT(errorOf([&] { Variable(root() / "weight", {.shape = {4}}); }),
              HasSubstr("call one layer twice"));
  EXPECT_THAT(errorOf([&] { Variable(root() / "none", {.shape = {0}}); }),
              HasSubstr("sizes of at least 1"));
  program.output("x", x);
  EXPECT_THAT(errorOf([&] { program.output("x", x); }),
              HasSubstr("named once"));
}

TEST_F(DslTest, ScopesNameAndCopyVariables) {
  Scope student(module, "student", Initialization::FanIn);
  Scope teacher = Scope(module, "teacher").copyOf(student);
  Linear first{student / "mlp" / 0, {.in = 16, .out = 4}};
  Linear second{teacher / "mlp" / 0, {.in = 16, .out = 4}};
  Graph graph = module.graph();
  const VariableDeclaration *weight =
      graph.findVariable("student.mlp.0.weight");
  ASSERT_NE(weight, nullptr);
  EXPECT_EQ(weight->initializer.kind, Initializer::Kind::TruncNormal);
  EXPECT_DOUBLE_EQ(weight->initializer.value, 0.25);
  const VariableDeclaration *copy = graph.findVariable("teacher.mlp.0.bias");
  ASSERT_NE(copy, nullptr);
  EXPECT_EQ(copy->initializer.kind, Initializer::Kind::Copy);
  EXPECT_EQ(copy->initializer.source, "student.mlp.0.bias");
}

TEST_F(DslTest, ABiasIsAddedAlongTheChannels) {
  DepthwiseConv2d dwconv{root() / "dwconv", {.channels = 4, .kernel = 3}};
  dwconv(program.input("x", {2, 5, 5, 4}));
  EXPECT_THAT(opsOf(finished()), ElementsAre("bcssl.depthwise_conv2d",
                                             "bcssl.broadcast", "arith.addf"));
}
