//===- OptimizersTest.cpp - updates of parameters -------------------------===//

#include "frontend/Dsl.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace bcssl::frontend;
using testing::ElementsAre;

namespace {

class OptimizersTest : public testing::Test {
protected:
  /// Two parameters, one with decay, and their gradients.
  UpdateGroup group() {
    UpdateGroup group{{}, {}, program.input("lr"), program.input("wd")};
    for (const Variable &parameter : {weight, bias}) {
      group.parameters.push_back(parameter);
      group.gradients.push_back(program.read(parameter));
    }
    return group;
  }
  const VariableDeclaration &declared(const std::string &name) {
    graph = module.graph();
    const VariableDeclaration *found = graph.findVariable(name);
    if (!found)
      throw std::runtime_error("no variable " + name);
    return *found;
  }

  Module module;
  Graph graph;
  Program &program = module.program("step", Mode::Training);
  Scope net{module, "net"};
  Scope state{module, "optimizer"};
  Variable weight{
      net / "weight",
      {.shape = {3, 3, 8}, .published = {{8, 1, 3, 3}, {2, -1, 0, 1}}}};
  Variable bias{net / "bias", {.shape = {8}}};
};

} // namespace

TEST_F(OptimizersTest, DecayFollowsThePublishedForm) {
  Variable gain(net / "weight_g", {.shape = {8, 1}});
  Variable norm(net / "norm.weight", {.shape = {8}});
  Variable oddBias(net / "odd.bias", {.shape = {8, 2}});
  Variable row(net / "row", {.shape = {8}, .published = {{1, 8}, {-1, 0}}});
  EXPECT_TRUE(hasWeightDecay(row.declaration()));
  EXPECT_TRUE(hasWeightDecay(weight.declaration()));
  EXPECT_TRUE(hasWeightDecay(gain.declaration()));
  EXPECT_FALSE(hasWeightDecay(bias.declaration()));
  EXPECT_FALSE(hasWeightDecay(norm.declaration()));
  EXPECT_FALSE(hasWeightDecay(oddBias.declaration()));
}

TEST_F(OptimizersTest, AdamWGivesDecayToTheWeightOnly) {
  AdamW{.state = state}(group());
  Procedure step = module.graph().procedures.front();
  std::vector<std::vector<int32_t>> segments;
  for (const Node &node : step.nodes)
    if (node.op == "bcssl.adamw")
      segments.push_back(node.segments);
  EXPECT_THAT(segments, ElementsAre(ElementsAre(1, 1, 1, 1, 1, 1, 1, 0),
                                    ElementsAre(1, 1, 1, 1, 1, 1, 0, 0)));
  const VariableDeclaration &moment =
      declared("optimizer.exp_avg_sq.net.weight");
  EXPECT_EQ(moment.published.shape, (Shape{8, 1, 3, 3}));
  EXPECT_EQ(moment.role, Role::OptimizerState);
  EXPECT_EQ(step.results.size(), 7u); // count, 2 x (value, 2 moments)
}

TEST_F(OptimizersTest, AnInactiveGroupKeepsItsCountAndNumbersItsUpdate) {
  UpdateGroup frozen = group();
  frozen.active = program.input("active");
  frozen.counter = "step_last_layer";
  AdamW{.state = state}(frozen);
  Procedure step = module.graph().procedures.front();
  ValueId stored = 0;
  for (const Port &port : step.results)
    if (port.name == "optimizer.step_last_layer")
      stored = port.value;
  for (const Node &node : step.nodes) {
    if (node.op != "bcssl.adamw")
      continue;
    EXPECT_EQ(node.segments.back(), 1);
    EXPECT_EQ(node.operands.back(), frozen.active->value());
    EXPECT_NE(node.operands[4], stored);
  }
}

TEST_F(OptimizersTest, SgdAndLarsHoldAFrozenGroupBySelection) {
  UpdateGroup frozen = group();
  frozen.active = program.input("active");
  Lars{.state = state}(frozen);
  Procedure step = module.graph().procedures.front();
  size_t selections = 0;
  for (const Node &node : step.nodes)
    selections += node.op == "arith.select";
  EXPECT_EQ(selections, 4u);
  EXPECT_EQ(declared("optimizer.momentum_buffer.net.bias").type.shape,
            (Shape{8}));
}

TEST_F(OptimizersTest, OneGradientPerParameter) {
  UpdateGroup wrong = group();
  wrong.gradients.pop_back();
  EXPECT_THROW(Sgd{.state = state}(wrong), ModelError);
}
