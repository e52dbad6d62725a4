//===- Movement.cpp - kernels that only move data -------------------------===//
//
// Patches, concatenation and padding: each thread brings a vector of the result
// from where it comes from.
//
//===----------------------------------------------------------------------===//

#include "passes/codegen/RegionEmitter.h"
#include "passes/codegen/gpu/Generators.h"
#include "passes/codegen/gpu/KernelBuilder.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/TypeSwitch.h"

#include <numeric>

using namespace mlir;

namespace bcssl {
namespace {

constexpr int64_t threads = 256;

ArrayRef<int64_t> shapeOf(Value tensor) {
  return cast<RankedTensorType>(tensor.getType()).getShape();
}

int64_t elementsOf(Value tensor) { return llvm::product_of(shapeOf(tensor)); }

GpuMovementTile tileOf(KernelOp kernel) {
  GpuMovementTile tile;
  fromAttribute(kernel.getTileAttr(), tile);
  return tile;
}

/// Elements that move together: neighbours in both the source and the result.
int64_t runOf(Operation *anchor) {
  return llvm::TypeSwitch<Operation *, int64_t>(anchor)
      .Case<SpaceToDepthOp>([](SpaceToDepthOp op) {
        return shapeOf(op.getOutput())[3] / op.getBlock();
      })
      .Case<DepthToSpaceOp>([](DepthToSpaceOp op) {
        return shapeOf(op.getInput())[3] / op.getBlock();
      })
      .Case<ConcatOp>([](ConcatOp op) {
        int64_t run = 0;
        for (Value input : op.getInputs())
          run = std::gcd(run, elementsOf(input));
        return run;
      })
      .Case<PadOp>([](PadOp op) {
        return elementsOf(op.getInput()) / shapeOf(op.getInput())[0];
      })
      .Default([](Operation *) { return int64_t{1}; });
}

class MovementGenerator {
public:
  explicit MovementGenerator(GpuKernelContext context)
      : builder(context.builder), kernel(context.builder),
        anchor(anchorOf(context.kernel)), tile(tileOf(context.kernel)),
        region(context.builder, context.kernel, context.buffers,
               iterationSpace(context.kernel), {tile.lanes, /*aligned=*/true}),
        blocks(gpuMovement.launch(context.kernel).blocks) {}

  void run();

private:
  Value fromPatches(Value input, ArrayRef<int64_t> patches, int64_t block,
                    bool gather, Value at);
  Value fromInputs(ConcatOp op, Value at);
  Value fromPadded(PadOp op, Value at);

