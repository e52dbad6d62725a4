//===- GoldenFeaturesTest.cpp - features as PyTorch computes them ---------===//

#include "frontend/Import.h"
#include "models/Zoo.h"
#include "test/models/CompiledModule.h"
#include "test/models/GoldenFile.h"
#include "test/reference/Interpreter.h"

#include <gtest/gtest.h>

using namespace bcssl;
using bcssl::models::BnActivation;
using bcssl::models::Family;
using bcssl::models::Method;

namespace {

/// The largest relative errors: the interpreter computes in float64 without
/// folding BatchNorm, machine code in float32 with it.
constexpr double kInterpreted = 1e-12, kCompiled = 1e-6;

/// Compares the features of the golden images by the program `features` with
/// the tensor "features.NAME". The golden weights' names begin with `prefix`.
void check(const models::Options &options, const std::string &prefix,
           const std::string &name) {
  GoldenFile golden("features.safetensors");
  frontend::Graph graph = models::buildModule(options);
  mlir::MLIRContext context;
  auto module = frontend::importModule(context, graph);
  const frontend::Procedure &features = *graph.findProcedure("features");
  std::vector<reference::Tensor> arguments;
  for (const frontend::Port &port : features.arguments) {
    if (!port.isVariable) {
      arguments.push_back(golden[port.name]);
      continue;
    }
    std::string published =
        prefix + port.name.substr(std::string("teacher.backbone.").size());
    arguments.push_back(
        storedForm(*graph.findVariable(port.name), golden[published]));
  }
  const reference::Tensor &expected = golden["features." + name];
  auto interpreted = reference::interpret(
      module->lookupSymbol<mlir::func::FuncOp>("features"), arguments);
  ASSERT_TRUE(mlir::succeeded(interpreted));
  EXPECT_LT(relativeDistance(interpreted->front(), expected), kInterpreted)
      << name;
  CompiledModule compiled(*module);
  EXPECT_LT(
      relativeDistance(compiled.run(features, arguments).front(), expected),
      kCompiled)
      << name;
}

models::Options goldenOptions() {
  models::Options options = models::defaultsFor("bcssl-tiny", Method::Features);
  options.dims = {8, 12, 16, 24};
  options.depths = {1, 1, 2, 1};
  options.batch = 3;
  options.image = 32;
  return options;
}

} // namespace

TEST(GoldenFeaturesTest, Bcssl) {
  models::Options options = goldenOptions();
  const std::pair<const char *, BnActivation> cases[] = {
      {"none", BnActivation::None},
      {"relu", BnActivation::Relu},
      {"gelu", BnActivation::Gelu}};
  for (auto [name, activation] : cases) {
    options.bnActivation = activation;
    check(options, "model.", name);
  }
}

TEST(GoldenFeaturesTest, ConvNeXt) {
  models::Options options = goldenOptions();
  options.family = Family::ConvNeXt;
  options.kernel = 7;
  check(options, "convnext.", "convnext");
}
