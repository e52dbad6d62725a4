//===- Loss.cpp - verification of targets and losses ----------------------===//

#include "dialects/bcssl/Verify.h"

using namespace mlir;
using namespace bcssl;
using namespace bcssl::detail;

LogicalResult SinkhornOp::verify() {
  if (failed(verifyShape(*this, "(C1)", "result", getOutput(),
                         shapeOf(getInput()))))
    return failure();
  if (static_cast<int64_t>(getIterations()) < 1)
    return emitOpError() << "(C2) expects 1 iteration or more, got "
                         << static_cast<int64_t>(getIterations());
  return success();
}

/// Verifies (C1) to (C3) of the operations over pairs of views: `student` has
/// `views` blocks of as many rows as a teacher's view has.
static LogicalResult verifyViews(Operation *op, Value probabilities,
                                 Value student, StringRef studentName,
                                 uint64_t viewsAttr, uint64_t teacherAttr) {
  auto views = static_cast<int64_t>(viewsAttr);
  auto teacherViews = static_cast<int64_t>(teacherAttr);
  if (views < 2 || teacherViews < 1 || teacherViews > views)
    return op->emitOpError()
           << "(C1) expects 2 views or more, of which the "
              "teacher sees 1 or more, got "
           << views << " views and " << teacherViews << " of the teacher";
  int64_t rows = shapeOf(probabilities)[0];
  if (rows % teacherViews != 0)
    return op->emitOpError() << "(C2) expects rows divisible by the teacher's "
                             << teacherViews << " views, got " << rows;
  return verifyShape(op, "(C3)", studentName, student,
                     {views * (rows / teacherViews), columnsOf(probabilities)});
}

LogicalResult CrossViewTargetsOp::verify() {
  return verifyViews(*this, getProbabilities(), getOutput(), "result",
                     getViews(), getTeacherViews());
}

LogicalResult CrossViewCrossEntropyOp::verify() {
  return verifyViews(*this, getProbabilities(), getLogits(), "logits",
                     getViews(), getTeacherViews());
}

/// Reports unless `labels` has one entry per row of `matrix`.
static LogicalResult verifyLabels(Operation *op, Value labels, Value matrix) {
  if (shapeOf(labels)[0] == shapeOf(matrix)[0])
    return success();
  return op->emitOpError() << "(C1) expects one label per row, got "
                           << shapeOf(labels)[0] << " labels for "
                           << shapeOf(matrix)[0] << " rows";
}

LogicalResult OneHotOp::verify() {
  return verifyLabels(*this, getLabels(), getOutput());
}

LogicalResult CrossEntropyOp::verify() {
  if (failed(verifyLabels(*this, getLabels(), getLogits())))
    return failure();
  return verifyFraction(*this, "(C2)", "smoothing", getSmoothing());
}
