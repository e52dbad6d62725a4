//===- GoldenDinoTest.cpp - DINO steps as PyTorch takes them --------------===//
//
// Three steps across the ends of the warm-up and of the frozen last layer, from
// preloaded moments, on fixed crops: the program `step` is differentiated and
// run by the float64 interpreter, or compiled and run by the runtime in
// float32; its new state goes into the next step.
//
//===----------------------------------------------------------------------===//

#include "frontend/Import.h"
#include "models/Zoo.h"
#include "passes/graph/Passes.h"
#include "test/models/CompiledModule.h"
#include "test/models/GoldenFile.h"
#include "test/reference/Interpreter.h"

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <optional>

using namespace bcssl;
using bcssl::frontend::Role;
using bcssl::frontend::VariableDeclaration;
using bcssl::models::Centring;

namespace {

constexpr int kSteps = 3;
/// Updates that the golden moments have seen.
constexpr double kCount = 30, kLastLayerCount = 7;
/// Half a unit in the last place of a float32 number, over the number.
constexpr double kHalfUlp = 0x1p-24;

/// A pipeline, or the whole compiler, and the relative errors that it may
/// cause: of the loss, and of each gradient, update and variable.
struct Lowering {
  const char *passes; ///< empty: compiled to machine code
  double loss, tensor;
  /// A share of the parameter that its update may miss besides.
  double parameter = 0.0;
  /// Makes the clipped gradients outputs of the program.
  bool gradients = true;
};
/// Golden tensors are stored in f32.
constexpr Lowering kDifferentiated{"bcssl-differentiate", 1e-9, 1e-6};
/// The constants of written-out operations are f32.
constexpr Lowering kExpanded{"bcssl-differentiate,bcssl-expand", 1e-6, 1e-5};
/// Everything in f32. The new parameter is rounded where it is decayed and
/// where the step is added; an update of a thousandth of it cannot be closer,
/// nor is PyTorch's in float32 (1.3e-4; generate.py prints it).
constexpr Lowering kCompiled{"", 1e-6, 1e-5, 2 * kHalfUlp};
constexpr Lowering kShipped{"", 1e-6, 1e-5, 2 * kHalfUlp, false};

models::Options goldenOptions() {
  models::Options options = models::defaultsFor("micro");
  options.dims = {8, 12, 16};
  options.depths = {1, 1, 2};
  options.kernel = 5;
  options.outDim = 32;
  options.hidden = 16;
  options.bottleneck = 8;
  options.batch = 4;
  options.centring = Centring::Mean;
  return options;
}

models::Options sinkhornOptions() {
  models::Options options = goldenOptions();
  options.centring = Centring::Sinkhorn;
  return options;
}

models::Options freeNormOptions() {
  models::Options options = goldenOptions();
  options.normLastLayer = false;
  return options;
}

/// The golden name of a variable; empty for those that the files do not hold.
std::string goldenName(const std::string &name) {
  if (name.ends_with("num_batches_tracked"))
    return "";
  if (name == "dino_loss.center")
    return "center";
  for (std::string moment : {"exp_avg", "exp_avg_sq"})
    if (std::string prefix = "optimizer." + moment + ".student.";
        name.starts_with(prefix))
      return "optimizer." + name.substr(prefix.size()) + "." + moment;
  return name.starts_with("optimizer.") ? "" : name;
}

/// The name of a student's parameter below it, empty for any other variable.
std::string learnedName(const VariableDeclaration &variable) {
  const std::string prefix = "student.";
  if (variable.role != Role::Parameter || !variable.name.starts_with(prefix))
    return "";
  return variable.name.substr(prefix.size());
}

reference::Tensor scalar(double value) { return reference::Tensor({}, value); }

reference::Tensor minus(const reference::Tensor &a,
                        const reference::Tensor &b) {
  return reference::map(a, b, std::minus());
}

/// Makes what each AdamW takes as the gradient of student.X an output
/// "gradient.X".
frontend::Graph withGradients(frontend::Graph graph) {
  for (frontend::Procedure &procedure : graph.procedures) {
    std::map<frontend::ValueId, std::string> variables;
    for (const frontend::Port &port : procedure.arguments)
      if (port.isVariable)
        variables[port.value] = port.name;
    for (const frontend::Node &node : procedure.nodes)
      if (node.op == "bcssl.adamw")
        procedure.results.push_back(
            {"gradient." +
                 learnedName(*graph.findVariable(variables[node.operands[0]])),
             node.operands[1], false});
  }
  return graph;
}

class GoldenDino {
public:
  GoldenDino(const models::Options &options, const std::string &results,
             Lowering lowering)
      : lowering(lowering), expected(results),
        graph(lowering.gradients ? withGradients(models::buildModule(options))
                                 : models::buildModule(options)),
        module(frontend::importModule(context, graph)) {
    for (const VariableDeclaration &variable : graph.variables)
      state[variable.name] = startOf(variable, options);
    if (!*lowering.passes) {
      compiled.emplace(*module);
      return;
    }
    registerBcsslGraphPasses();
    mlir::PassManager manager(&context);
    if (mlir::failed(mlir::parsePassPipeline(lowering.passes, manager)) ||
        mlir::failed(manager.run(*module)))
      throw std::runtime_error("the passes fail");
  }

