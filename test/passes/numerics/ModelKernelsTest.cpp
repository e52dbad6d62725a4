//===- ModelKernelsTest.cpp - kernels of training steps on the CPU --------===//

#include "passes/Driver.h"
#include "runtime/executable/Session.h"
#include "test/passes/numerics/Compare.h"
#include "test/passes/numerics/KernelCases.h"

#include <gtest/gtest.h>

namespace bcssl::test {
namespace {

/// Runs a sample on machine code and by the reference.
void compare(Session &session, const KernelCase &sample) {
  mlir::func::FuncOp function = sample.function;
  std::vector<std::vector<float>> floats(sample.arguments.size());
  std::vector<std::vector<int32_t>> integers(sample.arguments.size());
  std::vector<Input> inputs;
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    const std::vector<double> &values = sample.arguments[i].values;
    floats[i].assign(values.begin(), values.end());
    integers[i].assign(values.begin(), values.end());
    llvm::StringRef name =
        function.getArgAttrOfType<mlir::StringAttr>(i, "bcssl.input")
            .getValue();
    if (mlir::getElementTypeOrSelf(function.getArgumentTypes()[i]).isF32())
      inputs.push_back(Input(name, std::span<const float>(floats[i])));
    else
      inputs.push_back(Input(name, std::span<const int32_t>(integers[i])));
  }
  std::vector<Compared> results(function.getNumResults());
  std::vector<Output> outputs;
  auto reference = KernelCases::evaluate(sample);
  ASSERT_TRUE(succeeded(reference));
  for (unsigned i = 0; i < function.getNumResults(); ++i) {
    llvm::StringRef name =
        function.getResultAttrOfType<mlir::StringAttr>(i, "bcssl.output")
            .getValue();
    results[i] = {name.str(), std::vector<float>(reference->expected[i].size()),
                  reference->expected[i].values, reference->bounds[i].values};
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

class ModelKernels : public testing::TestWithParam<ModelCase> {};

TEST_P(ModelKernels, AreWithinTheBoundsOfRounding) {
  mlir::DialectRegistry registry;
  registerDialects(registry);
  mlir::MLIRContext context(registry);
  context.loadAllAvailableDialects();
  KernelCases cases(context, GetParam(), {});
  // The condition that freezes the last layer, and what it selects.
  EXPECT_LE(cases.withoutPorts(), 5);
  EXPECT_GT(cases.all().size(), 60u);
  CompileOptions options;
  options.from = Stage::Kernels;
  mlir::OwningOpRef<mlir::ModuleOp> module = cases.module().clone();
  mlir::FailureOr<std::string> bytes = compile(*module, options);
  ASSERT_TRUE(succeeded(bytes));
  auto *data = reinterpret_cast<const std::byte *>(bytes->data());
  auto executable = Executable::parse({data, data + bytes->size()}, "kernels");
  ASSERT_TRUE(executable) << executable.error().text();
  auto session = Session::open(*executable);
  ASSERT_TRUE(session) << session.error().text();
  for (const KernelCase &kernel : cases.all())
    compare(**session, kernel);
}

INSTANTIATE_TEST_SUITE_P(Steps, ModelKernels, testing::ValuesIn(modelCases()),
                         [](const auto &info) { return info.param.name; });

} // namespace
} // namespace bcssl::test
