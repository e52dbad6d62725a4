//===- DinoTest.cpp - the DINO step ---------------------------------------===//

#include "models/Zoo.h"
#include "test/models/PortNames.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

using namespace bcssl::models;
using testing::Contains;
using testing::Not;
using testing::UnorderedElementsAre;

namespace {

std::set<std::string> updatedBy(const Graph &graph, const char *procedure) {
  return portNames(graph.findProcedure(procedure)->results, true);
}

std::map<std::string, int> countOps(const Procedure &procedure) {
  std::map<std::string, int> counts;
  for (const Node &node : procedure.nodes)
    ++counts[node.op];
  return counts;
}

Options micro() { return defaultsFor("micro"); }

} // namespace

TEST(DinoTest, TheDinoStepHasItsInputsAndOutputs) {
  Options options = micro();
  options.centring = Centring::Mean;
  options.dropPath = 0.1;
  Graph graph = buildModule(options);
  EXPECT_THAT(inputsOf(graph, "step"),
              UnorderedElementsAre("images.global", "images.local",
                                   "learning_rate", "weight_decay",
                                   "teacher_momentum", "teacher_temperature",
                                   "last_layer_active", "random_state"));
  EXPECT_THAT(outputsOf(graph, "step"),
              UnorderedElementsAre("loss", "teacher_entropy", "teacher_kl",
                                   "center_norm"));
  EXPECT_THAT(inputsOf(graph, "features"), UnorderedElementsAre("images"));
  EXPECT_THAT(outputsOf(graph, "features"), UnorderedElementsAre("features"));
  EXPECT_THAT(updatedBy(graph, "features"), testing::IsEmpty());
  EXPECT_THAT(inputsOf(graph, "recalibrate"),
              UnorderedElementsAre("images", "momentum"));
  std::set<std::string> statistics;
  for (int stage = 0; stage < 3; ++stage)
    for (const char *name : {"running_mean", "running_var"})
      statistics.insert("teacher.backbone.stages." + std::to_string(stage) +
                        ".0.bn." + name);
  EXPECT_EQ(updatedBy(graph, "recalibrate"), statistics);
}

TEST(DinoTest, BytesAreNormalisedByTheStep) {
  Options options = micro();
  options.imageType = ImageType::U8;
  options.inChannels = 3;
  Graph graph = buildModule(options);
  const Procedure &step = *graph.findProcedure("step");
  std::map<std::string, TensorType> types;
  for (const Port &port : step.arguments)
    types[port.name] = step.values[port.value];
  EXPECT_EQ(types["images.global"],
            (TensorType{{2 * options.batch, 32, 32, 3}, ElementType::U8}));
  EXPECT_EQ(types["images.local"],
            (TensorType{{2 * options.batch, 16, 16, 3}, ElementType::U8}));
  for (const char *name : {"images.mean", "images.deviation"})
    EXPECT_EQ(types[name], TensorType{{96}});
  std::map<std::string, int> ops = countOps(step);
  EXPECT_EQ(ops["arith.uitofp"], 2);
  // Whole images are judged as floats.
  EXPECT_THAT(inputsOf(graph, "features"), UnorderedElementsAre("images"));
  // Rows of pixels are as long as all images allow.
  options.batch = 1;
  options.patch = 1;
  options.dims = {8};
  options.depths = {1};
  options.image = 9;
  options.localImage = 6;
  graph = buildModule(options);
  const Procedure &odd = *graph.findProcedure("step");
  for (const Port &port : odd.arguments)
    if (port.name == "images.mean")
      EXPECT_EQ(odd.values[port.value], TensorType{{2 * 3}});
}

TEST(DinoTest, TheDinoStepUpdatesEverythingThatIsLearned) {
  Graph graph = buildModule(micro());
  std::set<std::string> updated = updatedBy(graph, "step");
  for (const VariableDeclaration &variable : graph.variables)
    EXPECT_EQ(updated.contains(variable.name),
              variable.role != Role::FrozenParameter)
        << variable.name;
}

TEST(DinoTest, AveragesCoverParametersOnly) {
  Graph graph = buildModule(micro());
  const Procedure &step = *graph.findProcedure("step");
  std::set<ValueId> averaged;
  for (const Node &node : step.nodes)
    if (node.op == "bcssl.ema")
      averaged.insert(node.results[0]);
  for (const Port &port : step.results) {
    const VariableDeclaration *variable = graph.findVariable(port.name);
    if (variable && port.name.starts_with("teacher."))
      EXPECT_EQ(averaged.contains(port.value),
                variable->role == Role::Parameter)
          << port.name;
  }
}

