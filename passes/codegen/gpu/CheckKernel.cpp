//===- CheckKernel.cpp - what the GPU generators can emit -----------------===//

#include "passes/codegen/MergedKernel.h"
#include "passes/codegen/gpu/Merged.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace bcssl {

const GpuGenerator &gpuGeneratorOf(KernelOp kernel) {
  if (isMerged(kernel))
    return gpuMerged;
  switch (kernel.getFamily()) {
  case KernelFamily::Depthwise:
    return gpuDepthwise;
  case KernelFamily::DepthwiseFilterGrad:
    return gpuDepthwiseFilterGrad;
  case KernelFamily::Contraction:
    return gpuContraction;
  case KernelFamily::Rowwise:
    return gpuRowwise;
  case KernelFamily::Columnwise:
    return gpuColumnwise;
  case KernelFamily::Movement:
    return gpuMovement;
  }
  llvm_unreachable("unknown kernel family");
}

/// Operations of the arith and math dialects that become code without a
/// library: those that PTX has, and those that are expanded into polynomials.
static bool isCodeWithoutLibrary(Operation *op) {
  if (isa<math::MathDialect>(op->getDialect()))
    return isa<math::AbsFOp, math::ErfOp, math::ExpOp, math::LogOp,
               math::RsqrtOp, math::SqrtOp, math::TanhOp>(op);
  return !isa<arith::RemFOp>(op);
}

std::string missingGpuGenerator(KernelOp kernel) {
  auto isSupported = [](Value value) {
    Type element = cast<RankedTensorType>(value.getType()).getElementType();
    return element.isF32() || element.isBF16() || element.isInteger(32) ||
           element.isInteger(8) || element.isInteger(1);
  };
  Block &body = kernel.getBody().front();
  bool supported = llvm::all_of(body.getArguments(), isSupported);
  for (Operation &op : body.without_terminator())
    supported &= llvm::all_of(op.getResults(), isSupported);
  if (!supported)
    return "values of another type than f32, bf16, i32, i8 and i1";
  for (Operation &op : body)
    if (!isCodeWithoutLibrary(&op))
      return op.getName().getStringRef().str();
  return gpuGeneratorOf(kernel).missing(kernel);
}

LogicalResult checkGpuTile(KernelOp kernel, const GpuLimits &limits) {
  if (!kernel.getTileAttr())
    return kernel.emitOpError(
        "expects a tile: run bcssl-choose-gpu-tiles first");
  return gpuGeneratorOf(kernel).check(kernel, limits);
}

} // namespace bcssl
