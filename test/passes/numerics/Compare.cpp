//===- Compare.cpp - compiled programs against the reference --------------===//

#include "test/passes/numerics/Compare.h"

#include "passes/Driver.h"
#include "passes/fusion/Passes.h"
#include "runtime/base/Philox.h"
#include "runtime/executable/Session.h"
#include "test/reference/ErrorBound.h"

#include "mlir/Parser/Parser.h"

#include <algorithm>
#include <cmath>
#include <cstring>

using namespace mlir;

namespace bcssl::test {
namespace {

/// Named values of one program, f32 or i32, by argument or result attribute.
struct Values {
  std::map<std::string, std::vector<float>> floats;
  std::map<std::string, std::vector<int32_t>> integers;
};

std::string nameOfArgument(func::FuncOp function, unsigned number) {
  for (const char *kind : {"bcssl.input", "bcssl.variable"})
    if (auto name = function.getArgAttrOfType<StringAttr>(number, kind))
      return name.str();
  return "";
}

std::vector<reference::Tensor>
drawArguments(func::FuncOp function, const CompareOptions &options,
              const std::map<std::string, std::pair<double, double>> &ranges,
              Values &values) {
  std::vector<reference::Tensor> arguments;
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    std::string name = nameOfArgument(function, i);
    auto type = cast<RankedTensorType>(function.getArgumentTypes()[i]);
    reference::Tensor tensor(reference::shapeOf(type));
    Philox random(options.seed, /*stream=*/i);
    auto range = ranges.find(name);
    auto [low, high] =
        range == ranges.end() ? std::pair{-1.0, 1.0} : range->second;
    for (double &value : tensor.values) {
      float drawn =
          random.uniform(static_cast<float>(low), static_cast<float>(high));
      if (type.getElementType().isInteger(32)) {
        value = std::floor(drawn);
        values.integers[name].push_back(static_cast<int32_t>(value));
      } else {
        value = drawn;
        values.floats[name].push_back(drawn);
      }
    }
    arguments.push_back(std::move(tensor));
  }
  return arguments;
}

FailureOr<std::string> compileText(ModuleOp module,
                                   const CompareOptions &options) {
  CompileOptions compileOptions;
  compileOptions.targets = {options.target};
  // Expanded by the usual stages, kernels formed as asked for.
  PassManager manager(module.getContext());
  if (options.stage == "input") {
    buildStage(manager, Stage::Input);
    buildStage(manager, Stage::Differentiated);
  }
  buildStage(manager, Stage::Expanded,
             KernelFormation{options.fuse, options.recompute});
  if (failed(manager.run(module)))
    return failure();
  compileOptions.from = Stage::Kernels;
  return compile(module, compileOptions);
}

Status runCompiled(const std::string &bytes, func::FuncOp function,
                   const CompareOptions &options, Values &values,
                   std::vector<Compared> &results) {
  auto *data = reinterpret_cast<const std::byte *>(bytes.data());
  BCSSL_ASSIGN_OR_RETURN(
      executable, Executable::parse({data, data + bytes.size()}, "test"));
  SessionOptions sessionOptions;
  sessionOptions.threads = options.threads;
  BCSSL_ASSIGN_OR_RETURN(session, Session::open(executable, sessionOptions));
  std::vector<Input> inputs;
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    std::string name = nameOfArgument(function, i);
    if (auto variable =
            function.getArgAttrOfType<StringAttr>(i, "bcssl.variable")) {
      BCSSL_RETURN_IF_ERROR(session->writeVariable(
          name, std::as_bytes(std::span(values.floats[name]))));
      continue;
    }
    // Names live in the attributes, values in the maps.
    std::string_view port =
        function.getArgAttrOfType<StringAttr>(i, "bcssl.input").getValue();
    if (auto found = values.integers.find(name); found != values.integers.end())
      inputs.push_back(Input(port, std::span<const int32_t>(found->second)));
    else
      inputs.push_back(
          Input(port, std::span<const float>(values.floats[name])));
  }
  std::vector<Output> outputs;
  for (unsigned i = 0; i < function.getNumResults(); ++i) {
    auto type = cast<RankedTensorType>(function.getResultTypes()[i]);
    results[i].computed.resize(type.getNumElements());
    if (auto name = function.getResultAttrOfType<StringAttr>(i, "bcssl.output"))
      outputs.push_back(
          Output(name.getValue(), std::span<float>(results[i].computed)));
  }
  BCSSL_RETURN_IF_ERROR(session->run("f", inputs, outputs));
  for (unsigned i = 0; i < function.getNumResults(); ++i)
    if (auto name =
            function.getResultAttrOfType<StringAttr>(i, "bcssl.variable")) {
      BCSSL_ASSIGN_OR_RETURN(
          bytes, session->readVariable(std::string_view(name.getValue())));
      std::memcpy(results[i].computed.data(), bytes.data(), bytes.size());
    }
  return {};
}

} // namespace

double Compared::excess() const {
  double largest = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    double distance = std::abs(computed[i] - expected[i]);
    // A comparison with NaN is false: count it as infinitely wrong.
    if (std::isnan(distance))
      return INFINITY;
    if (distance > 0)
      largest = std::max(largest, distance / bounds[i]);
  }
  return largest;
}

double Compared::tolerance() const {
  std::vector<double> sorted = bounds;
  auto median = sorted.begin() + sorted.size() / 2;
  std::nth_element(sorted.begin(), median, sorted.end());
  double largest = 1e-2; // a result that is zero has a scale too
  for (double value : expected)
    largest = std::max(largest, std::abs(value));
  return *median / largest;
}

std::vector<Compared>
compareProgram(const std::string &text, const CompareOptions &options,
               const std::map<std::string, std::pair<double, double>> &ranges) {
  DialectRegistry registry;
  registerDialects(registry);
  MLIRContext context(registry);
  context.loadAllAvailableDialects();
  auto module = parseSourceString<ModuleOp>(text, &context);
  if (!module)
    return {};
  OwningOpRef<ModuleOp> original = module->clone();
  // The interpreter wants gradients written out.
  PassManager manager(&context);
  if (options.stage == "input")
    buildStage(manager, Stage::Input);
  if (failed(manager.run(*original)))
    return {};
  auto function = original->lookupSymbol<func::FuncOp>("f");
  Values values;
  auto arguments = drawArguments(function, options, ranges, values);
  auto expected = reference::interpret(function, arguments);
  // Rounding happens in the operations that coarse ones are written with.
  PassManager expansion(&context);
  buildStage(expansion, Stage::Differentiated);
  if (failed(expansion.run(*original)))
    return {};
  auto bounds = reference::boundErrors(function, arguments);
  FailureOr<std::string> bytes = compileText(*module, options);
  if (failed(expected) || failed(bounds) || failed(bytes))
    return {};
  std::vector<Compared> results(function.getNumResults());
  for (unsigned i = 0; i < function.getNumResults(); ++i) {
    for (const char *kind : {"bcssl.output", "bcssl.variable"})
      if (auto name = function.getResultAttrOfType<StringAttr>(i, kind))
        results[i].name = name.str();
    results[i].expected = (*expected)[i].values;
    results[i].bounds = (*bounds)[i].values;
  }
  if (Status status = runCompiled(*bytes, function, options, values, results);
      !status) {
    llvm::errs() << status.error().text() << "\n";
    return {};
  }
  return results;
}

} // namespace bcssl::test