TEST(DinoTest, TheTeacherStartsAsTheStudentAndFollowsItsNewValue) {
  Graph graph = buildModule(micro());
  const Procedure &step = *graph.findProcedure("step");
  std::map<std::string, ValueId> results;
  for (const Port &port : step.results)
    results[port.name] = port.value;
  int followed = 0;
  for (const VariableDeclaration &variable : graph.variables) {
    if (!variable.name.starts_with("teacher."))
      continue;
    std::string student = "student." + variable.name.substr(8);
    EXPECT_EQ(variable.initializer.source, student);
    for (const Node &node : step.nodes)
      if (node.op == "bcssl.ema" && node.results[0] == results[variable.name]) {
        EXPECT_EQ(node.operands[1], results[student]) << variable.name;
        ++followed;
      }
  }
  EXPECT_GT(followed, 40);
}

TEST(DinoTest, OnlyTheLastLayerCanBeHeldStill) {
  Options options = micro();
  options.normLastLayer = false;
  Graph graph = buildModule(options);
  const Procedure &step = *graph.findProcedure("step");
  std::map<ValueId, std::string> names;
  for (const Port &port : step.arguments)
    names[port.value] = port.name;
  std::set<std::string> held;
  for (const Node &node : step.nodes)
    if (node.op == "bcssl.adamw" && node.segments.back() == 1)
      held.insert(names[node.operands[0]]);
  EXPECT_THAT(held, UnorderedElementsAre("student.head.last_layer.weight_g",
                                         "student.head.last_layer.weight_v"));
}

// The center is the mean over the rows of all ranks.
TEST(DinoTest, TheCenterCountsTheRowsOfAllRanks) {
  Options options = micro();
  options.centring = Centring::Mean;
  Graph graph = buildModule(options);
  const Procedure &step = *graph.findProcedure("step");
  auto producerOf = [&](ValueId value) -> const Node & {
    return *std::ranges::find_if(step.nodes, [&](const Node &node) {
      return std::ranges::count(node.results, value);
    });
  };
  for (const Port &port : step.results) {
    if (port.name != "dino_loss.center")
      continue;
    const Node &mean = producerOf(producerOf(port.value).operands[1]);
    ASSERT_EQ(mean.op, "arith.divf");
    EXPECT_EQ(producerOf(mean.operands[0]).op, "bcssl.all_reduce");
    const Node &rows = producerOf(mean.operands[1]);
    ASSERT_EQ(rows.op, "bcssl.broadcast");
    EXPECT_EQ(producerOf(rows.operands[0]).op, "bcssl.all_reduce");
  }
}

TEST(DinoTest, GradientsAreClippedByTensor) {
  Graph graph = buildModule(micro());
  std::map<std::string, int> ops = countOps(*graph.findProcedure("step"));
  EXPECT_EQ(ops["bcssl.clip_by_norm"], ops["bcssl.adamw"]);
  Options options = micro();
  options.clip = 0.0;
  graph = buildModule(options);
  ops = countOps(*graph.findProcedure("step"));
  EXPECT_EQ(ops["bcssl.clip_by_norm"], 0);
}

TEST(DinoTest, DropPathIsTheStudentsUnlessSwitched) {
  Options options = micro();
  options.dropPath = 0.2;
  auto drops = [](const Options &options) {
    Graph graph = buildModule(options);
    std::vector<double> rates;
    for (const Node &node : graph.findProcedure("step")->nodes)
      if (node.op == "bcssl.drop_path")
        rates.push_back(std::get<double>(node.attributes[0].value));
    return rates;
  };
  // Three blocks at 0, 0.1 and 0.2, two resolutions; the teacher adds one.
  EXPECT_THAT(drops(options), testing::ElementsAre(0.1, 0.2, 0.1, 0.2));
  options.teacherDropPath = true;
  EXPECT_EQ(drops(options).size(), 6u);
}

TEST(DinoTest, CentringAndActivationAreSwitches) {
  Options options = micro();
  std::map<std::string, int> ops =
      countOps(*buildModule(options).findProcedure("step"));
  EXPECT_EQ(ops["bcssl.sinkhorn"], 1);
  EXPECT_EQ(ops["bcssl.softmax"], 0);
  options.centring = Centring::Mean;
  options.bnActivation = BnActivation::Relu;
  ops = countOps(*buildModule(options).findProcedure("step"));
  EXPECT_EQ(ops["bcssl.sinkhorn"], 0);
  EXPECT_EQ(ops["bcssl.softmax"], 1);
  EXPECT_EQ(ops["bcssl.relu"], 9); // 3 blocks, 3 forward passes
}

TEST(DinoTest, NoLocalCropsIsAllowed) {
  Options options = micro();
  options.localCrops = 0;
  EXPECT_THAT(inputsOf(buildModule(options), "step"),
              Not(Contains("images.local")));
}
