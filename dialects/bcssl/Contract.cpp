//===- Contract.cpp - verification of linear layers and matrix products ---===//

#include "dialects/bcssl/Verify.h"

using namespace mlir;
using namespace bcssl;
using namespace bcssl::detail;

/// The leading sizes of `value`, then `columns`.
static SmallVector<int64_t> withColumns(Value value, int64_t columns) {
  SmallVector<int64_t> shape(shapeOf(value));
  shape.back() = columns;
  return shape;
}

/// Reports (C2) unless the sizes that are summed over agree.
static LogicalResult verifySummed(Operation *op, int64_t lhs, int64_t rhs) {
  if (lhs == rhs)
    return success();
  return op->emitOpError() << "(C2) expects equal sizes along the sum, got "
                           << lhs << " and " << rhs;
}

LogicalResult ContractOp::verify() {
  if (failed(verifyProductTypes(*this, "(C4)")))
    return failure();
  int64_t lhsTerms = columnsOf(getLhs()), rhsTerms = 0;
  SmallVector<int64_t> shape;
  if (getForm() == ContractForm::TN) {
    lhsTerms = rowsOf(getLhs());
    rhsTerms = rowsOf(getRhs());
    shape = {columnsOf(getLhs()), columnsOf(getRhs())};
  } else {
    ArrayRef<int64_t> rhs = shapeOf(getRhs());
    if (rhs.size() != 2)
      return emitOpError() << "(C1) expects a matrix on the right, got shape "
                           << shapeText(rhs);
    bool transposed = getForm() == ContractForm::NT;
    rhsTerms = rhs[transposed ? 1 : 0];
    shape = withColumns(getLhs(), rhs[transposed ? 0 : 1]);
  }
  int64_t parts = getParts();
  if (failed(verifySummed(*this, lhsTerms, rhsTerms)) ||
      failed(verifyParts(*this, "(C5)", parts, lhsTerms)))
    return failure();
  if (parts != 1)
    shape.insert(shape.begin(), parts);
  return verifyShape(*this, "(C3)", "result", getOutput(), shape);
}

LogicalResult LinearOp::verify() {
  ArrayRef<int64_t> weight = shapeOf(getWeight());
  if (columnsOf(getInput()) != weight[1])
    return emitOpError()
           << "(C1) expects one weight column per input channel, got "
           << weight[1] << " columns for " << columnsOf(getInput())
           << " channels";
  if (failed(verifyShape(*this, "(C2)", "result", getOutput(),
                         withColumns(getInput(), weight[0]))))
    return failure();
  if (getBias())
    return verifyPerChannel(*this, "(C3)", getBias(), weight[0]);
  return success();
}
