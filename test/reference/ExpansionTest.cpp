//===- ExpansionTest.cpp - expansions against coarse operations -----------===//

#include "test/reference/Harness.h"
#include "test/reference/Programs.h"

#include "dialects/bcssl/Bcssl.h"

#include <gtest/gtest.h>
#include <set>

using namespace bcssl::reference;

namespace {

class Expansion : public testing::TestWithParam<Program> {};

/// The names of all operations in `programs`.
std::set<std::string> operationNames(const std::vector<Program> &programs) {
  std::set<std::string> names;
  for (const Program &program : programs) {
    Harness harness(program.text);
    harness.getModule().walk([&](mlir::Operation *op) {
      names.insert(op->getName().getStringRef().str());
    });
  }
  return names;
}

/// Fails for each operation with `Interface` that no program holds.
template <typename Interface>
void expectAllCovered(const std::vector<Program> &programs) {
  std::set<std::string> names = operationNames(programs);
  mlir::MLIRContext context;
  context.loadDialect<bcssl::BcsslDialect>();
  for (mlir::RegisteredOperationName name :
       context.getRegisteredOperationsByDialect("bcssl")) {
    if (name.hasInterface<Interface>()) {
      EXPECT_TRUE(names.count(name.getStringRef().str()))
          << "no program tests " << name.getStringRef().str();
    }
  }
}

} // namespace

TEST_P(Expansion, KeepsTheValue) {
  Harness harness(GetParam().text);
  ASSERT_TRUE(harness.parsed());
  std::vector<Tensor> arguments =
      randomArguments(harness.function(), /*seed=*/2);
  std::vector<Tensor> coarse = harness.run("f", arguments);
  ASSERT_TRUE(harness.runPasses("bcssl-expand"));
  harness.getModule().walk([](bcssl::ExpandableInterface op) {
    ADD_FAILURE() << op->getName().getStringRef().str() << " is left";
  });
  std::vector<Tensor> expanded = harness.run("f", arguments);
  ASSERT_EQ(expanded.size(), coarse.size());
  for (size_t i = 0; i < coarse.size(); ++i)
    expectClose(expanded[i], coarse[i], 1e-12, "result " + std::to_string(i));
}

INSTANTIATE_TEST_SUITE_P(, Expansion, testing::ValuesIn(allPrograms()),
                         [](const auto &info) { return info.param.name; });

TEST(FoldBatchNorm, KeepsTheValue) {
  Harness harness(R"(!x = tensor<2x4x3x5xf64> !k = tensor<3x3x5xf64>
    !c = tensor<5xf64>
    func.func @f(%x: !x, %k: !k, %m: !c,
                 %v: !c {test.range = array<f64: 0.5, 2.0>}, %g: !c, %b: !c)
        -> !x {
      %0 = bcssl.depthwise_conv2d %x, %k : !x, !k -> !x
      %1 = bcssl.batch_norm %0, %m, %v, %g, %b epsilon(1.0e-5)
        : !x, !c, !c, !c, !c -> !x
      return %1 : !x
    })");
  ASSERT_TRUE(harness.parsed());
  std::vector<Tensor> arguments =
      randomArguments(harness.function(), /*seed=*/4);
  std::vector<Tensor> before = harness.run("f", arguments);
  ASSERT_TRUE(harness.runPasses("bcssl-fold-batch-norm"));
  harness.getModule().walk(
      [](bcssl::BatchNormOp) { ADD_FAILURE() << "batch_norm is left"; });
  std::vector<Tensor> after = harness.run("f", arguments);
  ASSERT_EQ(after.size(), 1u);
  expectClose(after[0], before[0], 1e-12, "folded");
}

// Of a constant channel rounding may leave less than nothing, and the inverse
// root of that is no number.
TEST(BatchMoments, VarianceIsNeverNegative) {
  Harness harness(R"(!s = tensor<f64> !c = tensor<1xf64>
    func.func @f(%n: !s, %s: !c, %q: !c, %shift: !c) -> !c {
      %m, %v = bcssl.batch_moments %n, %s, %q, %shift
        : !s, !c, !c, !c -> !c, !c
      return %v : !c
    })");
  ASSERT_TRUE(harness.runPasses("bcssl-expand"));
  std::vector<Tensor> results =
      harness.run("f", {Tensor({}, 2), Tensor({1}, 2), Tensor({1}, 1.9999999),
                        Tensor({1})});
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(results[0][0], 0);
}

TEST(Coverage, EveryExpansionHasAProgram) {
  expectAllCovered<bcssl::ExpandableInterface>(allPrograms());
}

TEST(Coverage, EveryGradientHasAProgram) {
  std::vector<Program> programs = differentiablePrograms();
  // Tested by itself: difference quotients see through it.
  programs.push_back({"stop_gradient", R"(func.func @f(%x: tensor<f64>) {
    %0 = bcssl.stop_gradient %x : tensor<f64>
    return
  })"});
  expectAllCovered<bcssl::DifferentiableInterface>(programs);
}
