//===- Movement.cpp - kernels that only move data -------------------------===//
//
// Packing, patches, concatenation and padding, as copies of contiguous runs.
//
//===----------------------------------------------------------------------===//

#include "passes/codegen/RegionEmitter.h"
#include "passes/codegen/cpu/Generators.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace bcssl {
namespace {

ArrayRef<int64_t> shapeOf(Value tensor) {
  return cast<RankedTensorType>(tensor.getType()).getShape();
}

class MovementGenerator {
public:
  explicit MovementGenerator(KernelContext context)
      : builder(context.builder), tileIndex(context.tile),
        anchor(anchorOf(context.kernel)),
        region(context.builder, context.kernel, context.buffers,
               iterationSpace(context.kernel)),
        result(region.resultBuffer(0)) {}

  void run() {
    llvm::TypeSwitch<Operation *>(anchor)
        .Case<PackOp>([&](PackOp op) { emitPack(op); })
        .Case<SpaceToDepthOp>([&](SpaceToDepthOp op) {
          emitPatches(op.getInput(), shapeOf(op.getOutput()), op.getBlock(),
                      true);
        })
        .Case<DepthToSpaceOp>([&](DepthToSpaceOp op) {
          emitPatches(op.getInput(), shapeOf(op.getInput()), op.getBlock(),
                      false);
        })
        .Case<ConcatOp>([&](ConcatOp op) { emitConcat(op); })
        .Case<PadOp>([&](PadOp op) { emitPad(op); });
  }

private:
  void emitPack(PackOp op);
  void emitPackTransposed(PackOp op, Value panel);
  void emitPatches(Value input, ArrayRef<int64_t> patches, int64_t block,
                   bool gather);
  void emitConcat(ConcatOp op);
  void emitPad(PadOp op);
  void forRange(int64_t begin, int64_t end, int64_t step,
                function_ref<void(Value)> body);
  /// Copies `length` neighbouring elements; without a source, writes zeros.
  void copyRun(Value from, Value sourceAt, Value targetAt, int64_t length);

