//===- CheckKernel.cpp - what the GPU generators can emit -----------------===//

#include "passes/codegen/gpu/Generators.h"
#include "passes/codegen/gpu/RegionEmitter.h"

using namespace mlir;

namespace bcssl {

Operation *gpuAnchorOf(KernelOp kernel) {
  for (Operation &op : kernel.getBody().front())
    if (isa<DepthwiseConv2dOp, DepthwiseConv2dInputGradOp>(op))
      return &op;
  return nullptr;
}

static Type elementOf(Value tensor) {
  return cast<RankedTensorType>(tensor.getType()).getElementType();
}

std::string missingGpuGenerator(KernelOp kernel) {
  if (kernel.getFamily() != KernelFamily::Depthwise)
    return "family " + stringifyKernelFamily(kernel.getFamily()).str();
  Block &body = kernel.getBody().front();
  int64_t anchors = llvm::count_if(body, [](Operation &op) {
    return isa<DepthwiseConv2dOp, DepthwiseConv2dInputGradOp>(op);
  });
  Operation *anchor = gpuAnchorOf(kernel);
  if (anchors != 1 ||
      !llvm::all_of(anchor->getOperands(), llvm::IsaPred<BlockArgument>))
    return "other than one convolution of the kernel's inputs";
  auto yield = cast<YieldOp>(body.getTerminator());
  for (Value argument : body.getArguments())
    if (Type element = elementOf(argument);
        !element.isF32() && !element.isBF16())
      return "an input of another type than f32 or bf16";
  auto space =
      cast<RankedTensorType>(anchor->getResult(0).getType()).getShape();
  for (Operation &op : body.without_terminator())
    if (std::string reason = GpuRegionEmitter::missing(&op, anchor);
        !reason.empty())
      return reason;
  for (Value value : yield.getValues())
    if (cast<RankedTensorType>(value.getType()).getShape() != space ||
        elementOf(value).isInteger(1))
      return "a result of another shape than the map or another type than f32 "
             "or bf16";
  return yield.getValues().empty() ? "no result" : "";
}

LogicalResult checkGpuTile(KernelOp kernel, const GpuLimits &limits) {
  if (!kernel.getTileAttr())
    return kernel.emitOpError(
        "expects a tile: run bcssl-choose-gpu-tiles first");
  GpuDepthwiseShape shape(gpuAnchorOf(kernel));
  GpuDepthwiseTile tile;
  fromAttribute(kernel.getTileAttr(), tile);
  if (tile.reachHeight != shape.reachHeight() ||
      tile.reachWidth != shape.reachWidth())
    return kernel.emitOpError()
           << "expects a tile that reaches " << shape.reachHeight() << " x "
           << shape.reachWidth() << " pixels, got " << tile.reachHeight << " x "
           << tile.reachWidth;
  if (isLegal(tile, shape.height, shape.elementBytes, limits))
    return success();
  return kernel.emitOpError()
         << "expects a tile of at most " << limits.threads << " threads and "
         << limits.sharedBytes << " bytes of shared memory, its outputs "
         << "dividing the width and " << gpuLanes
         << " dividing the channels, got " << kernel.getTileAttr();
}

} // namespace bcssl
