//===- Contraction.cpp - what the GPU contractions share ------------------===//

#include "passes/codegen/gpu/Contraction.h"

#include "passes/codegen/KernelRegion.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <numeric>

using namespace mlir;

namespace bcssl {

ContractOp gpuContractionOf(KernelOp kernel) {
  return dyn_cast_or_null<ContractOp>(anchorOf(kernel));
}

GpuContractionShape::GpuContractionShape(ContractOp anchor) {
  auto left = cast<RankedTensorType>(anchor.getLhs().getType());
  auto right = cast<RankedTensorType>(anchor.getRhs().getType());
  int64_t leftColumns = left.getShape().back(),
          leftRows = left.getNumElements() / leftColumns,
          rightColumns = right.getShape().back(),
          rightRows = right.getNumElements() / rightColumns;
  ContractForm form = anchor.getForm();
  leftAlongDepth = form != ContractForm::TN;
  rightAlongDepth = form == ContractForm::NT;
  rows = leftAlongDepth ? leftRows : leftColumns;
  depth = leftAlongDepth ? leftColumns : leftRows;
  columns = rightAlongDepth ? rightRows : rightColumns;
  parts = anchor.getParts();
  partDepth = llvm::divideCeil(depth, parts);
  element = left.getElementType();
}

ContractionBlock::ContractionBlock(KernelBuilder &kernel,
                                   const GpuContractionShape &shape,
                                   const GpuContractionTile &tile)
    : ContractionBlock(kernel, shape, tile,
                       kernel.thread(tile.threads(shape.elementBytes())),
                       kernel.block(shape.tiles(tile))) {}

ContractionBlock::ContractionBlock(KernelBuilder &kernel,
                                   const GpuContractionShape &shape,
                                   const GpuContractionTile &tile, Value thread,
                                   Value number)
    : thread(thread), depth(tile.depth) {
  int64_t rowTiles = llvm::divideCeil(shape.rows, tile.rows),
          columnTiles = llvm::divideCeil(shape.columns, tile.columns);
  // Neighbouring tiles read the same rows of the left operand.
  firstColumn = kernel.mul(kernel.remainder(number, columnTiles), tile.columns);
  Value rest = kernel.quotient(number, columnTiles);
  rowTile = kernel.remainder(rest, rowTiles);
  part = shape.parts == 1 ? kernel.index(0) : kernel.quotient(rest, rowTiles);
  firstRow = kernel.mul(rowTile, tile.rows);
  begin = kernel.mul(part, shape.partDepth);

  if (shape.depth % shape.partDepth == 0) {
    slices = kernel.index(llvm::divideCeil(shape.partDepth, depth));
    if (shape.partDepth % depth != 0)
      firstTerms = kernel.index(shape.partDepth % depth);
    return;
  }
  Value terms = kernel.min(kernel.index(shape.partDepth),
                           kernel.sub(kernel.index(shape.depth), begin));
  Value others = kernel.quotient(kernel.add(terms, -1), depth);
  slices = kernel.add(others, 1);
  firstTerms = kernel.sub(terms, kernel.mul(others, depth));
}

Value ContractionBlock::beginOf(KernelBuilder &kernel, Value number) const {
  Value first = kernel.add(begin, kernel.mul(number, depth));
  return firstTerms ? kernel.add(kernel.add(first, -depth), firstTerms) : first;
}

/// The most elements, at most `most`, that runs of both lengths are cut into.
static int64_t lanesOf(int64_t most, int64_t inMemory, int64_t inTile) {
  while (inMemory % most != 0 || inTile % most != 0)
    most /= 2;
  return most;
}

OperandPieces::OperandPieces(KernelBuilder &kernel, Value memref,
                             const GpuContractionShape &shape, bool isLeft,
                             const GpuContractionTile &tile,
                             const ContractionBlock &block)
    : memref(memref),
      alongDepth(isLeft ? shape.leftAlongDepth : shape.rightAlongDepth),
      inTile(isLeft ? tile.rows : tile.columns) {
  int64_t outerSize = isLeft ? shape.rows : shape.columns;
  Value first = isLeft ? block.firstRow : block.firstColumn;
  // A part begins at a multiple of its length.
  int64_t runInMemory =
      alongDepth ? std::gcd(shape.depth, shape.partDepth) : outerSize;
  int64_t runInTile = alongDepth ? tile.depth : inTile;
  lanes = lanesOf(gpuWideBytes / shape.elementBytes(), runInMemory, runInTile);
  step = alongDepth ? 1 : outerSize;

  int64_t threads = tile.threads(shape.elementBytes());
  int64_t perRun = runInTile / lanes;
  int64_t total = inTile * tile.depth / lanes;
  // Where whole runs are copied at a time, the pieces of a thread differ by
  // constants: one address serves them all.
  bool wholeRuns = threads % perRun == 0;
  for (int64_t done = 0; done < total; done += threads) {
    Value number = kernel.add(block.thread, wholeRuns ? 0 : done);
    Value run = kernel.add(kernel.quotient(number, perRun),
                           wholeRuns ? done / perRun : 0);
    Value inRun = kernel.mul(kernel.remainder(number, perRun), lanes);
    Piece piece;
    piece.outer = alongDepth ? run : inRun;
    piece.depth = alongDepth ? inRun : run;
    if (done + threads > total)
      piece.exists = kernel.within(kernel.add(block.thread, done), total);
    // Rows and columns beyond the last may be anything: repeat the last ones.
    Value outer = kernel.add(first, piece.outer);
    if (outerSize % inTile != 0)
      outer =
          kernel.min(outer, kernel.index(outerSize - (alongDepth ? 1 : lanes)));
    piece.from = alongDepth
                     ? kernel.add(kernel.mul(outer, shape.depth), piece.depth)
                     : kernel.add(kernel.mul(piece.depth, outerSize), outer);
    pieces.push_back(piece);
  }
}

} // namespace bcssl
