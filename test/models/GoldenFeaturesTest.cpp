//===- GoldenFeaturesTest.cpp - features as PyTorch computes them ---------===//

#include "frontend/Import.h"
#include "models/Zoo.h"
#include "test/models/GoldenFile.h"
#include "test/reference/Interpreter.h"

#include <gtest/gtest.h>

using namespace bcssl;
using bcssl::models::BnActivation;
using bcssl::models::Family;
using bcssl::models::Method;

namespace {

/// The features of the golden images by the program `features`, in float64.
/// The golden weights' names begin with `prefix`.
reference::Tensor featuresOf(const models::Options &options,
                             const GoldenFile &golden,
                             const std::string &prefix) {
  frontend::Graph graph = models::buildModule(options);
  mlir::MLIRContext context;
  auto module = frontend::importModule(context, graph);
  std::vector<reference::Tensor> arguments;
  for (const frontend::Port &port :
       graph.findProcedure("features")->arguments) {
    if (!port.isVariable) {
      arguments.push_back(golden[port.name]);
      continue;
    }
    std::string published =
        prefix + port.name.substr(std::string("teacher.backbone.").size());
    arguments.push_back(
        storedForm(*graph.findVariable(port.name), golden[published]));
  }
  auto function = module->lookupSymbol<mlir::func::FuncOp>("features");
  auto results = reference::interpret(function, arguments);
  if (mlir::failed(results))
    throw std::runtime_error("the program cannot be interpreted");
  return results->front();
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
  GoldenFile golden("features.safetensors");
  models::Options options = goldenOptions();
  const std::pair<const char *, BnActivation> cases[] = {
      {"none", BnActivation::None},
      {"relu", BnActivation::Relu},
      {"gelu", BnActivation::Gelu}};
  for (auto [name, activation] : cases) {
    options.bnActivation = activation;
    EXPECT_LT(relativeDistance(featuresOf(options, golden, "model."),
                               golden[std::string("features.") + name]),
              1e-12)
        << name;
  }
}

TEST(GoldenFeaturesTest, ConvNeXt) {
  GoldenFile golden("features.safetensors");
  models::Options options = goldenOptions();
  options.family = Family::ConvNeXt;
  options.kernel = 7;
  EXPECT_LT(relativeDistance(featuresOf(options, golden, "convnext."),
                             golden["features.convnext"]),
            1e-12);
}
