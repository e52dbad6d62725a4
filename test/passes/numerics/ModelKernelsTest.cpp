//===- ModelKernelsTest.cpp - every kernel of whole training steps --------===//
//
// Kernels as the compiler forms them, forward and backward, from the models
// that it is made for: each different kernel of a step becomes a program of its
// own, is compiled, and runs on the operands that it has in the step. Errors of
// one kernel are not hidden by those before it, and none is left out because
// nobody thought of it.
//
//===----------------------------------------------------------------------===//

#include "frontend/Import.h"
#include "models/Zoo.h"
#include "passes/Driver.h"
#include "runtime/base/Philox.h"
#include "runtime/executable/Session.h"
#include "test/passes/numerics/Compare.h"
#include "test/reference/ErrorBound.h"

#include "dialects/bcssl/Bcssl.h"

#include "mlir/IR/IRMapping.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

using namespace mlir;

namespace bcssl::test {
namespace {

using reference::Tensor;

struct ModelCase {
  const char *name;
  std::vector<std::pair<std::string, std::string>> settings;
};

/// Odd channels, kernels larger than every map, one image a class.
std::vector<ModelCase> cases() {
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

/// Where the values of an argument lie: near what they are in training.
std::pair<double, double> rangeOf(StringRef name) {
  static constexpr std::tuple<const char *, double, double> ranges[] = {
      {"running_var", 0.5, 2},
      {"exp_avg_sq", 1e-6, 1e-3},
      {"num_batches_tracked", 3, 3},
      {"optimizer.step", 30, 30},
      {"exp_avg", -0.01, 0.01},
      {"learning_rate", 1e-3, 1e-3},
      {"weight_decay", 0.04, 0.04},
      {"momentum", 0.99, 0.99},
      {"temperature", 0.05, 0.05},
      {"active", 1, 1},
      {"random_state", 0, 1000},
      {"labels", 0, 7},
      {"images", -2, 2},
      {"gamma", 0.5, 1.5},
      {"norm.weight", 0.5, 1.5},
      {"bn.weight", 0.5, 1.5}};
  for (auto [part, low, high] : ranges)
    if (name.contains(part))
      return {low, high};
  return {-0.4, 0.4};
}

double roundToElement(double value, Type type) {
  return getElementTypeOrSelf(type).isF32() ? static_cast<float>(value)
                                            : std::floor(value);
}

std::vector<Tensor> drawArguments(func::FuncOp function) {
  std::vector<Tensor> arguments;
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    StringAttr name = function.getArgAttrOfType<StringAttr>(i, "bcssl.input");
    if (!name)
      name = function.getArgAttrOfType<StringAttr>(i, "bcssl.variable");
    Type type = function.getArgumentTypes()[i];
    auto [low, high] = rangeOf(name.getValue());
    Philox random(/*seed=*/7, /*stream=*/i);
    Tensor tensor(reference::shapeOf(type));
    for (double &value : tensor.values)
      value =
          roundToElement(low == high ? low : random.uniform(low, high), type);
    arguments.push_back(std::move(tensor));
  }
  return arguments;
}

/// Truth values have no port in an artifact.
bool hasPorts(KernelOp kernel) {
  auto isPort = [](Type type) {
    return !getElementTypeOrSelf(type).isInteger(1);
  };
  return llvm::all_of(kernel->getOperandTypes(), isPort) &&
         llvm::all_of(kernel->getResultTypes(), isPort);
}

/// A program that is one kernel, and what it is run on.
struct Sample {
  func::FuncOp function;
  std::vector<Tensor> arguments;
};

class ModelKernels : public testing::TestWithParam<ModelCase> {
protected:
  void SetUp() override;
  void collect(func::FuncOp step);
  void addSample(KernelOp kernel, ArrayRef<Tensor> operands);
  void compare(Session &session, const Sample &sample);

