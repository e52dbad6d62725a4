//===- ImportModelsTest.cpp - every model verifies as MLIR ----------------===//

#include "frontend/Import.h"
#include "frontend/Print.h"
#include "models/Zoo.h"

#include "mlir/IR/OperationSupport.h"
#include "mlir/Parser/Parser.h"

#include <gtest/gtest.h>

#include <sstream>

using namespace bcssl::models;

namespace {

std::string textOf(mlir::ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream out(text);
  module->print(out, mlir::OpPrintingFlags().enableDebugInfo());
  return text;
}

/// Imports the model, and reads its printed text back to the same module.
void expectImports(const Options &options) {
  Graph graph = buildModule(options);
  mlir::MLIRContext context;
  auto imported = bcssl::frontend::importModule(context, graph);
  ASSERT_TRUE(imported);
  std::ostringstream printed;
  bcssl::frontend::printMlir(printed, graph);
  auto parsed =
      mlir::parseSourceString<mlir::ModuleOp>(printed.str(), &context);
  ASSERT_TRUE(parsed);
  // The module's own location is the text's, which has no name.
  parsed.get()->setLoc(imported.get()->getLoc());
  EXPECT_TRUE(textOf(*imported) == textOf(*parsed));
}

} // namespace

TEST(ImportModelsTest, EveryModelAndMethod) {
  for (const std::string &model : modelNames())
    for (Method method : {Method::Dino, Method::Supervised, Method::Features}) {
      SCOPED_TRACE(model);
      expectImports(defaultsFor(model, method));
    }
}

TEST(ImportModelsTest, EverySwitch) {
  const std::pair<const char *, const char *> switches[] = {
      {"kernel", "61"},          {"kernel", "1"},
      {"bn-activation", "relu"}, {"bn-activation", "gelu"},
      {"drop-path", "0.3"},      {"teacher-drop-path", "true"},
      {"centring", "mean"},      {"centring", "sinkhorn"},
      {"optimizer", "sgd"},      {"optimizer", "lars"},
      {"norm-last-layer", "0"},  {"local-crops", "0"},
      {"eval-batch", "7"},       {"eval-image", "48"},
      {"clip-grad", "0"},        {"dims", "5,7,9"}};
  for (auto [name, value] : switches) {
    SCOPED_TRACE(name);
    Options options = defaultsFor("micro");
    setOption(options, name, value);
    expectImports(options);
  }
}
