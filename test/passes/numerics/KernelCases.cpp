//===- KernelCases.cpp - kernels alone, with operands and results ---------===//

#include "test/passes/numerics/KernelCases.h"

#include "frontend/Import.h"
#include "models/Zoo.h"
#include "passes/Driver.h"
#include "test/passes/numerics/ModelArguments.h"
#include "test/reference/ErrorBound.h"
#include "test/reference/Interpreter.h"

#include "mlir/IR/IRMapping.h"
#include "mlir/Parser/Parser.h"

using namespace mlir;

namespace bcssl::test {

using reference::Tensor;

std::vector<ModelCase> modelCases() {
  std::vector<std::pair<std::string, std::string>> small = {
      {"dims", "17,24,33"}, {"depths", "1,1,1"},   {"patch", "2"},
      {"kernel", "9"},      {"in-channels", "1"},  {"image", "16"},
      {"local-image", "8"}, {"local-crops", "2"},  {"batch", "3"},
      {"out-dim", "40"},    {"hidden", "20"},      {"bottleneck", "10"},
      {"classes", "7"},     {"drop-path", "0.25"}, {"clip-grad", "0.05"}};
  auto with = [&](std::vector<std::pair<std::string, std::string>> more) {
    more.insert(more.begin(), small.begin(), small.end());
    return more;
  };
  return {
      {"DinoMean", with({{"centring", "mean"}, {"method", "dino"}})},
      {"DinoSinkhornGelu", with({{"centring", "sinkhorn"},
                                 {"bn-activation", "gelu"},
                                 {"norm-last-layer", "false"},
                                 {"teacher-drop-path", "true"},
                                 {"optimizer", "sgd"}})},
      {"SupervisedRelu", with({{"method", "supervised"},
                               {"bn-activation", "relu"},
                               {"smoothing", "0.1"},
                               {"kernel", "3"},
                               {"optimizer", "lars"}})},
      {"ConvNeXt", with({{"family", "convnext"},
                         {"method", "supervised"},
                         {"clip-grad", "0"},
                         {"dims", "16,32,48"}})},
  };
}

namespace {

/// Truth values have no port in an artifact.
bool hasPorts(KernelOp kernel) {
  auto isPort = [](Type type) {
    return !getElementTypeOrSelf(type).isInteger(1);
  };
  return llvm::all_of(kernel->getOperandTypes(), isPort) &&
         llvm::all_of(kernel->getResultTypes(), isPort);
}

/// Gives the ports of a program their names: "i0", "i1", ..., "o0", ...
void namePorts(func::FuncOp function) {
  Builder builder(function.getContext());
  for (unsigned i = 0; i < function.getNumArguments(); ++i)
    function.setArgAttr(i, "bcssl.input",
                        builder.getStringAttr("i" + std::to_string(i)));
  for (unsigned i = 0; i < function.getNumResults(); ++i)
    function.setResultAttr(i, "bcssl.output",
                           builder.getStringAttr("o" + std::to_string(i)));
}

} // namespace

KernelCases::KernelCases(MLIRContext &context,
                         const std::vector<CoveringCase> &written) {
  alone = ModuleOp::create(UnknownLoc::get(&context));
  for (const CoveringCase &one : written) {
    auto module = parseSourceString<ModuleOp>(one.text, &context);
    func::FuncOp function;
    if (module)
      function = module->lookupSymbol<func::FuncOp>("f");
    if (!function) {
      llvm::errs() << "no function @f in case " << one.name << "\n";
      cases.clear();
      return;
    }
    function->remove();
    function.setName(one.name);
    alone->push_back(function);
    namePorts(function);
    cases.push_back({function, drawArguments(function)});
  }
}

KernelCases::KernelCases(MLIRContext &context, const ModelCase &model,
                         const Target &target,
                         const KernelFormation &formation) {
  models::Options options = models::resolveOptions("micro", model.settings);
  OwningOpRef<ModuleOp> module =
      frontend::importModule(context, models::buildModule(options));
  PassManager manager(&context);
  for (Stage stage : {Stage::Input, Stage::Differentiated, Stage::Expanded})
    buildStage(manager, stage, formation, target);
  alone = ModuleOp::create(UnknownLoc::get(&context));
  if (failed(manager.run(*module)))
    return;
  auto step = module->lookupSymbol<func::FuncOp>("step");
  auto results = reference::interpret(
      step, drawArguments(step),
      [&](KernelOp kernel, ArrayRef<Tensor> operands) {
        std::string text;
        llvm::raw_string_ostream stream(text);
        kernel->print(stream, OpPrintingFlags().useLocalScope());
        if (!seen.insert(text).second)
          return;
        if (hasPorts(kernel))
          add(kernel, operands);
        else
          ++left;
      });
  if (failed(results))
    cases.clear();
}

void KernelCases::add(KernelOp kernel, ArrayRef<Tensor> operands) {
  OpBuilder builder(kernel.getContext());
  builder.setInsertionPointToEnd(alone->getBody());
  auto type = builder.getFunctionType(kernel->getOperandTypes(),
                                      kernel->getResultTypes());
  auto function = func::FuncOp::create(
      builder, kernel.getLoc(), "kernel" + std::to_string(cases.size()), type);
  Block *entry = function.addEntryBlock();
  builder.setInsertionPointToStart(entry);
  IRMapping mapping;
  mapping.map(kernel.getInputs(), entry->getArguments());
  Operation *copy = builder.clone(*kernel, mapping);
  func::ReturnOp::create(builder, kernel.getLoc(), copy->getResults());
  namePorts(function);
  // Between kernels values are stored in the type of their tensor.
  KernelCase sample{function, {operands.begin(), operands.end()}};
  for (auto [tensor, operand] :
       llvm::zip_equal(sample.arguments, kernel->getOperandTypes()))
    for (double &value : tensor.values)
      value = roundToElement(value, operand);
  cases.push_back(std::move(sample));
}

FailureOr<KernelResults> KernelCases::evaluate(const KernelCase &kernel) {
  auto expected = reference::interpret(kernel.function, kernel.arguments);
  auto bounds = reference::boundErrors(kernel.function, kernel.arguments);
  if (failed(expected) || failed(bounds))
    return failure();
  return KernelResults{std::move(*expected), std::move(*bounds)};
}

} // namespace bcssl::test