  /// Takes a step, compares it and keeps the new state.
  void takeStep(int step) {
    std::string prefix = "step" + std::to_string(step) + ".";
    const frontend::Procedure &procedure = *graph.findProcedure("step");
    std::vector<reference::Tensor> arguments;
    for (const frontend::Port &port : procedure.arguments)
      arguments.push_back(port.isVariable ? state.at(port.name)
                                          : inputOf(port.name, prefix));
    std::vector<reference::Tensor> results = run(procedure, arguments);
    std::map<std::string, reference::Tensor> before = state;
    for (size_t i = 0; i < procedure.results.size(); ++i) {
      const frontend::Port &port = procedure.results[i];
      (port.isVariable ? state : outputs)[port.name] = results[i];
    }
    double loss = expected[prefix + "loss"][0];
    EXPECT_NEAR(output("loss"), loss, lowering.loss * loss) << prefix;
    for (const VariableDeclaration &variable : graph.variables)
      compareVariable(prefix, variable, before[variable.name]);
  }

  double output(const std::string &name) const { return outputs.at(name)[0]; }
  double value(const std::string &variable) const {
    return state.at(variable)[0];
  }
  /// How many tensors compare() has seen.
  int comparisons() const { return compared; }

private:
  reference::Tensor startOf(const VariableDeclaration &variable,
                            const models::Options &options) {
    if (variable.name == "optimizer.step")
      return scalar(kCount);
    if (variable.name == "optimizer.step_last_layer")
      return scalar(kLastLayerCount);
    std::string name = goldenName(variable.name);
    if (name.empty())
      return reference::Tensor(variable.type.shape);
    if (options.normLastLayer && name.ends_with("weight_g"))
      return reference::Tensor(variable.type.shape, 1.0);
    return storedForm(variable, start[name]);
  }

  std::vector<reference::Tensor>
  run(const frontend::Procedure &procedure,
      const std::vector<reference::Tensor> &arguments) {
    if (compiled)
      return compiled->run(procedure, arguments);
    auto results = reference::interpret(
        module->lookupSymbol<mlir::func::FuncOp>("step"), arguments);
    if (mlir::failed(results))
      throw std::runtime_error("the program cannot be interpreted");
    return *results;
  }

  reference::Tensor inputOf(const std::string &name,
                            const std::string &prefix) {
    if (name == "images.global")
      return start[prefix + "globals"];
    if (name == "images.local")
      return start[prefix + "locals"];
    if (name == "last_layer_active")
      return scalar(1.0 - expected[prefix + "freeze_last_layer"][0]);
    if (name == "teacher_temperature")
      return expected[prefix + "teacher_temp"];
    return expected[prefix + name];
  }

  /// A student's parameter by gradient and update, any other variable by its
  /// value.
  void compareVariable(const std::string &prefix,
                       const VariableDeclaration &variable,
                       const reference::Tensor &before) {
    const reference::Tensor &now = state[variable.name];
    std::string learned = learnedName(variable);
    if (learned.empty()) {
      if (std::string name = goldenName(variable.name); !name.empty())
        compare(prefix + name, variable, now);
      return;
    }
    compare(prefix + "update." + learned, variable, minus(now, before),
            lowering.parameter * norm(before));
    if (lowering.gradients)
      compare(prefix + "gradient." + learned, variable,
              outputs["gradient." + learned]);
  }

