//===- Harness.cpp - loads, transforms and feeds test programs ------------===//

#include "test/reference/Harness.h"

#include "dialects/bcssl/Bcssl.h"
#include "passes/fusion/Passes.h"
#include "passes/graph/Passes.h"
#include "passes/schedule/Passes.h"
#include "runtime/base/Philox.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

#include <cmath>
#include <gtest/gtest.h>

using namespace mlir;

namespace bcssl::reference {

Harness::Harness(StringRef text) {
  static const bool registered = [] {
    registerBcsslGraphPasses();
    registerBcsslFusionPasses();
    registerBcsslSchedulePasses();
    registerTransformsPasses();
    return true;
  }();
  (void)registered;
  context.loadDialect<BcsslDialect, func::FuncDialect, arith::ArithDialect,
                      math::MathDialect>();
  // The `test.` attributes of arguments belong to no dialect.
  context.allowUnregisteredDialects();
  module = parseSourceString<ModuleOp>(text, &context);
  if (!module)
    ADD_FAILURE() << "does not parse:\n" << text.str();
}

func::FuncOp Harness::function(StringRef name) {
  return module->lookupSymbol<func::FuncOp>(name);
}

bool Harness::runPasses(StringRef flags) {
  PassManager manager(&context, ModuleOp::getOperationName(),
                      PassManager::Nesting::Implicit);
  bool done = succeeded(parsePassPipeline(flags, manager)) &&
              succeeded(manager.run(*module));
  EXPECT_TRUE(done) << flags.str() << " fails";
  return done;
}

std::vector<Tensor> Harness::run(StringRef name, ArrayRef<Tensor> arguments) {
  FailureOr<std::vector<Tensor>> results = interpret(function(name), arguments);
  if (succeeded(results))
    return *results;
  ADD_FAILURE() << "@" << name.str() << " does not run";
  return {};
}

std::vector<Tensor> randomArguments(func::FuncOp function, uint64_t seed) {
  std::vector<Tensor> arguments;
  for (BlockArgument argument : function.getArguments()) {
    bool integer = getElementTypeOrSelf(argument.getType()).isInteger();
    double low = -1, high = 1;
    if (auto range = function.getArgAttrOfType<DenseF64ArrayAttr>(
            argument.getArgNumber(), "test.range")) {
      low = range[0];
      high = range[1];
    } else if (integer) {
      ADD_FAILURE() << "integers need test.range";
    }
    Philox draws(seed, argument.getArgNumber());
    Tensor tensor(shapeOf(argument.getType()));
    for (double &value : tensor.values) {
      value = low + (high - low) * draws.uniform();
      if (integer)
        value = std::floor(value);
      else if (std::abs(value) < 0.05 && low < high)
        value = std::copysign(0.05, value);
    }
    arguments.push_back(std::move(tensor));
  }
  return arguments;
}

std::vector<unsigned> differentiableArguments(func::FuncOp function) {
  std::vector<unsigned> indices;
  for (BlockArgument argument : function.getArguments())
    if (isa<FloatType>(getElementTypeOrSelf(argument.getType())) &&
        !function.getArgAttr(argument.getArgNumber(), "test.constant"))
      indices.push_back(argument.getArgNumber());
  return indices;
}

std::vector<Tensor> lossArguments(func::FuncOp function, uint64_t seed) {
  std::vector<Tensor> arguments = randomArguments(function, seed);
  for (auto [index, type] : llvm::enumerate(function.getResultTypes())) {
    Philox draws(seed, /*stream=*/1000 + uint32_t(index));
    Tensor weight(shapeOf(type));
    for (double &value : weight.values)
      value = draws.uniform(-1, 1);
    arguments.push_back(std::move(weight));
  }
  return arguments;
}

/// The sum of the operands of a function's return, each times a new argument.
static Value buildLoss(OpBuilder &builder, func::FuncOp function) {
  Operation *terminator = function.getBody().front().getTerminator();
  Location loc = terminator->getLoc();
  auto scalar = RankedTensorType::get({}, builder.getF64Type());
  Value loss;
  for (Value result : terminator->getOperands()) {
    auto type = cast<RankedTensorType>(result.getType());
    Value weight = function.getBody().addArgument(type, loc);
    Value term = arith::MulFOp::create(builder, loc, result, weight);
    if (type.getRank() > 0)
      term = ReduceOp::create(
          builder, loc, scalar, term, ReduceKind::Sum,
          llvm::to_vector(llvm::seq<int64_t>(0, type.getRank())));
    loss = loss ? arith::AddFOp::create(builder, loc, loss, term) : term;
  }
  return loss;
}

void addLossAndGradient(func::FuncOp function) {
  std::vector<unsigned> differentiable = differentiableArguments(function);
  for (StringRef name : {"loss", "gradient"}) {
    auto copy = cast<func::FuncOp>(function->clone());
    copy.setName(name);
    SymbolTable(function->getParentOfType<ModuleOp>()).insert(copy);
    Block &body = copy.getBody().front();
    OpBuilder builder(body.getTerminator());
    SmallVector<Value> results{buildLoss(builder, copy)};
    if (name == "gradient") {
      SmallVector<Value> values;
      for (unsigned index : differentiable)
        values.push_back(body.getArgument(index));
      auto gradient = GradientOp::create(builder, copy.getLoc(),
                                         TypeRange(ValueRange(values)),
                                         results.front(), values);
      llvm::append_range(results, gradient.getResults());
    }
    body.getTerminator()->setOperands(results);
    copy.removeArgAttrsAttr();
    copy.removeResAttrsAttr();
    copy.setFunctionType(builder.getFunctionType(
        body.getArgumentTypes(), TypeRange(ValueRange(results))));
  }
}

double magnitude(const Tensor &tensor) {
  double result = 0;
  for (double value : tensor.values)
    result = std::max(result, std::abs(value));
  return result;
}

void expectClose(const Tensor &actual, const Tensor &expected, double tolerance,
                 const std::string &what, double floor) {
  ASSERT_EQ(actual.shape, expected.shape) << what;
  double bound = tolerance * std::max(magnitude(expected), floor);
  for (int64_t i = 0; i < expected.size(); ++i)
    // Written so that NaN on one side fails.
    ASSERT_TRUE(actual[i] == expected[i] ||
                std::abs(actual[i] - expected[i]) <= bound)
        << what << ", element " << i << ": " << actual[i] << " instead of "
        << expected[i] << ", bound " << bound;
}

} // namespace bcssl::reference
