//===- Pointwise.cpp - verification of activations, scaling and pooling ---===//

#include "dialects/bcssl/Verify.h"

using namespace mlir;
using namespace bcssl;
using namespace bcssl::detail;

LogicalResult LayerScaleOp::verify() {
  if (failed(verifyShape(*this, "(C1)", "result", getOutput(),
                         shapeOf(getInput()))))
    return failure();
  return verifyPerChannel(*this, "(C2)", getGamma(), columnsOf(getInput()));
}

LogicalResult DropPathOp::verify() {
  if (failed(verifyShape(*this, "(C1)", "result", getOutput(),
                         shapeOf(getInput()))))
    return failure();
  if (shapeOf(getDraw())[0] != shapeOf(getInput())[0])
    return emitOpError() << "(C2) expects one draw per sample, got "
                         << shapeOf(getDraw())[0] << " draws for "
                         << shapeOf(getInput())[0] << " samples";
  return verifyFraction(*this, "(C3)", "rate", getRate());
}

LogicalResult GlobalAveragePoolOp::verify() {
  ArrayRef<int64_t> input = shapeOf(getInput());
  return verifyShape(*this, "(C1)", "result", getOutput(),
                     {input.front(), input.back()});
}
