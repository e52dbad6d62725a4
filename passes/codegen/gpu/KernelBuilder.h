//===- KernelBuilder.h - the words of a GPU kernel --------------*- C++ -*-===//
//
// What every GPU generator says: where am I, index arithmetic that folds
// constants away, a piece of shared memory, a load that may fall outside.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_PASSES_CODEGEN_GPU_KERNELBUILDER_H
#define BCSSL_PASSES_CODEGEN_GPU_KERNELBUILDER_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace bcssl {

/// Words that every GPU generator uses; addresses count elements.
class KernelBuilder {
public:
  explicit KernelBuilder(mlir::ImplicitLocOpBuilder &builder)
      : builder(builder) {}

  /// Index of the thread in its block of `threads`, of the block in its grid of
  /// `blocks`. The bounds let LLVM divide in 32 bits.
  mlir::Value thread(int64_t threads);
  mlir::Value block(int64_t blocks);
  /// Waits until all threads of the block are here and see each other's stores.
  void barrier();
  /// The same for the first `threads` of the block, whole warps; the others go
  /// their own ways.
  void barrierOfFirst(int64_t threads);
  /// The same for the threads of a warp.
  void warpBarrier();

  mlir::Value index(int64_t value);
  mlir::Value add(mlir::Value a, mlir::Value b);
  mlir::Value add(mlir::Value a, int64_t b);
  mlir::Value sub(mlir::Value a, mlir::Value b);
  mlir::Value mul(mlir::Value a, int64_t b);
  /// Of a number that is not negative.
  mlir::Value quotient(mlir::Value a, int64_t b);
  mlir::Value remainder(mlir::Value a, int64_t b);
  mlir::Value min(mlir::Value a, mlir::Value b); ///< signed
  mlir::Value max(mlir::Value a, mlir::Value b); ///< signed
  /// 0 <= a < end, for a number that may be negative.
  mlir::Value within(mlir::Value a, int64_t end);
  /// `a and b`, where null stands for true.
  mlir::Value both(mlir::Value a, mlir::Value b);

  /// Emits the body under a condition; unconditionally if it is null.
  void when(mlir::Value condition, llvm::function_ref<void()> body);
  /// Emits the body for begin, begin + step, ... below end.
  void forRange(mlir::Value begin, mlir::Value end, int64_t step,
                llvm::function_ref<void(mlir::Value)> body);

  /// The value of the thread of the same warp whose number differs in the bits
  /// of `offset`. All 32 threads must be there.
  mlir::Value shuffleXor(mlir::Value value, int64_t offset);

  /// `elements` of the block's dynamic shared memory, behind what was given out
  /// before, aligned to 16 bytes. All kernels of a module share the symbol.
  mlir::Value sharedMemory(int64_t elements, mlir::Type element);

  /// Loads or stores `lanes` elements in one piece: `at` is a multiple of
  /// `lanes`, and the buffer is aligned to 16 bytes.
  mlir::Value load(mlir::Value memref, mlir::Value at, int64_t lanes);
  void store(mlir::Value vector, mlir::Value memref, mlir::Value at);
  /// The same, or zeros where the condition is false (null: never).
  mlir::Value loadWhen(mlir::Value condition, mlir::Value memref,
                       mlir::Value at, int64_t lanes);

  /// A vector with every lane `value`.
  mlir::Value splat(mlir::TypedAttr value, int64_t lanes);
  mlir::Value zeros(mlir::Type element, int64_t lanes);
  /// Converts a vector of bf16 to f32; others stay.
  mlir::Value widen(mlir::Value vector);
  /// Rounds a vector of f32 to the element type, if that is bf16.
  mlir::Value narrow(mlir::Value vector, mlir::Type element);

  mlir::ImplicitLocOpBuilder &builder;

private:
  int64_t sharedBytes = 0;
};

/// Declares the dynamic shared memory of a GPU module. An external symbol: an
/// internal one would be given a place among the static shared memory.
void declareSharedMemory(mlir::ImplicitLocOpBuilder &builder);

} // namespace bcssl

#endif // BCSSL_PASSES_CODEGEN_GPU_KERNELBUILDER_H
