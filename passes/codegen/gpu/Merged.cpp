//===- Merged.cpp - several kernels in one launch -------------------------===//
//
// Parts of equal text share one body. The blocks of a body's parts stand one
// after another; a block compares its number with constants to find its body,
// and the quotient by the blocks of a part says whose buffers it works on. All
// threads of a block go the same way. Where a part has fewer than others, the
// last threads do nothing, and its barriers wait for as many as it has.
//
//===----------------------------------------------------------------------===//

#include "passes/codegen/gpu/Merged.h"

#include "passes/codegen/MergedKernel.h"
#include "passes/codegen/gpu/KernelBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;

namespace bcssl {
namespace {

/// Parts of equal text.
struct SharedBody {
  SmallVector<KernelOp> parts;
  int64_t firstBlock = 0;
  int64_t blocks = 0; ///< of each part
};

auto partsOf(KernelOp merged) { return merged.getBody().getOps<KernelOp>(); }

SmallVector<SharedBody> bodiesOf(KernelOp merged) {
  SmallVector<SharedBody> bodies;
  llvm::StringMap<size_t> known;
  for (KernelOp part : partsOf(merged)) {
    auto [entry, isNew] = known.try_emplace(keyOf(part), bodies.size());
    if (isNew)
      bodies.emplace_back();
    bodies[entry->second].parts.push_back(part);
  }
  int64_t blocks = 0;
  for (SharedBody &body : bodies) {
    KernelOp part = body.parts.front();
    body.firstBlock = blocks;
    body.blocks = gpuGeneratorOf(part).launch(part).blocks;
    blocks += body.blocks * static_cast<int64_t>(body.parts.size());
  }
  return bodies;
}

class MergedGenerator {
public:
  explicit MergedGenerator(GpuKernelContext context)
      : builder(context.builder), kernel(context.builder), op(context.kernel),
        buffers(context.buffers), launch(gpuMerged.launch(op)) {}

  void run();

private:
  void emitBodies(ArrayRef<SharedBody> bodies);
  void emitBody(const SharedBody &body);
  void adapt(Value inside, int64_t threads);
  SmallVector<Value> buffersOf(KernelOp part);
  SmallVector<Value> chooseBuffers(ArrayRef<KernelOp> parts, Value number);

