//===- ExpandConv.cpp - convolutions and linear layers written out --------===//

#include "dialects/bcssl/ExpandBuilder.h"

using namespace mlir;
using namespace bcssl;

SmallVector<Value> PatchifyConv2dOp::expand(OpBuilder &builder) {
  ExpandBuilder build(builder, *this);
  ArrayRef<int64_t> filter = tensorType(getFilter()).getShape();
  ArrayRef<int64_t> map = tensorType(getOutput()).getShape();
  int64_t taps = filter[1] * filter[2] * filter[3];
  Value patches = SpaceToDepthOp::create(
      build, tensorType(getInput()).clone({map[0], map[1], map[2], taps}),
      getInput(), filter[1]);
  Value weight = build.reshape(getFilter(), {filter[0], taps});
  Value output = ContractOp::create(build, getOutput().getType(), patches,
                                    weight, ContractForm::NT);
  if (getBias())
    output = build.add(output, build.alongColumns(getBias(), output));
  return {output};
}

SmallVector<Value> LinearOp::expand(OpBuilder &builder) {
  ExpandBuilder build(builder, *this);
  Value output = ContractOp::create(build, getOutput().getType(), getInput(),
                                    getWeight(), ContractForm::NT);
  if (getBias())
    output = build.add(output, build.alongColumns(getBias(), output));
  return {output};
}
