//===- GradientsConv.cpp - derivatives of convolutions and contractions ---===//

#include "dialects/bcssl/ExpandBuilder.h"

using namespace mlir;
using namespace bcssl;

SmallVector<Value> DepthwiseConv2dOp::buildGradient(OpBuilder &builder,
                                                    ValueRange dy) {
  ExpandBuilder build(builder, *this);
  return {DepthwiseConv2dInputGradOp::create(build, getInput().getType(), dy[0],
                                             getFilter()),
          DepthwiseConv2dFilterGradOp::create(build, getFilter().getType(),
                                              getInput(), dy[0])};
}

SmallVector<Value> PatchifyConv2dOp::buildGradient(OpBuilder &builder,
                                                   ValueRange dy) {
  ExpandBuilder build(builder, *this);
  ArrayRef<int64_t> filter = tensorType(getFilter()).getShape();
  ArrayRef<int64_t> map = tensorType(getOutput()).getShape();
  int64_t taps = filter[1] * filter[2] * filter[3];
  auto patchType = tensorType(getInput()).clone({map[0], map[1], map[2], taps});
  Value patches =
      SpaceToDepthOp::create(build, patchType, getInput(), filter[1]);
  Value weight = build.reshape(getFilter(), {filter[0], taps});
  Value patchGrad =
      ContractOp::create(build, patchType, dy[0], weight, ContractForm::NN);
  Value weightGrad = ContractOp::create(build, tensorType(weight), dy[0],
                                        patches, ContractForm::TN);
  SmallVector<Value> gradients{
      DepthToSpaceOp::create(build, getInput().getType(), patchGrad, filter[1]),
      build.reshape(weightGrad, filter)};
  if (getBias())
    gradients.push_back(build.columnSum(dy[0]));
  return gradients;
}

SmallVector<Value> SpaceToDepthOp::buildGradient(OpBuilder &builder,
                                                 ValueRange dy) {
  return {DepthToSpaceOp::create(builder, getLoc(), getInput().getType(), dy[0],
                                 getBlock())};
}

SmallVector<Value> DepthToSpaceOp::buildGradient(OpBuilder &builder,
                                                 ValueRange dy) {
  return {SpaceToDepthOp::create(builder, getLoc(), getInput().getType(), dy[0],
                                 getBlock())};
}

SmallVector<Value> ContractOp::buildGradient(OpBuilder &builder,
                                             ValueRange dy) {
  Location at = getLoc();
  auto make = [&](Value like, Value lhs, Value rhs,
                  ContractForm form) -> Value {
    return ContractOp::create(builder, at, like.getType(), lhs, rhs, form);
  };
  switch (getForm()) {
  case ContractForm::NT:
    return {make(getLhs(), dy[0], getRhs(), ContractForm::NN),
            make(getRhs(), dy[0], getLhs(), ContractForm::TN)};
  case ContractForm::NN:
    return {make(getLhs(), dy[0], getRhs(), ContractForm::NT),
            make(getRhs(), getLhs(), dy[0], ContractForm::TN)};
  case ContractForm::TN:
    return {make(getLhs(), getRhs(), dy[0], ContractForm::NT),
            make(getRhs(), getLhs(), dy[0], ContractForm::NN)};
  }
  llvm_unreachable("unknown form");
}

SmallVector<Value> LinearOp::buildGradient(OpBuilder &builder, ValueRange dy) {
  ExpandBuilder build(builder, *this);
  SmallVector<Value> gradients{
      ContractOp::create(build, getInput().getType(), dy[0], getWeight(),
                         ContractForm::NN),
      ContractOp::create(build, getWeight().getType(), dy[0], getInput(),
                         ContractForm::TN)};
  if (getBias())
    gradients.push_back(build.columnSum(dy[0]));
  return gradients;
}