  ImplicitLocOpBuilder &builder;
  KernelBuilder kernel;
  KernelOp op;
  ValueRange buffers;
  GpuLaunch launch;
  Value block; // of the grid
};

void MergedGenerator::run() {
  SmallVector<SharedBody> bodies = bodiesOf(op);
  block = kernel.block(launch.blocks);
  emitBodies(bodies);
}

/// Finds the block's body by halving.
void MergedGenerator::emitBodies(ArrayRef<SharedBody> bodies) {
  if (bodies.size() == 1)
    return emitBody(bodies.front());
  ArrayRef<SharedBody> front = bodies.take_front(bodies.size() / 2),
                       back = bodies.drop_front(front.size());
  scf::IfOp::create(
      builder, kernel.within(block, back.front().firstBlock),
      [&](OpBuilder &, Location) {
        emitBodies(front);
        scf::YieldOp::create(builder);
      },
      [&](OpBuilder &, Location) {
        emitBodies(back);
        scf::YieldOp::create(builder);
      });
}

void MergedGenerator::emitBody(const SharedBody &body) {
  KernelOp part = body.parts.front();
  Location outer = builder.getLoc();
  builder.setLoc(part.getLoc());
  Value local = kernel.add(block, -body.firstBlock);
  bool isAlone = body.parts.size() == 1;
  Value number =
      isAlone ? kernel.index(0) : kernel.quotient(local, body.blocks);
  Value inside = isAlone ? local : kernel.remainder(local, body.blocks);
  SmallVector<Value> chosen = chooseBuffers(body.parts, number);
  int64_t threads = gpuGeneratorOf(part).launch(part).threads;
  Value takesPart;
  if (threads < launch.threads)
    takesPart = kernel.within(kernel.thread(launch.threads), threads);
  kernel.when(takesPart, [&] {
    gpuGeneratorOf(part).emit({builder, part, chosen});
    adapt(inside, threads);
  });
  builder.setLoc(outer);
}

/// Gives a part's code the number of its own block, and barriers for its
/// threads.
void MergedGenerator::adapt(Value inside, int64_t threads) {
  // The code is at the end of a block that may have no parent yet.
  Block *code = builder.getInsertionBlock();
  code->walk([&](gpu::BlockIdOp number) {
    if (number.getResult() == block)
      return;
    number.getResult().replaceAllUsesWith(inside);
    number.erase();
  });
  if (threads == launch.threads)
    return;
  code->walk([&](gpu::BarrierOp barrier) {
    OpBuilder here(barrier);
    auto constant = [&](int64_t value) -> Value {
      return arith::ConstantOp::create(here, barrier.getLoc(),
                                       here.getI32IntegerAttr(value));
    };
    // The number 0 is that of barriers for the whole block.
    NVVM::BarrierOp::create(here, barrier.getLoc(), TypeRange{}, constant(1),
                            constant(threads), NVVM::BarrierReductionAttr{},
                            Value{});
    barrier.erase();
  });
}

SmallVector<Value> MergedGenerator::buffersOf(KernelOp part) {
  SmallVector<Value> result;
  for (Value input : part.getInputs())
    result.push_back(buffers[cast<BlockArgument>(input).getArgNumber()]);
  // The merged kernel yields the parts' results in order.
  auto yielded = op.getBody().front().getTerminator()->getOperands();
  auto first = llvm::find(yielded, part.getResult(0)) - yielded.begin();
  llvm::append_range(result, buffers.slice(op->getNumOperands() + first,
                                           part->getNumResults()));
  return result;
}

/// The buffers of part `number`.
SmallVector<Value> MergedGenerator::chooseBuffers(ArrayRef<KernelOp> parts,
                                                  Value number) {
  SmallVector<SmallVector<Value>> choices;
  for (KernelOp part : parts)
    choices.push_back(buffersOf(part));
  SmallVector<Value> result = choices.front();
  SmallVector<unsigned> different;
  for (unsigned i = 0; i < result.size(); ++i)
    if (llvm::any_of(choices,
                     [&](auto &choice) { return choice[i] != result[i]; }))
      different.push_back(i);
  if (different.empty())
    return result;
  SmallVector<Type> types;
  for (unsigned i : different)
    types.push_back(result[i].getType());
  size_t cases = parts.size() - 1; // the last is the default
  auto choice = scf::IndexSwitchOp::create(
      builder, types, number, llvm::to_vector(llvm::seq<int64_t>(0, cases)),
      cases);
  for (auto [i, region] : llvm::enumerate(choice->getRegions())) {
    OpBuilder::InsertionGuard guard(builder);
    builder.createBlock(&region);
    SmallVector<Value> chosen;
    // The default comes first among the regions.
    for (unsigned buffer : different)
      chosen.push_back(choices[i == 0 ? cases : i - 1][buffer]);
    scf::YieldOp::create(builder, chosen);
  }
  for (auto [i, value] : llvm::zip_equal(different, choice.getResults()))
    result[i] = value;
  return result;
}

std::string missing(KernelOp merged) {
  for (KernelOp part : partsOf(merged))
    if (std::string reason = missingGpuGenerator(part); !reason.empty())
      return reason;
  return "";
}

DictionaryAttr choose(KernelOp merged, const GpuLimits &) {
  return DictionaryAttr::get(merged.getContext()); // its parts have tiles
}

LogicalResult check(KernelOp merged, const GpuLimits &limits) {
  for (KernelOp part : partsOf(merged))
    if (failed(checkGpuTile(part, limits)))
      return failure();
  return success();
}

GpuLaunch launchOf(KernelOp merged) {
  GpuLaunch launch;
  launch.blocks = 0;
  for (KernelOp part : partsOf(merged)) {
    GpuLaunch own = gpuGeneratorOf(part).launch(part);
    launch.blocks += own.blocks;
    // A block is of one part.
    launch.threads = std::max(launch.threads, own.threads);
    launch.sharedBytes = std::max(launch.sharedBytes, own.sharedBytes);
  }
  return launch;
}

void emit(GpuKernelContext context) { MergedGenerator(context).run(); }

} // namespace

const GpuGenerator gpuMerged = {missing, choose, check, launchOf, emit};

int64_t gpuThreadsOfPart(KernelOp kernel, const GpuLimits &limits) {
  KernelFamily family = kernel.getFamily();
  bool isLight = family == KernelFamily::Rowwise ||
                 family == KernelFamily::Columnwise ||
                 family == KernelFamily::Movement;
  if (!isLight || isMerged(kernel) || kernel.getTileAttr() ||
      !missingGpuGenerator(kernel).empty())
    return 0;
  const GpuGenerator &generator = gpuGeneratorOf(kernel);
  DictionaryAttr tile = generator.choose(kernel, limits);
  if (!tile)
    return 0;
  // The launch depends on the tile that the kernel will have.
  kernel.setTileAttr(tile);
  int64_t threads = generator.launch(kernel).threads;
  kernel.removeTileAttr();
  return threads;
}

} // namespace bcssl
