//===- Conv.cpp - verification of convolutions ----------------------------===//

#include "dialects/bcssl/Verify.h"

using namespace mlir;
using namespace bcssl;
using namespace bcssl::detail;

/// (C2) to (C4) of the depthwise operations, for a filter [Kh, Kw, C].
static LogicalResult verifyDepthwiseFilter(Operation *op,
                                           ArrayRef<int64_t> shape,
                                           int64_t channels) {
  if (shape[0] % 2 == 0 || shape[1] % 2 == 0)
    return op->emitOpError() << "(C2) expects odd filter sizes, got "
                             << shape[0] << "x" << shape[1];
  if (shape[2] != channels)
    return op->emitOpError()
           << "(C3) expects one filter per channel, got " << shape[2]
           << " filters for " << channels << " channels";
  return verifyProductTypes(op, "(C4)");
}

LogicalResult DepthwiseConv2dOp::verify() {
  if (failed(verifyShape(*this, "(C1)", "result", getOutput(),
                         shapeOf(getInput()))))
    return failure();
  return verifyDepthwiseFilter(*this, shapeOf(getFilter()),
                               columnsOf(getInput()));
}

LogicalResult DepthwiseConv2dInputGradOp::verify() {
  if (failed(verifyShape(*this, "(C1)", "result", getInputGrad(),
                         shapeOf(getOutputGrad()))))
    return failure();
  return verifyDepthwiseFilter(*this, shapeOf(getFilter()),
                               columnsOf(getOutputGrad()));
}

LogicalResult DepthwiseConv2dFilterGradOp::verify() {
  if (failed(verifyShape(*this, "(C1)", "output gradient", getOutputGrad(),
                         shapeOf(getInput()))))
    return failure();
  int64_t parts = getParts();
  if (failed(verifyParts(*this, "(C5)", parts, shapeOf(getInput())[0])))
    return failure();
  ArrayRef<int64_t> shape = shapeOf(getFilterGrad());
  if (parts != 1) {
    if (shape.front() != parts)
      return emitOpError() << "(C5) expects " << parts << " gradients, got "
                           << shape.front();
    shape = shape.drop_front();
  }
  if (shape.size() != 3)
    return emitOpError() << "(C3) expects a filter gradient of three "
                            "dimensions a part, got "
                         << shapeText(shapeOf(getFilterGrad()));
  return verifyDepthwiseFilter(*this, shape, columnsOf(getInput()));
}

LogicalResult PatchifyConv2dOp::verify() {
  ArrayRef<int64_t> input = shapeOf(getInput());
  ArrayRef<int64_t> filter = shapeOf(getFilter());
  int64_t patch = filter[1];
  if (patch != filter[2])
    return emitOpError() << "(C1) expects a square filter, got " << filter[1]
                         << "x" << filter[2];
  if (filter[3] != input[3])
    return emitOpError() << "(C2) expects the filter's last size to be the "
                            "input's channels, got "
                         << filter[3] << " for " << input[3] << " channels";
  if (input[1] % patch != 0 || input[2] % patch != 0)
    return emitOpError() << "(C3) expects height and width divisible by "
                         << patch << ", got " << input[1] << "x" << input[2];
  if (failed(verifyShape(
          *this, "(C4)", "result", getOutput(),
          {input[0], input[1] / patch, input[2] / patch, filter[0]})))
    return failure();
  if (getBias())
    return verifyPerChannel(*this, "(C5)", getBias(), filter[0]);
  return success();
}

/// The block size, or failure with the report of (C1).
static FailureOr<int64_t> verifyBlock(Operation *op, uint64_t attribute) {
  // The largest block whose square is an int64_t.
  constexpr int64_t maxBlock = 1 << 30;
  auto block = static_cast<int64_t>(attribute);
  if (block < 1 || block > maxBlock)
    return op->emitOpError()
           << "(C1) expects a block of 1 to " << maxBlock << ", got " << block;
  return block;
}

LogicalResult SpaceToDepthOp::verify() {
  FailureOr<int64_t> block = verifyBlock(*this, getBlock());
  if (failed(block))
    return failure();
  ArrayRef<int64_t> input = shapeOf(getInput());
  if (input[1] % *block != 0 || input[2] % *block != 0)
    return emitOpError() << "(C2) expects height and width divisible by "
                         << *block << ", got " << input[1] << "x" << input[2];
  return verifyShape(*this, "(C3)", "result", getOutput(),
                     {input[0], input[1] / *block, input[2] / *block,
                      *block * *block * input[3]});
}

LogicalResult DepthToSpaceOp::verify() {
  FailureOr<int64_t> block = verifyBlock(*this, getBlock());
  if (failed(block))
    return failure();
  ArrayRef<int64_t> input = shapeOf(getInput());
  int64_t area = *block * *block;
  if (input[3] % area != 0)
    return emitOpError() << "(C2) expects channels divisible by " << area
                         << ", got " << input[3];
  return verifyShape(
      *this, "(C3)", "result", getOutput(),
      {input[0], input[1] * *block, input[2] * *block, input[3] / area});
}
