//===- ModelArguments.cpp - arguments of a model's programs ---------------===//

#include "test/passes/numerics/ModelArguments.h"

#include "runtime/base/Philox.h"

#include "llvm/ADT/APFloat.h"

#include <cmath>

using namespace mlir;

namespace bcssl::test {

using reference::Tensor;

namespace {

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

} // namespace

double roundToElement(double value, Type type) {
  Type element = getElementTypeOrSelf(type);
  if (element.isF32())
    return static_cast<float>(value);
  if (!element.isBF16())
    return std::floor(value);
  llvm::APFloat rounded(value);
  bool lost;
  rounded.convert(llvm::APFloat::BFloat(), llvm::APFloat::rmNearestTiesToEven,
                  &lost);
  return rounded.convertToDouble();
}

StringRef argumentName(func::FuncOp function, unsigned number) {
  StringAttr name =
      function.getArgAttrOfType<StringAttr>(number, "bcssl.input");
  if (!name)
    name = function.getArgAttrOfType<StringAttr>(number, "bcssl.variable");
  return name.getValue();
}

std::vector<Tensor> drawArguments(func::FuncOp function) {
  std::vector<Tensor> arguments;
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    Type type = function.getArgumentTypes()[i];
    auto [low, high] = rangeOf(argumentName(function, i));
    Philox random(/*seed=*/7, /*stream=*/i);
    Tensor tensor(reference::shapeOf(type));
    for (double &value : tensor.values)
      value =
          roundToElement(low == high ? low : random.uniform(low, high), type);
    arguments.push_back(std::move(tensor));
  }
  return arguments;
}

} // namespace bcssl::test
