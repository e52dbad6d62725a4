//===- Verify.h - what the verifiers of bcssl share -------------*- C++ -*-===//
//
// Checks that several operations make, each with the label of the constraint
// in the operation's description, for example "(C1)".
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_DIALECTS_BCSSL_VERIFY_H
#define BCSSL_DIALECTS_BCSSL_VERIFY_H

#include "dialects/bcssl/Bcssl.h"

#include <cmath>
#include <string>

namespace bcssl::detail {

/// The sizes of a tensor.
inline llvm::ArrayRef<int64_t> shapeOf(mlir::Value value) {
  return llvm::cast<mlir::ShapedType>(value.getType()).getShape();
}

/// The size of the last dimension of a tensor of rank 1 or more.
inline int64_t columnsOf(mlir::Value value) { return shapeOf(value).back(); }

/// The product of all sizes but the last, the rows of a tensor of rank 1 or
/// more.
inline int64_t rowsOf(mlir::Value value) {
  int64_t rows = 1;
  for (int64_t size : shapeOf(value).drop_back())
    rows *= size;
  return rows;
}

/// `shape` as in a type, 2x8x8x32; the empty shape as "scalar".
inline std::string shapeText(llvm::ArrayRef<int64_t> shape) {
  if (shape.empty())
    return "scalar";
  std::string text;
  llvm::raw_string_ostream stream(text);
  llvm::interleave(shape, stream, "x");
  return text;
}

/// Reports unless `value`, named `name` in the message, has shape `expected`.
inline llvm::LogicalResult verifyShape(mlir::Operation *op,
                                       llvm::StringRef label,
                                       llvm::StringRef name, mlir::Value value,
                                       llvm::ArrayRef<int64_t> expected) {
  if (shapeOf(value) == expected)
    return mlir::success();
  return op->emitOpError() << label << " expects " << name << " of shape "
                           << shapeText(expected) << ", got "
                           << shapeText(shapeOf(value));
}

/// Reports unless the two operands have one element type, and the result has it
/// too, or f32: sums are kept in f32 whatever is multiplied.
inline llvm::LogicalResult verifyProductTypes(mlir::Operation *op,
                                              llvm::StringRef label) {
  auto elementOf = [](mlir::Value value) {
    return llvm::cast<mlir::ShapedType>(value.getType()).getElementType();
  };
  mlir::Type element = elementOf(op->getOperand(0));
  mlir::Type result = elementOf(op->getResult(0));
  if (elementOf(op->getOperand(1)) == element &&
      (result == element || result.isF32()))
    return mlir::success();
  return op->emitOpError()
         << label << " expects operands of one element type and a result of it "
         << "or of f32, got " << element << ", " << elementOf(op->getOperand(1))
         << " and " << result;
}

/// Reports unless `count` things can be cut into `parts` equal runs (the last
/// may be shorter) of which none is empty.
inline llvm::LogicalResult verifyParts(mlir::Operation *op,
                                       llvm::StringRef label, int64_t parts,
                                       int64_t count) {
  if (parts > 0 && parts <= count &&
      (parts - 1) * llvm::divideCeil(count, parts) <
          static_cast<uint64_t>(count))
    return mlir::success();
  return op->emitOpError() << label << " expects parts of which none is empty, "
                           << "got " << parts << " for " << count;
}

/// Reports unless each vector has one value per channel.
inline llvm::LogicalResult verifyPerChannel(mlir::Operation *op,
                                            llvm::StringRef label,
                                            mlir::ValueRange vectors,
                                            int64_t channels) {
  for (mlir::Value vector : vectors)
    if (shapeOf(vector).front() != channels)
      return op->emitOpError()
             << label << " expects one value per channel, got "
             << shapeOf(vector).front() << " values for " << channels
             << " channels";
  return mlir::success();
}

/// Reports unless the attribute `name` is positive and finite.
inline llvm::LogicalResult verifyPositive(mlir::Operation *op,
                                          llvm::StringRef label,
                                          llvm::StringRef name,
                                          const llvm::APFloat &number) {
  double value = number.convertToDouble();
  if (value > 0 && std::isfinite(value))
    return mlir::success();
  return op->emitOpError() << label << " expects a positive " << name
                           << ", got " << value;
}

/// Reports unless the attribute `name` lies in [0, 1).
inline llvm::LogicalResult verifyFraction(mlir::Operation *op,
                                          llvm::StringRef label,
                                          llvm::StringRef name,
                                          const llvm::APFloat &number) {
  double value = number.convertToDouble();
  if (value >= 0 && value < 1)
    return mlir::success();
  return op->emitOpError() << label << " expects " << name << " in [0, 1), got "
                           << value;
}

} // namespace bcssl::detail

#endif // BCSSL_DIALECTS_BCSSL_VERIFY_H
