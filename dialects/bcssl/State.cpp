//===- State.cpp - verification of variables, updates and draws -----------===//

#include "dialects/bcssl/Verify.h"

#include <limits>

using namespace mlir;
using namespace bcssl;
using namespace bcssl::detail;

/// Verifies (C4): how the published tensor's dimensions lie in the variable's.
static LogicalResult verifyPublished(VariableOp op) {
  std::optional<ArrayRef<int64_t>> shape = op.getPublishedShape();
  std::optional<ArrayRef<int64_t>> permutation = op.getPermutation();
  if (!shape && !permutation)
    return success();
  if (!shape || !permutation || shape->size() != permutation->size())
    return op.emitOpError() << "(C4) expects as many entries in "
                               "`published_shape` as in `permutation`, got "
                            << (shape ? shape->size() : 0) << " and "
                            << (permutation ? permutation->size() : 0);
  ArrayRef<int64_t> sizes = cast<ShapedType>(op.getType()).getShape();
  auto rank = static_cast<int64_t>(sizes.size());
  SmallVector<bool> seen(rank, false);
  for (auto [size, dim] : llvm::zip_equal(*shape, *permutation)) {
    if (dim < -1 || dim >= rank || (dim >= 0 && seen[dim]))
      return op.emitOpError() << "(C4) expects each dimension below " << rank
                              << " once in `permutation`, got " << dim;
    int64_t expected = dim < 0 ? 1 : sizes[dim];
    if (size != expected)
      return op.emitOpError() << "(C4) expects size " << expected
                              << " in `published_shape` for dimension " << dim
                              << ", got " << size;
    if (dim >= 0)
      seen[dim] = true;
  }
  auto missing = llvm::find(seen, false);
  if (missing != seen.end())
    return op.emitOpError() << "(C4) expects each dimension below " << rank
                            << " once in `permutation`, got none for "
                            << std::distance(seen.begin(), missing);
  return success();
}

LogicalResult VariableOp::verify() {
  StringRef initializer = getInitializer();
  constexpr StringRef names[] = {"zeros",        "ones",    "constant",
                                 "trunc_normal", "uniform", "copy"};
  if (!llvm::is_contained(names, initializer))
    return emitOpError() << "(C1) expects zeros, ones, constant, trunc_normal, "
                            "uniform or copy, got "
                         << initializer;
  double value = getValue().convertToDouble();
  bool isDraw = initializer == "trunc_normal" || initializer == "uniform";
  if (!std::isfinite(value) || (isDraw && value < 0))
    return emitOpError() << "(C2) expects a finite value, for draws not "
                            "negative, got "
                         << value;
  if (getSource().has_value() != (initializer == "copy"))
    return emitOpError() << "(C3) expects `source` with copy and only there";
  return verifyPublished(*this);
}

LogicalResult VariableOp::verifySymbolUses(SymbolTableCollection &symbolTable) {
  if (!getSource())
    return success();
  auto source = symbolTable.lookupNearestSymbolFrom<VariableOp>(
      getOperation()->getParentOp(), getSourceAttr());
  if (!source || source.getType() != getType() || source.getSource())
    return emitOpError() << "(C5) expects `source` to name a variable of the "
                            "same type that is not a copy, got "
                         << *getSource();
  return success();
}

LogicalResult GradientOp::verify() {
  if (getValues().empty() ||
      getValues().getTypes() != getGradients().getTypes())
    return emitOpError() << "(C1) expects one gradient per value and of its "
                            "type, got "
                         << getGradients().size() << " for "
                         << getValues().size();
  return success();
}

LogicalResult ClipByNormOp::verify() {
  return verifyPositive(*this, "(C1)", "norm", getMaxNorm());
}

/// Reports (C1) unless each of `tensors` has the shape of `reference`.
static LogicalResult verifySameShapes(Operation *op, Value reference,
                                      ValueRange tensors) {
  for (Value tensor : tensors)
    if (failed(verifyShape(op, "(C1)", "every tensor", tensor,
                           shapeOf(reference))))
      return failure();
  return success();
}

LogicalResult AdamWOp::verify() {
  if (failed(verifySameShapes(*this, getParam(),
                              ValueRange{getGrad(), getMoment1(), getMoment2(),
                                         getNewParam(), getNewMoment1(),
                                         getNewMoment2()})) ||
      failed(verifyFraction(*this, "(C2)", "beta1", getBeta1())) ||
      failed(verifyFraction(*this, "(C2)", "beta2", getBeta2())))
    return failure();
  return verifyPositive(*this, "(C3)", "epsilon", getEpsilon());
}

LogicalResult SgdOp::verify() {
  if (failed(verifySameShapes(*this, getParam(),
                              ValueRange{getGrad(), getVelocity(),
                                         getNewParam(), getNewVelocity()})))
    return failure();
  return verifyFraction(*this, "(C2)", "momentum", getMomentum());
}

LogicalResult LarsOp::verify() {
  if (failed(verifySameShapes(*this, getParam(),
                              ValueRange{getGrad(), getVelocity(),
                                         getNewParam(), getNewVelocity()})) ||
      failed(verifyFraction(*this, "(C2)", "momentum", getMomentum())))
    return failure();
  return verifyPositive(*this, "(C3)", "eta", getEta());
}

LogicalResult EmaOp::verify() {
  return verifySameShapes(*this, getAverage(),
                          ValueRange{getValue(), getOutput()});
}

LogicalResult RandomUniformOp::verify() {
  constexpr uint64_t maxStream = std::numeric_limits<uint32_t>::max();
  if (failed(verifyShape(*this, "(C1)", "state", getState(), {4})))
    return failure();
  if (getStream() > maxStream)
    return emitOpError() << "(C2) expects a stream of 0 to " << maxStream
                         << ", got " << static_cast<int64_t>(getStream());
  return success();
}
