//===- InterpreterTest.cpp - functions, kernels and integers --------------===//

#include "test/reference/Harness.h"

#include "mlir/IR/Diagnostics.h"

#include <gtest/gtest.h>
#include <limits>

using namespace bcssl::reference;

TEST(Interpreter, RunsKernelBodies) {
  Harness harness(R"(!x = tensor<2x3xf64>
    func.func @f(%a: !x, %b: tensor<3xf64>) -> (!x, tensor<3xf64>) {
      %0:2 = bcssl.kernel rowwise(%x = %a, %s = %b)
          : (!x, tensor<3xf64>) -> (!x, tensor<3xf64>) {
        %1 = bcssl.broadcast %s dims [1] : tensor<3xf64> -> !x
        %2 = arith.addf %x, %1 : !x
        %3 = bcssl.reduce_partial %2 rows(2) : !x -> tensor<1x3xf64>
        %4 = bcssl.reshape %3 : tensor<1x3xf64> -> tensor<3xf64>
        bcssl.yield %2, %4 : !x, tensor<3xf64>
      }
      return %0#0, %0#1 : !x, tensor<3xf64>
    })");
  std::vector<Tensor> results = harness.run(
      "f", {Tensor({2, 3}, {1, 2, 3, 4, 5, 6}), Tensor({3}, {10, 20, 30})});
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(results[0].values, (std::vector<double>{11, 22, 33, 14, 25, 36}));
  EXPECT_EQ(results[1].values, (std::vector<double>{25, 47, 69}));
}

TEST(Interpreter, RunsPackedContractions) {
  Harness harness(R"(
    func.func @f(%a: tensor<2x2xf64>, %b: tensor<3x2xf64>) -> tensor<2x3xf64> {
      %0 = bcssl.pack nt %b : tensor<3x2xf64> -> tensor<2x2x2xf64>
      %1 = bcssl.packed_contract %a, %0
        : tensor<2x2xf64>, tensor<2x2x2xf64> -> tensor<2x3xf64>
      return %1 : tensor<2x3xf64>
    })");
  std::vector<Tensor> results = harness.run(
      "f", {Tensor({2, 2}, {1, 2, 3, 4}), Tensor({3, 2}, {1, 0, 0, 1, 1, 1})});
  EXPECT_EQ(results.at(0).values, (std::vector<double>{1, 2, 3, 3, 4, 7}));
}

// Between 1 and 1 + 2^-7 there is no number in bf16; half way, the even one is
// taken. The smallest one above 0 is 2^-133, the largest 255 * 2^120.
TEST(Interpreter, RoundsToNearestWhereAsked) {
  Harness harness(R"(
    func.func @f(%a: tensor<6xf32>) -> tensor<6xf32> {
      %0 = arith.truncf %a : tensor<6xf32> to tensor<6xbf16>
      %1 = arith.extf %0 : tensor<6xbf16> to tensor<6xf32>
      return %1 : tensor<6xf32>
    })");
  Tensor argument({6}, {1 + 0x1p-8, 1 + 0x3p-8, -1 - 0x1p-8 - 0x1p-20, 0x1p-133,
                        0x1p-134, 255.75 * 0x1p120});
  EXPECT_EQ(harness.run("f", {argument}).at(0).values, argument.values);
  auto results =
      interpret(harness.function(), {argument}, {}, Narrowing::Rounded);
  ASSERT_TRUE(mlir::succeeded(results));
  double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(
      results->at(0).values,
      (std::vector<double>{1, 1 + 0x1p-6, -1 - 0x1p-7, 0x1p-133, 0, infinity}));
}

TEST(Interpreter, SelectsAndCompares) {
  Harness harness(R"(!x = tensor<3xf64>
    func.func @f(%a: !x) -> !x {
      %0 = arith.constant dense<[1.0, 2.0, 3.0]> : !x
      %1 = arith.cmpf ogt, %a, %0 : !x
      %2 = arith.negf %0 : !x
      %3 = arith.select %1, %a, %2 : tensor<3xi1>, !x
      return %3 : !x
    })");
  std::vector<Tensor> results = harness.run("f", {Tensor({3}, {5, 2, 9})});
  EXPECT_EQ(results.at(0).values, (std::vector<double>{5, -2, 9}));
}

TEST(Interpreter, WrapsIntegers) {
  Harness harness(R"(!x = tensor<2xi32>
    func.func @f(%a: !x) -> (!x, tensor<2xf64>) {
      %0 = arith.constant dense<1> : !x
      %1 = arith.addi %a, %0 : !x
      %2 = arith.uitofp %1 : !x to tensor<2xf64>
      return %1, %2 : !x, tensor<2xf64>
    })");
  std::vector<Tensor> results =
      harness.run("f", {Tensor({2}, {2147483647, 4})});
  EXPECT_EQ(results.at(0).values, (std::vector<double>{-2147483648.0, 5}));
  EXPECT_EQ(results.at(1).values, (std::vector<double>{2147483648.0, 5}));
}

TEST(Interpreter, NamesAnOperationWithoutReference) {
  Harness harness(R"(
    func.func @f(%a: tensor<2xf64>) -> tensor<2xf64> {
      %0 = math.sin %a : tensor<2xf64>
      return %0 : tensor<2xf64>
    })");
  std::string message;
  mlir::ScopedDiagnosticHandler handler(harness.getModule().getContext(),
                                        [&](mlir::Diagnostic &diagnostic) {
                                          message = diagnostic.str();
                                          return mlir::success();
                                        });
  EXPECT_TRUE(mlir::failed(interpret(harness.function(), {Tensor({2})})));
  EXPECT_EQ(message, "'math.sin' op has no reference implementation");
}

TEST(Interpreter, ChecksArguments) {
  Harness harness(R"(func.func @f(%a: tensor<2xf64>) { return })");
  mlir::ScopedDiagnosticHandler quiet(
      harness.getModule().getContext(),
      [](mlir::Diagnostic &) { return mlir::success(); });
  EXPECT_TRUE(mlir::failed(interpret(harness.function(), {Tensor({3})})));
  EXPECT_TRUE(mlir::failed(interpret(harness.function(), {})));
}
