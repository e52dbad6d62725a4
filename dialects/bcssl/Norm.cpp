//===- Norm.cpp - verification of normalisations --------------------------===//

#include "dialects/bcssl/Verify.h"

using namespace mlir;
using namespace bcssl;
using namespace bcssl::detail;

LogicalResult ChannelStatisticsOp::verify() {
  return verifyPerChannel(*this, "(C1)",
                          ValueRange{getShift(), getSum(), getSquareSum()},
                          columnsOf(getInput()));
}

LogicalResult BatchMomentsOp::verify() {
  return verifyPerChannel(
      *this, "(C1)",
      ValueRange{getSquareSum(), getShift(), getMean(), getVariance()},
      columnsOf(getSum()));
}

LogicalResult BatchNormOp::verify() {
  if (failed(verifyShape(*this, "(C1)", "result", getOutput(),
                         shapeOf(getInput()))))
    return failure();
  if (failed(verifyPerChannel(
          *this, "(C2)",
          ValueRange{getMean(), getVariance(), getScale(), getOffset()},
          columnsOf(getInput()))))
    return failure();
  return verifyPositive(*this, "(C3)", "epsilon", getEpsilon());
}

LogicalResult LayerNormOp::verify() {
  if (failed(verifyShape(*this, "(C1)", "result", getOutput(),
                         shapeOf(getInput()))))
    return failure();
  if (failed(verifyPerChannel(*this, "(C2)",
                              ValueRange{getScale(), getOffset()},
                              columnsOf(getInput()))))
    return failure();
  return verifyPositive(*this, "(C3)", "epsilon", getEpsilon());
}

LogicalResult L2NormalizeOp::verify() {
  if (failed(verifyShape(*this, "(C1)", "result", getOutput(),
                         shapeOf(getInput()))))
    return failure();
  return verifyPositive(*this, "(C2)", "epsilon", getEpsilon());
}

LogicalResult WeightNormOp::verify() {
  if (failed(verifyShape(*this, "(C1)", "gain", getGain(),
                         {shapeOf(getDirection())[0], 1})))
    return failure();
  return verifyShape(*this, "(C2)", "result", getOutput(),
                     shapeOf(getDirection()));
}

LogicalResult RunningAverageOp::verify() {
  if (failed(verifyPerChannel(*this, "(C1)",
                              ValueRange{getValue(), getOutput()},
                              columnsOf(getAverage()))))
    return failure();
  double momentum = getMomentum().convertToDouble();
  if (!(momentum >= 0 && momentum <= 1))
    return emitOpError() << "(C2) expects momentum in [0, 1], got " << momentum;
  return verifyPositive(*this, "(C3)", "correction", getCorrection());
}