  /// The files of some cases hold the last step alone.
  void compare(const std::string &name, const VariableDeclaration &variable,
               const reference::Tensor &value, double allowed = 0.0) {
    if (!expected.has(name))
      return;
    const reference::Tensor &golden = expected[name];
    reference::Tensor published = publishedForm(variable, value);
    ASSERT_EQ(published.shape, golden.shape) << name;
    EXPECT_LE(norm(minus(published, golden)),
              lowering.tensor * norm(golden) + allowed)
        << name << ", of norm " << norm(golden);
    ++compared;
  }

  Lowering lowering;
  GoldenFile start{"dino_start.safetensors"};
  GoldenFile expected;
  frontend::Graph graph;
  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::optional<CompiledModule> compiled;
  std::map<std::string, reference::Tensor> state, outputs;
  int compared = 0;
};

/// What the monitor's figures must satisfy for any targets.
void checkMonitor(const GoldenDino &dino, const models::Options &options) {
  double entropy = dino.output("teacher_entropy");
  double divergence = dino.output("teacher_kl");
  EXPECT_GT(entropy, 0.0);
  EXPECT_GT(divergence, 0.0);
  // The mean of the targets has at least their mean entropy.
  EXPECT_LE(entropy, std::log(options.outDim) - divergence + 1e-6);
}

/// The student's parameters, each with a gradient, an update and two moments;
/// the teacher's with their buffers; the student's buffers and its gain of 1.
constexpr int kLearned = 61, kTeacher = 70, kStill = 9;
constexpr int kStep = 2 * kLearned + kTeacher + kStill, kMoments = 2 * kLearned;
/// How many tensors the files hold: with a center; the last step alone; the
/// same with a center and a gain that is learned.
constexpr int kMean = kSteps * (kStep + 1) + kMoments;
constexpr int kSinkhorn = kStep + kMoments;
constexpr int kFreeNorm = kStep + 1 + kMoments + 2 + 1;

/// Takes all steps and returns how many tensors were compared.
int takeSteps(const models::Options &options, const std::string &results,
              Lowering lowering = kDifferentiated) {
  GoldenDino dino(options, results, lowering);
  for (int step = 0; step < kSteps; ++step) {
    dino.takeStep(step);
    checkMonitor(dino, options);
  }
  // The first two steps leave the last layer frozen.
  EXPECT_EQ(dino.value("optimizer.step"), kCount + kSteps);
  EXPECT_EQ(dino.value("optimizer.step_last_layer"),
            kLastLayerCount + kSteps - 2);
  // Global and local crops are a batch each.
  EXPECT_EQ(dino.value("student.backbone.stages.0.0.bn.num_batches_tracked"),
            2 * kSteps);
  EXPECT_EQ(dino.value("teacher.backbone.stages.0.0.bn.num_batches_tracked"),
            kSteps);
  return dino.comparisons();
}

} // namespace

TEST(GoldenDinoTest, CentringByMean) {
  EXPECT_EQ(takeSteps(goldenOptions(), "dino_mean.safetensors"), kMean);
}

TEST(GoldenDinoTest, CentringBySinkhorn) {
  EXPECT_EQ(takeSteps(sinkhornOptions(), "dino_sinkhorn.safetensors"),
            kSinkhorn);
}

TEST(GoldenDinoTest, LearnedGainOfTheLastLayer) {
  EXPECT_EQ(takeSteps(freeNormOptions(), "dino_free_norm.safetensors"),
            kFreeNorm);
}

// The same steps with every coarse operation written out.
TEST(GoldenDinoTest, Expanded) {
  EXPECT_EQ(takeSteps(goldenOptions(), "dino_mean.safetensors", kExpanded),
            kMean);
  EXPECT_EQ(
      takeSteps(sinkhornOptions(), "dino_sinkhorn.safetensors", kExpanded),
      kSinkhorn);
}

// Machine code against PyTorch.
TEST(GoldenDinoTest, Compiled) {
  EXPECT_EQ(takeSteps(goldenOptions(), "dino_mean.safetensors", kCompiled),
            kMean);
}

// The programs as they are trained, without gradients among their outputs.
TEST(GoldenDinoTest, Shipped) {
  EXPECT_EQ(takeSteps(sinkhornOptions(), "dino_sinkhorn.safetensors", kShipped),
            kSinkhorn - kLearned);
  EXPECT_EQ(
      takeSteps(freeNormOptions(), "dino_free_norm.safetensors", kShipped),
      kFreeNorm - kLearned - 1);
}