  ImplicitLocOpBuilder &builder;
  KernelBuilder kernel;
  Operation *anchor;
  GpuMovementTile tile;
  RegionEmitter region;
  int64_t blocks;
};

void MovementGenerator::run() {
  int64_t elements = elementsOf(anchor->getResult(0));
  Value number = kernel.add(kernel.mul(kernel.block(blocks), threads),
                            kernel.thread(threads));
  Value at = kernel.mul(number, tile.lanes);
  kernel.when(kernel.within(at, elements), [&] {
    Value vector =
        llvm::TypeSwitch<Operation *, Value>(anchor)
            .Case<SpaceToDepthOp>([&](SpaceToDepthOp op) {
              return fromPatches(op.getInput(), shapeOf(op.getOutput()),
                                 op.getBlock(), /*gather=*/true, at);
            })
            .Case<DepthToSpaceOp>([&](DepthToSpaceOp op) {
              return fromPatches(op.getInput(), shapeOf(op.getInput()),
                                 op.getBlock(), /*gather=*/false, at);
            })
            .Case<ConcatOp>([&](ConcatOp op) { return fromInputs(op, at); })
            .Case<PadOp>([&](PadOp op) { return fromPadded(op, at); });
    region.storeVector(vector, region.resultBuffer(0), at);
  });
}

/// Between a map and its patches [n, h, w, block * block * c]: element (i, j,
/// c) of a patch is pixel (h * block + i, w * block + j) of the map.
Value MovementGenerator::fromPatches(Value input, ArrayRef<int64_t> patches,
                                     int64_t block, bool gather, Value at) {
  int64_t width = patches[2];
  int64_t run = patches[3] / block; // one row of a patch
  Value inRun = kernel.remainder(at, run), rest = kernel.quotient(at, run);
  auto place = [&](Value first, int64_t size, Value second) {
    return kernel.add(kernel.mul(first, size), second);
  };
  // The runs of a map stand in the order (row, i, column), those of patches
  // (row, column, i); rows of all images follow each other.
  int64_t inner = gather ? block : width, outer = gather ? width : block;
  Value low = kernel.remainder(rest, inner);
  rest = kernel.quotient(rest, inner);
  Value high = kernel.remainder(rest, outer);
  Value row = kernel.quotient(rest, outer);
  Value source = place(place(row, inner, low), outer, high);
  return region.loadVector(region.buffer(input), place(source, run, inRun));
}

Value MovementGenerator::fromInputs(ConcatOp op, Value at) {
  Value result;
  int64_t first = 0;
  // Nested from the last input to the first.
  SmallVector<std::pair<Value, int64_t>> inputs;
  for (Value input : op.getInputs()) {
    inputs.push_back({input, first});
    first += elementsOf(input);
  }
  auto emit = [&](auto &self, size_t number) -> Value {
    auto [input, offset] = inputs[number];
    auto load = [&] {
      return region.loadVector(region.buffer(input), kernel.add(at, -offset));
    };
    if (number + 1 == inputs.size())
      return load();
    Value here = kernel.within(at, offset + elementsOf(input));
    auto choice = scf::IfOp::create(
        builder, here,
        [&](OpBuilder &, Location) { scf::YieldOp::create(builder, load()); },
        [&](OpBuilder &, Location) {
          scf::YieldOp::create(builder, self(self, number + 1));
        });
    return choice.getResult(0);
  };
  result = emit(emit, 0);
  return result;
}

Value MovementGenerator::fromPadded(PadOp op, Value at) {
  int64_t size = elementsOf(op.getInput()) / shapeOf(op.getInput())[0];
  Value source = kernel.add(at, -static_cast<int64_t>(op.getOffset()) * size);
  Value inside = kernel.within(source, elementsOf(op.getInput()));
  auto choice = scf::IfOp::create(
      builder, inside,
      [&](OpBuilder &, Location) {
        scf::YieldOp::create(
            builder, region.loadVector(region.buffer(op.getInput()), source));
      },
      [&](OpBuilder &, Location) {
        scf::YieldOp::create(builder, region.zero());
      });
  return choice.getResult(0);
}

std::string missing(KernelOp kernel) {
  Operation *anchor = anchorOf(kernel);
  if (isa<PackOp>(anchor))
    return "packing of a contraction's operand";
  Type element =
      cast<RankedTensorType>(anchor->getResult(0).getType()).getElementType();
  return element.isF32() || element.isBF16() ? ""
                                             : "elements of another type than "
                                               "f32 or bf16";
}

DictionaryAttr choose(KernelOp kernel, const GpuLimits &) {
  GpuMovementTile tile;
  int64_t run = runOf(anchorOf(kernel));
  while (run % tile.lanes != 0)
    tile.lanes /= 2;
  return toAttribute(kernel.getContext(), tile);
}

LogicalResult check(KernelOp kernel, const GpuLimits &) {
  GpuMovementTile tile = tileOf(kernel);
  if (isLegal(tile) && runOf(anchorOf(kernel)) % tile.lanes == 0)
    return success();
  return kernel.emitOpError()
         << "expects a legal tile of a movement kernel, got "
         << kernel.getTileAttr();
}

GpuLaunch launchOf(KernelOp kernel) {
  GpuLaunch launch;
  int64_t vectors =
      elementsOf(anchorOf(kernel)->getResult(0)) / tileOf(kernel).lanes;
  launch.blocks = llvm::divideCeil(vectors, threads);
  launch.threads = threads;
  return launch;
}

void emit(GpuKernelContext context) { MovementGenerator(context).run(); }

} // namespace

const GpuGenerator gpuMovement = {missing, choose, check, launchOf, emit};

} // namespace bcssl
