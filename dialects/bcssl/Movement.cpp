//===- Movement.cpp - broadcasts, reductions and data movement ------------===//
//
// Verification and folding.
//
//===----------------------------------------------------------------------===//

#include "dialects/bcssl/Verify.h"

using namespace mlir;
using namespace bcssl;
using namespace bcssl::detail;

/// Whether `dims` is an increasing run of neighbours among `rank` dimensions.
static bool isRun(ArrayRef<int64_t> dims, int64_t rank) {
  for (size_t i = 0; i < dims.size(); ++i)
    if (dims[i] < 0 || dims[i] >= rank || (i > 0 && dims[i] != dims[i - 1] + 1))
      return false;
  return true;
}

/// Reports that `dims` is not as (C2) `expects` among `rank` dimensions.
static LogicalResult reportDims(Operation *op, StringRef expects,
                                ArrayRef<int64_t> dims, int64_t rank) {
  InFlightDiagnostic diagnostic = op->emitOpError();
  diagnostic << "(C2) expects " << expects << " below " << rank << ", got [";
  llvm::interleaveComma(dims, diagnostic);
  return diagnostic << "]";
}

LogicalResult BroadcastOp::verify() {
  ArrayRef<int64_t> input = shapeOf(getInput());
  ArrayRef<int64_t> output = shapeOf(getOutput());
  ArrayRef<int64_t> dims = getDims();
  if (dims.size() != input.size())
    return emitOpError() << "(C1) expects one dimension of the result per "
                            "dimension of the operand, got "
                         << dims.size() << " for " << input.size();
  auto rank = static_cast<int64_t>(output.size());
  bool endsLast = !dims.empty() && dims.back() == rank - 1;
  if (!isRun(dims, rank) && !(endsLast && isRun(dims.drop_back(), rank - 1)))
    return reportDims(*this,
                      "a run of neighbouring dimensions, then perhaps "
                      "the last one,",
                      dims, rank);
  for (auto [size, dim] : llvm::zip_equal(input, dims))
    if (output[dim] != size)
      return emitOpError() << "(C3) expects size " << size << " in dimension "
                           << dim << " of the result, got " << output[dim];
  return success();
}

OpFoldResult BroadcastOp::fold(FoldAdaptor) {
  if (getInput().getType() == getOutput().getType())
    return getInput();
  return {};
}

LogicalResult ReduceOp::verify() {
  ArrayRef<int64_t> input = shapeOf(getInput());
  ArrayRef<int64_t> dims = getDims();
  if (dims.empty())
    return emitOpError() << "(C1) expects 1 dimension or more, got none";
  if (!isRun(dims, input.size()))
    return reportDims(*this, "a run of neighbouring dimensions", dims,
                      input.size());
  SmallVector<int64_t> expected(input.take_front(dims.front()));
  llvm::append_range(expected, input.drop_front(dims.back() + 1));
  return verifyShape(*this, "(C3)", "result", getOutput(), expected);
}

LogicalResult ReshapeOp::verify() {
  int64_t input = getInput().getType().getNumElements();
  int64_t output = getOutput().getType().getNumElements();
  if (input == output)
    return success();
  return emitOpError() << "(C1) expects as many elements as the operand has, "
                       << input << ", got " << output;
}

OpFoldResult ReshapeOp::fold(FoldAdaptor) {
  if (getInput().getType() == getOutput().getType())
    return getInput();
  // Only the last of several reshapes counts.
  if (auto inner = getInput().getDefiningOp<ReshapeOp>()) {
    getInputMutable().assign(inner.getInput());
    return getOutput();
  }
  return {};
}

/// Reports unless `part` has the rank of `whole` and its sizes beyond the
/// first dimension.
static LogicalResult verifyInner(Operation *op, StringRef label, StringRef name,
                                 Value part, Value whole) {
  SmallVector<int64_t> expected(shapeOf(whole));
  expected.front() = shapeOf(part).front();
  return verifyShape(op, label, name, part, expected);
}

LogicalResult ConcatOp::verify() {
  int64_t length = 0;
  for (Value input : getInputs()) {
    if (failed(verifyInner(*this, "(C1)", "operand", input, getOutput())))
      return failure();
    length += shapeOf(input).front();
  }
  SmallVector<int64_t> expected(shapeOf(getOutput()));
  expected.front() = length;
  return verifyShape(*this, "(C2)", "result", getOutput(), expected);
}

/// Reports (C2) unless [offset, offset + length) lies in [0, size).
static LogicalResult verifyWithin(Operation *op, uint64_t offsetAttr,
                                  int64_t length, int64_t size) {
  auto offset = static_cast<int64_t>(offsetAttr);
  if (offset >= 0 && offset <= size - length)
    return success();
  return op->emitOpError() << "(C2) expects " << length << " from " << offset
                           << " to lie within the size " << size;
}

LogicalResult SliceOp::verify() {
  if (failed(verifyInner(*this, "(C1)", "result", getOutput(), getInput())))
    return failure();
  return verifyWithin(*this, getOffset(), shapeOf(getOutput()).front(),
                      shapeOf(getInput()).front());
}

LogicalResult PadOp::verify() {
  if (failed(verifyInner(*this, "(C1)", "operand", getInput(), getOutput())))
    return failure();
  return verifyWithin(*this, getOffset(), shapeOf(getInput()).front(),
                      shapeOf(getOutput()).front());
}

OpFoldResult CastOp::fold(FoldAdaptor) {
  if (getInput().getType() == getOutput().getType())
    return getInput();
  return {};
}
