//===- DepthwiseShape.cpp - sizes of depthwise kernels, and checks --------===//

#include "passes/codegen/gpu/Depthwise.h"

using namespace mlir;

namespace bcssl {

GpuDepthwiseShape::GpuDepthwiseShape(KernelOp kernel)
    : anchor(anchorOf(kernel)),
      turned(isa<DepthwiseConv2dInputGradOp>(anchor)) {
  auto type = cast<RankedTensorType>(anchor->getOperand(0).getType());
  auto gradient = dyn_cast<DepthwiseConv2dFilterGradOp>(anchor);
  Value filter = gradient ? gradient.getFilterGrad() : anchor->getOperand(1);
  ArrayRef<int64_t>
      sizes = type.getShape(),
      taps = cast<RankedTensorType>(filter.getType()).getShape().take_back(3);
  if (gradient)
    parts = gradient.getParts();
  images = sizes[0];
  map.height = sizes[1];
  map.width = sizes[2];
  channels = sizes[3];
  filterHeight = taps[0];
  filterWidth = taps[1];
  map.elementBytes = type.getElementTypeBitWidth() / 8;
  auto yield = cast<YieldOp>(kernel.getBody().front().getTerminator());
  map.partials = llvm::count_if(yield.getValues(), [](Value value) {
    return value.getDefiningOp<ReducePartialOp>() != nullptr;
  });
}

template <typename Tile>
static LogicalResult checkTile(KernelOp kernel, const Tile &tile,
                               const GpuDepthwiseShape &shape,
                               const GpuLimits &limits, StringRef divisors) {
  if (tile.reachHeight != shape.reachHeight() ||
      tile.reachWidth != shape.reachWidth())
    return kernel.emitOpError()
           << "expects a tile that reaches " << shape.reachHeight() << " x "
           << shape.reachWidth() << " pixels, got " << tile.reachHeight << " x "
           << tile.reachWidth;
  if (isLegal(tile, shape.map, limits) && shape.channels % tile.lanes == 0)
    return success();
  return kernel.emitOpError()
         << "expects a tile of at most " << limits.threads << " threads and "
         << limits.sharedBytes << " bytes of shared memory, " << divisors
         << " and its lanes (1, 2 or " << gpuLanes << ") all channels, got "
         << kernel.getTileAttr();
}

LogicalResult checkGpuDepthwiseTile(KernelOp kernel, const GpuLimits &limits) {
  GpuDepthwiseShape shape(kernel);
  GpuDepthwiseTile tile;
  fromAttribute(kernel.getTileAttr(), tile);
  if (failed(checkTile(kernel, tile, shape, limits,
                       "its outputs dividing the width, its rows the height")))
    return failure();
  if (shape.map.partials && (tile.width * tile.strips < shape.map.width ||
                             tile.height * tile.bands < shape.map.height))
    return kernel.emitOpError()
           << "expects a tile of whole images because of its partial sums, got "
           << kernel.getTileAttr();
  return success();
}

LogicalResult checkGpuFilterGradTile(KernelOp kernel, const GpuLimits &limits) {
  GpuDepthwiseShape shape(kernel);
  GpuFilterGradTile tile;
  fromAttribute(kernel.getTileAttr(), tile);
  return checkTile(kernel, tile, shape, limits,
                   "its rows dividing the filter rows");
}

} // namespace bcssl
