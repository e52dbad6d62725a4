//===- ZooTest.cpp - sizes, names and programs of the models --------------===//

#include "models/Zoo.h"
#include "test/models/PortNames.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

using namespace bcssl::models;
using testing::Contains;
using testing::IsSupersetOf;
using testing::Not;
using testing::UnorderedElementsAre;

namespace {

Options micro(Method method = Method::Dino) {
  return defaultsFor("micro", method);
}

} // namespace

TEST(ZooTest, ParameterCountsAreThePublishedOnes) {
  Description tiny = describe(defaultsFor("bcssl-tiny"));
  EXPECT_EQ(tiny.classifierParameters, 28'807'720);
  EXPECT_EQ(tiny.backboneParameters, 28'038'720);
  EXPECT_EQ(tiny.dinoHeadParameters, 23'138'560);
  EXPECT_EQ(describe(defaultsFor("bcssl-small")).classifierParameters,
            50'670'376);
  EXPECT_EQ(describe(defaultsFor("bcssl-base")).classifierParameters,
            89'187'048);
  EXPECT_EQ(describe(defaultsFor("convnext-tiny")).classifierParameters,
            28'589'128);
}

TEST(ZooTest, ParameterCountsFollowTheKernel) {
  const std::pair<int64_t, int64_t> published[] = {{3, 28'330'792},
                                                   {5, 28'436'776},
                                                   {7, 28'595'752},
                                                   {15, 29'761'576},
                                                   {31, 34'636'840}};
  for (auto [kernel, parameters] : published) {
    Options options = defaultsFor("bcssl-tiny");
    options.kernel = kernel;
    EXPECT_EQ(describe(options).classifierParameters, parameters) << kernel;
  }
}

TEST(ZooTest, MultiplyAddsOfTiny) {
  Description tiny = describe(defaultsFor("bcssl-tiny"));
  EXPECT_NEAR(tiny.imageMacs / 1e9, 4.52, 0.005);
  EXPECT_NEAR(tiny.localMacs / 1e9, 0.83, 0.005);
}

TEST(ZooTest, NamesAreThePublishedOnes) {
  Graph graph = buildModule(defaultsFor("bcssl-tiny"));
  std::set<std::string> names;
  for (const VariableDeclaration &variable : graph.variables)
    names.insert(variable.name);
  EXPECT_THAT(
      names,
      IsSupersetOf({"student.backbone.downsample_layers.0.0.weight",
                    "student.backbone.downsample_layers.0.1.bias",
                    "student.backbone.downsample_layers.3.1.weight",
                    "student.backbone.stages.2.8.dwconv.weight",
                    "student.backbone.stages.2.8.bn.num_batches_tracked",
                    "student.backbone.stages.3.2.norm.weight",
                    "student.backbone.stages.0.0.pwconv1.bias",
                    "student.backbone.stages.0.0.pwconv2.weight",
                    "student.backbone.stages.0.0.gamma",
                    "teacher.backbone.norm.bias", "student.head.mlp.4.bias",
                    "teacher.head.last_layer.weight_g",
                    "student.head.last_layer.weight_v", "dino_loss.center",
                    "optimizer.step", "optimizer.step_last_layer",
                    "optimizer.exp_avg.student.backbone.norm.weight",
                    "optimizer.exp_avg_sq.student.head.mlp.0.weight"}));
  EXPECT_THAT(names, Not(Contains("student.backbone.stages.0.0.dwconv.bias")));
  // The gain is frozen, so it has no moments.
  EXPECT_THAT(
      names,
      Not(Contains("optimizer.exp_avg.student.head.last_layer.weight_g")));
  const VariableDeclaration &filter =
      *graph.findVariable("student.backbone.stages.0.0.dwconv.weight");
  EXPECT_EQ(filter.type.shape, (Shape{9, 9, 96}));
  EXPECT_EQ(filter.published.shape, (Shape{96, 1, 9, 9}));
  EXPECT_EQ(graph.findVariable("dino_loss.center")->published.shape,
            (Shape{1, 65536}));
}

TEST(ZooTest, SupervisedAndFeatures) {
  Graph graph = buildModule(micro(Method::Supervised));
  EXPECT_THAT(inputsOf(graph, "step"),
              UnorderedElementsAre("images", "labels", "learning_rate",
                                   "weight_decay"));
  EXPECT_THAT(outputsOf(graph, "step"), UnorderedElementsAre("loss"));
  EXPECT_THAT(outputsOf(graph, "evaluate"), UnorderedElementsAre("logits"));
  EXPECT_NE(graph.findVariable("model.head.weight"), nullptr);

  graph = buildModule(micro(Method::Features));
  ASSERT_EQ(graph.procedures.size(), 1u);
  // A DINO checkpoint fits.
  Graph dino = buildModule(micro());
  for (const VariableDeclaration &variable : graph.variables) {
    const VariableDeclaration *same = dino.findVariable(variable.name);
    ASSERT_NE(same, nullptr) << variable.name;
    EXPECT_EQ(same->type, variable.type);
  }
}

TEST(ZooTest, InitializationByFanIn) {
  Graph graph = buildModule(micro());
  auto initializer = [&](const std::string &name) {
    return graph.findVariable("student." + name)->initializer;
  };
  EXPECT_DOUBLE_EQ(initializer("backbone.downsample_layers.0.0.weight").value,
                   0.25);
  EXPECT_DOUBLE_EQ(initializer("backbone.downsample_layers.0.0.bias").value,
                   1.0);
  EXPECT_DOUBLE_EQ(initializer("backbone.stages.0.0.dwconv.weight").value,
                   1.0 / 7.0);
  EXPECT_EQ(initializer("head.last_layer.weight_v").kind,
            Initializer::Kind::Uniform);
  graph = buildModule(defaultsFor("bcssl-tiny"));
  EXPECT_DOUBLE_EQ(initializer("backbone.stages.0.0.dwconv.weight").value,
                   0.02);
  EXPECT_EQ(initializer("backbone.downsample_layers.0.0.bias").kind,
            Initializer::Kind::Zeros);
  EXPECT_DOUBLE_EQ(initializer("backbone.stages.0.0.gamma").value, 1e-6);
}
