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
#include "passes/Driver.h"
#include "passes/graph/Passes.h"
#include "runtime/executable/Session.h"
#include "test/models/GoldenFile.h"
#include "test/reference/Interpreter.h"

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

using namespace bcssl;
using bcssl::frontend::VariableDeclaration;
using bcssl::models::Centring;

namespace {

constexpr int kSteps = 3;
/// Updates that the golden moments have seen.
constexpr double kCount = 30, kLastLayerCount = 7;
/// A pipeline, or the whole compiler, and the relative errors that it may
/// cause.
struct Lowering {
  const char *passes; ///< empty: compiled to machine code
  double loss, state;
};
/// Golden state is stored in f32.
constexpr Lowering kDifferentiated{"bcssl-differentiate", 1e-9, 1e-6};
/// The constants of written-out operations are f32.
constexpr Lowering kExpanded{"bcssl-differentiate,bcssl-expand", 1e-6, 1e-5};
/// Everything in f32.
constexpr Lowering kCompiled{"", 1e-6, 1e-5};

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

reference::Tensor scalar(double value) { return reference::Tensor({}, value); }

class GoldenDino {
public:
  GoldenDino(const models::Options &options, const std::string &results,
             Lowering lowering)
      : lowering(lowering), expected(results),
        graph(models::buildModule(options)),
        module(frontend::importModule(context, graph)) {
    for (const VariableDeclaration &variable : graph.variables)
      state[variable.name] = startOf(variable, options);
    if (!*lowering.passes) {
      session = compileSession();
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
    auto results =
        session
            ? runCompiled(procedure, arguments)
            : reference::interpret(
                  module->lookupSymbol<mlir::func::FuncOp>("step"), arguments);
    ASSERT_TRUE(mlir::succeeded(results));
    for (size_t i = 0; i < procedure.results.size(); ++i) {
      const frontend::Port &port = procedure.results[i];
      if (port.isVariable)
        state[port.name] = (*results)[i];
      else
        outputs[port.name] = (*results)[i];
    }
    compare(prefix);
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

  std::unique_ptr<Session> compileSession() {
    mlir::DialectRegistry registry;
    registerDialects(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
    auto bytes = compile(*module, {});
    if (mlir::failed(bytes))
      throw std::runtime_error("the compiler fails");
    auto *data = reinterpret_cast<const std::byte *>(bytes->data());
    auto executable = Executable::parse({data, data + bytes->size()}, "golden");
    if (!executable)
      throw std::runtime_error(executable.error().text());
    auto opened = Session::open(*executable);
    if (!opened)
      throw std::runtime_error(opened.error().text());
    return std::move(*opened);
  }

  static std::vector<float> inFloat(const reference::Tensor &tensor) {
    return {tensor.values.begin(), tensor.values.end()};
  }

  mlir::FailureOr<std::vector<reference::Tensor>>
  runCompiled(const frontend::Procedure &procedure,
              const std::vector<reference::Tensor> &arguments) {
    std::vector<std::vector<float>> values;
    std::vector<int32_t> randomState(4, 0);
    std::vector<Input> inputs;
    for (const reference::Tensor &argument : arguments)
      values.push_back(inFloat(argument));
    for (size_t i = 0; i < arguments.size(); ++i) {
      const frontend::Port &port = procedure.arguments[i];
      if (port.isVariable)
        std::memcpy(session->variable(port.name).data(), values[i].data(),
                    values[i].size() * sizeof(float));
      else if (port.name == "random_state")
        inputs.push_back(
            Input(port.name, std::span<const int32_t>(randomState)));
      else
        inputs.push_back(Input(port.name, std::span<const float>(values[i])));
    }
    if (Status status = session->run("step", inputs, {}); !status) {
      ADD_FAILURE() << status.error().text();
      return mlir::failure();
    }
    std::vector<reference::Tensor> results;
    for (const frontend::Port &port : procedure.results) {
      std::span<const std::byte> bytes =
          port.isVariable ? session->variable(port.name)
                          : session->outputBytes("step", port.name);
      std::vector<float> floats(bytes.size() / sizeof(float));
      std::memcpy(floats.data(), bytes.data(), bytes.size());
      results.push_back(reference::Tensor(
          port.isVariable ? state.at(port.name).shape : reference::Shape(),
          std::vector<double>(floats.begin(), floats.end())));
    }
    return results;
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

  void compare(const std::string &prefix) {
    double loss = expected[prefix + "loss"][0];
    EXPECT_NEAR(output("loss"), loss, lowering.loss * loss) << prefix;
    for (const VariableDeclaration &variable : graph.variables) {
      std::string name = prefix + goldenName(variable.name);
      if (!expected.has(name))
        continue;
      EXPECT_LT(relativeDistance(publishedForm(variable, state[variable.name]),
                                 expected[name]),
                lowering.state)
          << name;
      ++compared;
    }
  }

  Lowering lowering;
  GoldenFile start{"dino_start.safetensors"};
  GoldenFile expected;
  frontend::Graph graph;
  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::unique_ptr<Session> session; ///< where the program is compiled
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
  EXPECT_GT(takeSteps(goldenOptions(), "dino_mean.safetensors"), 3 * 200);
}

TEST(GoldenDinoTest, CentringBySinkhorn) {
  models::Options options = goldenOptions();
  options.centring = Centring::Sinkhorn;
  EXPECT_GT(takeSteps(options, "dino_sinkhorn.safetensors"), 200);
}

TEST(GoldenDinoTest, LearnedGainOfTheLastLayer) {
  models::Options options = goldenOptions();
  options.normLastLayer = false;
  EXPECT_GT(takeSteps(options, "dino_free_norm.safetensors"), 200);
}

// The same steps with every coarse operation written out.
TEST(GoldenDinoTest, Expanded) {
  takeSteps(goldenOptions(), "dino_mean.safetensors", kExpanded);
  models::Options options = goldenOptions();
  options.centring = Centring::Sinkhorn;
  takeSteps(options, "dino_sinkhorn.safetensors", kExpanded);
}

// Machine code against PyTorch: every parameter, moment, buffer and the center.
TEST(GoldenDinoTest, Compiled) {
  EXPECT_GT(takeSteps(goldenOptions(), "dino_mean.safetensors", kCompiled),
            3 * 200);
  models::Options options = goldenOptions();
  options.centring = Centring::Sinkhorn;
  EXPECT_GT(takeSteps(options, "dino_sinkhorn.safetensors", kCompiled), 200);
  options = goldenOptions();
  options.normLastLayer = false;
  EXPECT_GT(takeSteps(options, "dino_free_norm.safetensors", kCompiled), 200);
}