  ImplicitLocOpBuilder &builder;
  Value tileIndex;
  Operation *anchor;
  RegionEmitter region;
  Value result;
};

void MovementGenerator::forRange(int64_t begin, int64_t end, int64_t step,
                                 function_ref<void(Value)> body) {
  if (begin >= end)
    return;
  scf::ForOp::create(builder, region.index(begin), region.index(end),
                     region.index(step), ValueRange{},
                     [&](OpBuilder &, Location, Value i, ValueRange) {
                       body(i);
                       scf::YieldOp::create(builder);
                     });
}

void MovementGenerator::copyRun(Value from, Value sourceAt, Value targetAt,
                                int64_t length) {
  auto copyAt = [&](Value offset, int64_t lanes) {
    Value vector =
        from ? region.loadVector(from, region.add(sourceAt, offset), lanes)
             : region.zero();
    region.storeVector(vector, result, region.add(targetAt, offset), lanes);
  };
  int64_t whole = length / vectorLanes * vectorLanes;
  forRange(0, whole, vectorLanes,
           [&](Value offset) { copyAt(offset, vectorLanes); });
  if (whole != length)
    copyAt(region.index(whole), length - whole);
}

/// One tile is one panel: y[p,k,j] = rhs'[k, p*32+j].
void MovementGenerator::emitPack(PackOp op) {
  if (op.getForm() == ContractForm::NT)
    return emitPackTransposed(op, tileIndex);
  ArrayRef<int64_t> shape = shapeOf(op.getInput());
  int64_t depth = shape[0], columns = shape[1];
  Value input = region.buffer(op.getInput());
  Value first = region.mul(tileIndex, panelWidth);
  auto emitWidth = [&](int64_t width) {
    forRange(0, depth, 1, [&](Value k) {
      Value targetAt =
          region.mul(region.add(region.mul(tileIndex, depth), k), panelWidth);
      copyRun(input, region.add(region.mul(k, columns), first), targetAt,
              width);
      if (width != panelWidth)
        copyRun(nullptr, nullptr, region.add(targetAt, region.index(width)),
                panelWidth - width);
    });
  };
  int64_t tail = columns % panelWidth;
  if (tail == 0)
    return emitWidth(panelWidth);
  Value isTail =
      arith::CmpIOp::create(builder, arith::CmpIPredicate::eq, tileIndex,
                            region.index(columns / panelWidth));
  scf::IfOp::create(
      builder, isTail,
      [&](OpBuilder &, Location) {
        emitWidth(tail);
        scf::YieldOp::create(builder);
      },
      [&](OpBuilder &, Location) {
        emitWidth(panelWidth);
        scf::YieldOp::create(builder);
      });
}

/// Whole 16 x 16 blocks are turned in registers; the rest element by element.
void MovementGenerator::emitPackTransposed(PackOp op, Value panel) {
  ArrayRef<int64_t> shape = shapeOf(op.getInput());
  int64_t rows = shape[0], depth = shape[1];
  Value input = region.buffer(op.getInput());
  Value firstRow = region.mul(panel, panelWidth);
  Value panelAt = region.mul(panel, depth * panelWidth);
  int64_t wholeDepth = depth / vectorLanes * vectorLanes;
  auto square =
      VectorType::get({vectorLanes, vectorLanes}, builder.getF32Type());

  for (int64_t half = 0; half < panelWidth; half += vectorLanes) {
    Value row = region.add(firstRow, region.index(half));
    Value isWhole = arith::CmpIOp::create(
        builder, arith::CmpIPredicate::ule,
        region.add(row, region.index(vectorLanes)), region.index(rows));
    auto emitElements = [&](int64_t begin) {
      forRange(begin, depth, 1, [&](Value k) {
        Value targetAt = region.add(
            panelAt, region.add(region.mul(k, panelWidth), region.index(half)));
        forRange(0, vectorLanes, 1, [&](Value lane) {
          Value source = region.add(row, lane);
          Value inside = arith::CmpIOp::create(
              builder, arith::CmpIPredicate::ult, source, region.index(rows));
          auto element = scf::IfOp::create(
              builder, inside,
              [&](OpBuilder &, Location) {
                Value at = region.add(region.mul(source, depth), k);
                Value load = memref::LoadOp::create(builder, input, at);
                scf::YieldOp::create(builder, load);
              },
              [&](OpBuilder &, Location) {
                Value none = arith::ConstantOp::create(
                    builder, builder.getF32FloatAttr(0.0f));
                scf::YieldOp::create(builder, none);
              });
          memref::StoreOp::create(builder, element.getResult(0), result,
                                  region.add(targetAt, lane));
        });
      });
    };
    scf::IfOp::create(
        builder, isWhole,
        [&](OpBuilder &, Location) {
          forRange(0, wholeDepth, vectorLanes, [&](Value k) {
            Value block = arith::ConstantOp::create(
                builder,
                DenseElementsAttr::get(square, builder.getF32FloatAttr(0.0f)));
            for (int64_t lane = 0; lane < vectorLanes; ++lane) {
              Value at = region.add(
                  region.mul(region.add(row, region.index(lane)), depth), k);
              block = vector::InsertOp::create(
                  builder, region.loadVector(input, at, vectorLanes), block,
                  ArrayRef<int64_t>{lane});
            }
            block = vector::TransposeOp::create(builder, block,
                                                ArrayRef<int64_t>{1, 0});
            for (int64_t lane = 0; lane < vectorLanes; ++lane) {
              Value toRow =
                  region.mul(region.add(k, region.index(lane)), panelWidth);
              Value turned = vector::ExtractOp::create(builder, block,
                                                       ArrayRef<int64_t>{lane});
              region.storeVector(
                  turned, result,
                  region.add(panelAt, region.add(toRow, region.index(half))),
                  vectorLanes);
            }
          });
          emitElements(wholeDepth);
          scf::YieldOp::create(builder);
        },
        [&](OpBuilder &, Location) {
          emitElements(0);
          scf::YieldOp::create(builder);
        });
  }
}

/// Between a map and its patches; one tile is one row of patches of one image.
void MovementGenerator::emitPatches(Value input, ArrayRef<int64_t> patches,
                                    int64_t block, bool gather) {
  int64_t width = patches[2], run = patches[3] / block;
  Value from = region.buffer(input);
  forRange(0, width, 1, [&](Value column) {
    Value patch = region.mul(region.add(region.mul(tileIndex, width), column),
                             patches[3]);
    for (int64_t i = 0; i < block; ++i) {
      // Rows of all images follow each other, so the tile index counts them.
      Value mapRow = region.add(region.mul(tileIndex, block), region.index(i));
      Value map =
          region.add(region.mul(mapRow, width * run), region.mul(column, run));
      Value inPatch = region.add(patch, region.index(i * run));
      copyRun(from, gather ? map : inPatch, gather ? inPatch : map, run);
    }
  });
}

void MovementGenerator::emitConcat(ConcatOp op) {
  int64_t offset = 0;
  for (auto [number, input] : llvm::enumerate(op.getInputs())) {
    int64_t size = cast<RankedTensorType>(input.getType()).getNumElements();
    Value mine = arith::CmpIOp::create(builder, arith::CmpIPredicate::eq,
                                       tileIndex, region.index(number));
    scf::IfOp::create(builder, mine, [&](OpBuilder &, Location) {
      copyRun(region.buffer(input), region.index(0), region.index(offset),
              size);
      scf::YieldOp::create(builder);
    });
    offset += size;
  }
}

/// One tile is one index of the first dimension.
void MovementGenerator::emitPad(PadOp op) {
  ArrayRef<int64_t> shape = shapeOf(op.getInput());
  int64_t size = 1;
  for (int64_t extent : shape.drop_front())
    size *= extent;
  Value source =
      arith::SubIOp::create(builder, tileIndex, region.index(op.getOffset()));
  Value inside = arith::CmpIOp::create(builder, arith::CmpIPredicate::ult,
                                       source, region.index(shape[0]));
  Value targetAt = region.mul(tileIndex, size);
  scf::IfOp::create(
      builder, inside,
      [&](OpBuilder &, Location) {
        copyRun(region.buffer(op.getInput()), region.mul(source, size),
                targetAt, size);
        scf::YieldOp::create(builder);
      },
      [&](OpBuilder &, Location) {
        copyRun(nullptr, nullptr, targetAt, size);
        scf::YieldOp::create(builder);
      });
}

} // namespace

void emitMovement(KernelContext context) { MovementGenerator(context).run(); }

int64_t movementTiles(KernelOp kernel) {
  Operation *anchor = anchorOf(kernel);
  ArrayRef<int64_t> result = shapeOf(anchor->getResult(0));
  return llvm::TypeSwitch<Operation *, int64_t>(anchor)
      .Case<SpaceToDepthOp>(
          [&](SpaceToDepthOp) { return result[0] * result[1]; })
      .Case<DepthToSpaceOp>([&](DepthToSpaceOp op) {
        return result[0] * shapeOf(op.getInput())[1];
      })
      .Case<ConcatOp>([](ConcatOp op) {
        return static_cast<int64_t>(op.getInputs().size());
      })
      .Default([&](Operation *) { return result[0]; });
}

} // namespace bcssl