  MLIRContext context;
  OwningOpRef<ModuleOp> alone;
  std::vector<Sample> samples;
  std::set<std::string> seen;
  int withoutPorts = 0;
};

void ModelKernels::SetUp() {
  DialectRegistry registry;
  registerDialects(registry);
  context.appendDialectRegistry(registry);
  context.loadAllAvailableDialects();
  models::Options options =
      models::resolveOptions("micro", GetParam().settings);
  OwningOpRef<ModuleOp> module =
      frontend::importModule(context, models::buildModule(options));
  PassManager manager(&context);
  for (Stage stage : {Stage::Input, Stage::Differentiated, Stage::Expanded})
    buildStage(manager, stage);
  ASSERT_TRUE(succeeded(manager.run(*module)));
  alone = ModuleOp::create(UnknownLoc::get(&context));
  collect(module->lookupSymbol<func::FuncOp>("step"));
}

void ModelKernels::collect(func::FuncOp step) {
  auto results = reference::interpret(
      step, drawArguments(step),
      [&](KernelOp kernel, ArrayRef<Tensor> operands) {
        std::string text;
        llvm::raw_string_ostream stream(text);
        kernel->print(stream, OpPrintingFlags().useLocalScope());
        if (!seen.insert(text).second)
          return;
        if (hasPorts(kernel))
          addSample(kernel, operands);
        else
          ++withoutPorts;
      });
  ASSERT_TRUE(succeeded(results));
}

void ModelKernels::addSample(KernelOp kernel, ArrayRef<Tensor> operands) {
  OpBuilder builder(&context);
  builder.setInsertionPointToEnd(alone->getBody());
  auto type = builder.getFunctionType(kernel->getOperandTypes(),
                                      kernel->getResultTypes());
  auto function =
      func::FuncOp::create(builder, kernel.getLoc(),
                           "kernel" + std::to_string(samples.size()), type);
  Block *entry = function.addEntryBlock();
  builder.setInsertionPointToStart(entry);
  IRMapping mapping;
  mapping.map(kernel.getInputs(), entry->getArguments());
  Operation *copy = builder.clone(*kernel, mapping);
  func::ReturnOp::create(builder, kernel.getLoc(), copy->getResults());
  for (unsigned i = 0; i < function.getNumArguments(); ++i)
    function.setArgAttr(i, "bcssl.input",
                        builder.getStringAttr("i" + std::to_string(i)));
  for (unsigned i = 0; i < function.getNumResults(); ++i)
    function.setResultAttr(i, "bcssl.output",
                           builder.getStringAttr("o" + std::to_string(i)));
  // Between kernels values are stored in the type of their tensor.
  Sample sample{function, {operands.begin(), operands.end()}};
  for (auto [tensor, operand] :
       llvm::zip_equal(sample.arguments, kernel->getOperandTypes()))
    for (double &value : tensor.values)
      value = roundToElement(value, operand);
  samples.push_back(std::move(sample));
}

/// Runs a sample on machine code and by the reference.
void ModelKernels::compare(Session &session, const Sample &sample) {
  func::FuncOp function = sample.function;
  std::vector<std::vector<float>> floats(sample.arguments.size());
  std::vector<std::vector<int32_t>> integers(sample.arguments.size());
  std::vector<Input> inputs;
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    const std::vector<double> &values = sample.arguments[i].values;
    floats[i].assign(values.begin(), values.end());
    integers[i].assign(values.begin(), values.end());
    StringRef name =
        function.getArgAttrOfType<StringAttr>(i, "bcssl.input").getValue();
    if (getElementTypeOrSelf(function.getArgumentTypes()[i]).isF32())
      inputs.push_back(Input(name, std::span<const float>(floats[i])));
    else
      inputs.push_back(Input(name, std::span<const int32_t>(integers[i])));
  }
  std::vector<Compared> results(function.getNumResults());
  std::vector<Output> outputs;
  auto expected = reference::interpret(function, sample.arguments);
  auto bounds = reference::boundErrors(function, sample.arguments);
  ASSERT_TRUE(succeeded(expected) && succeeded(bounds));
  for (unsigned i = 0; i < function.getNumResults(); ++i) {
    StringRef name =
        function.getResultAttrOfType<StringAttr>(i, "bcssl.output").getValue();
    results[i] = {name.str(), std::vector<float>((*expected)[i].size()),
                  (*expected)[i].values, (*bounds)[i].values};
    outputs.push_back(Output(name, std::span<float>(results[i].computed)));
  }
  Status status = session.run(function.getName().str(), inputs, outputs);
  ASSERT_TRUE(status) << status.error().text();
  for (const Compared &result : results) {
    EXPECT_LE(result.tolerance(), 5e-3);
    if (result.excess() <= 1)
      continue;
    std::string text;
    llvm::raw_string_ostream stream(text);
    function.print(stream);
    ADD_FAILURE() << result.name << " is off by " << result.excess()
                  << " times its bound in\n"
                  << text;
  }
}

TEST_P(ModelKernels, AreWithinTheBoundsOfRounding) {
  // The condition that freezes the last layer, and what it selects.
  EXPECT_LE(withoutPorts, 5);
  EXPECT_GT(samples.size(), 60u);
  CompileOptions options;
  options.from = Stage::Kernels;
  OwningOpRef<ModuleOp> module = alone->clone();
  FailureOr<std::string> bytes = compile(*module, options);
  ASSERT_TRUE(succeeded(bytes));
  auto *data = reinterpret_cast<const std::byte *>(bytes->data());
  auto executable = Executable::parse({data, data + bytes->size()}, "kernels");
  ASSERT_TRUE(executable) << executable.error().text();
  auto session = Session::open(*executable);
  ASSERT_TRUE(session) << session.error().text();
  for (const Sample &sample : samples)
    compare(**session, sample);
}

INSTANTIATE_TEST_SUITE_P(Steps, ModelKernels, testing::ValuesIn(cases()),
                         [](const auto &info) { return info.param.name; });

} // namespace
} // namespace bcssl::test
