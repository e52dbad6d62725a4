//===- RegionEmitter.h - values of a kernel's body in one thread -*- C++
//-*-===//
//
// The counterpart of codegen/cpu/RegionEmitter.h: emits the pointwise values
// around an anchor for the channels that a thread holds. Values of bf16 are
// kept in f32 and rounded where they are stored.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_PASSES_CODEGEN_GPU_REGIONEMITTER_H
#define BCSSL_PASSES_CODEGEN_GPU_REGIONEMITTER_H

#include "dialects/bcssl/Bcssl.h"
#include "passes/codegen/Tiles.h"
#include "passes/codegen/gpu/KernelBuilder.h"

#include "llvm/ADT/DenseMap.h"

namespace bcssl {

/// `gpuLanes` channels from `channel` on in row `row` of the iteration space
/// (rows are all leading dimensions flattened). `channel` is a multiple of
/// `gpuLanes` and on the map; the lanes after it may be beyond the last
/// channel.
struct GpuSite {
  mlir::Value row;
  mlir::Value channel;
};

class GpuRegionEmitter {
public:
  /// `buffers`: one rank-1 memref per operand, then one per result.
  GpuRegionEmitter(KernelBuilder &kernel, KernelOp op, mlir::ValueRange buffers,
                   int64_t channels)
      : kernel(kernel), op(op), buffers(buffers), channels(channels) {}

  /// Why the operation cannot be emitted; empty if it can. `anchor` is the
  /// operation whose result the generator binds.
  static std::string missing(mlir::Operation *op, mlir::Operation *anchor);

  /// Forgets the values of the last site, and declares those of the anchor.
  void enter(mlir::Value anchorResult, mlir::Value vector);

  /// Stores every yielded value.
  void store(const GpuSite &site);

  /// The buffer of an argument of the body.
  mlir::Value buffer(mlir::Value bodyArgument) const;

private:
  mlir::Value vectorAt(mlir::Value tensor, const GpuSite &site);
  mlir::Value emit(mlir::Value tensor, const GpuSite &site);
  mlir::Value emitConstant(mlir::arith::ConstantOp op);
  mlir::Value emitBroadcast(BroadcastOp op, const GpuSite &site);
  mlir::Value emitElementwise(mlir::Operation *op, const GpuSite &site);

  /// Elements `first + channel` and on; `first` is a multiple of the channels.
  mlir::Value loadChannels(mlir::Value memref, mlir::Value first,
                           mlir::Value channel);
  void storeChannels(mlir::Value vector, mlir::Value memref, mlir::Value first,
                     mlir::Value channel);
  bool isWhole() const { return channels % gpuLanes == 0; }

  KernelBuilder &kernel;
  KernelOp op;
  mlir::ValueRange buffers;
  int64_t channels;
  llvm::DenseMap<mlir::Value, mlir::Value> values;
};

} // namespace bcssl

#endif // BCSSL_PASSES_CODEGEN_GPU_REGIONEMITTER_H
