//===- MixedPrecisionTest.cpp - training steps in bf16 --------------------===//
//
// Whole training steps, run by the reference in float64: as the model says, and
// with exactly those roundings that mixed precision makes. Losses and gradients
// may be apart by what bf16 can do to them.
//
//===----------------------------------------------------------------------===//

#include "frontend/Import.h"
#include "models/Zoo.h"
#include "passes/Pipelines.h"
#include "passes/fusion/Passes.h"
#include "passes/graph/Passes.h"
#include "test/passes/numerics/ModelArguments.h"

#include "mlir/Transforms/Passes.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

using namespace mlir;

namespace bcssl::test {
namespace {

using reference::Narrowing;
using reference::Tensor;

struct StepCase {
  const char *name;
  double gradientBound; ///< relative, over all parameters
  std::vector<std::pair<std::string, std::string>> settings;
};

/// The bounds are half as much again as was measured (0.050, 0.085, 0.024 and
/// 0.010): temperatures of 0.1 and 0.05 multiply what the logits are off by.
std::vector<StepCase> cases() {
  std::vector<std::pair<std::string, std::string>> small = {
      {"dims", "16,32,48"}, {"depths", "2,2,2"},  {"patch", "2"},
      {"kernel", "5"},      {"image", "16"},      {"local-image", "8"},
      {"local-crops", "2"}, {"batch", "6"},       {"out-dim", "64"},
      {"hidden", "48"},     {"bottleneck", "24"}, {"classes", "7"},
      {"drop-path", "0.1"}, {"clip-grad", "0"}};
  auto with = [&](std::vector<std::pair<std::string, std::string>> more) {
    more.insert(more.begin(), small.begin(), small.end());
    return more;
  };
  return {{"DinoMean", 0.075, with({{"method", "dino"}, {"centring", "mean"}})},
          {"DinoSinkhorn", 0.13,
           with({{"method", "dino"},
                 {"centring", "sinkhorn"},
                 {"bn-activation", "gelu"}})},
          {"Supervised", 0.036, with({{"method", "supervised"}})},
          {"ConvNeXt", 0.015,
           with({{"method", "supervised"}, {"family", "convnext"}})}};
}

/// What a step says about the loss and its gradients.
struct StepResult {
  double loss = NAN;
  std::map<std::string, Tensor> gradients; ///< times 1 - beta1
};

/// AdamW's first moment of a parameter.
bool isMoment(StringRef name) {
  return name.contains("exp_avg") && !name.contains("exp_avg_sq");
}

double squares(const Tensor &tensor) {
  double sum = 0;
  for (double value : tensor.values)
    sum += value * value;
  return sum;
}

class MixedPrecision : public testing::TestWithParam<StepCase> {
protected:
  void SetUp() override {
    DialectRegistry registry;
    registerDialects(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
    expanded = frontend::importModule(
        context, models::buildModule(
                     models::resolveOptions("micro", GetParam().settings)));
    ASSERT_TRUE(transform(*expanded, [](PassManager &manager) {
      buildStage(manager, Stage::Input);
      buildStage(manager, Stage::Differentiated);
    }));
  }

  bool transform(ModuleOp module, function_ref<void(PassManager &)> add) {
    PassManager manager(&context);
    add(manager);
    return succeeded(manager.run(module));
  }

  /// The step's kernels in mixed precision.
  OwningOpRef<ModuleOp> mixed(bool narrowActivations) {
    OwningOpRef<ModuleOp> module = expanded->clone();
    EXPECT_TRUE(transform(*module, [&](PassManager &manager) {
      manager.addNestedPass<func::FuncOp>(createMixedPrecision());
      manager.addPass(createCSEPass());
      manager.addNestedPass<func::FuncOp>(createFormKernels());
      // Every activation counts as large.
      if (narrowActivations)
        manager.addNestedPass<func::FuncOp>(
            createNarrowActivations({.minElements = 1}));
      manager.addPass(createCanonicalizerPass());
    }));
    return module;
  }

  StepResult run(ModuleOp module);

  MLIRContext context;
  OwningOpRef<ModuleOp> expanded;
};

StepResult MixedPrecision::run(ModuleOp module) {
  auto step = module.lookupSymbol<func::FuncOp>("step");
  std::vector<Tensor> arguments = drawArguments(step);
  // From a first moment of 0 AdamW's next one is a multiple of the gradient.
  for (auto [number, argument] : llvm::enumerate(arguments))
    if (isMoment(argumentName(step, number)))
      argument = Tensor(argument.shape);
  auto results = reference::interpret(step, arguments, {}, Narrowing::Rounded);
  EXPECT_TRUE(succeeded(results));
  StepResult result;
  for (auto [number, tensor] : llvm::enumerate(*results)) {
    auto nameOf = [&, number = number](StringRef kind) {
      auto name = step.getResultAttrOfType<StringAttr>(number, kind);
      return name ? name.getValue() : StringRef();
    };
    if (nameOf("bcssl.output") == "loss")
      result.loss = tensor[0];
    if (StringRef name = nameOf("bcssl.variable"); isMoment(name))
      result.gradients[name.str()] = tensor;
  }
  return result;
}

/// How far all gradients together are off, by their own length.
double gradientError(const StepResult &computed, const StepResult &exact) {
  double moved = 0, whole = 0;
  for (const auto &[name, gradient] : exact.gradients) {
    moved += squares(
        reference::map(computed.gradients.at(name), gradient, std::minus<>()));
    whole += squares(gradient);
  }
  return std::sqrt(moved / whole);
}

TEST_P(MixedPrecision, StaysCloseToTheModel) {
  StepResult exact = run(*expanded);
  ASSERT_FALSE(exact.gradients.empty());
  StepResult products = run(*mixed(/*narrowActivations=*/false));
  StepResult stored = run(*mixed(/*narrowActivations=*/true));
  EXPECT_NE(products.loss, exact.loss) << "nothing was rounded";
  EXPECT_NE(stored.loss, products.loss) << "nothing was stored in bf16";
  for (const StepResult *computed : {&products, &stored}) {
    EXPECT_LE(std::abs(computed->loss - exact.loss), 5e-3 * exact.loss);
    EXPECT_LE(gradientError(*computed, exact), GetParam().gradientBound);
  }
  // Products are what costs digits; memory adds little.
  EXPECT_LE(gradientError(stored, exact), 1.5 * gradientError(products, exact));
}

INSTANTIATE_TEST_SUITE_P(Steps, MixedPrecision, testing::ValuesIn(cases()),
                         [](const auto &info) { return info.param.name; });

} // namespace
} // namespace bcssl::test
