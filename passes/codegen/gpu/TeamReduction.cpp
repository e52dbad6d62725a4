//===- TeamReduction.cpp - sums over neighbouring threads -----------------===//

#include "passes/codegen/gpu/TeamReduction.h"

#include "passes/codegen/Tiles.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include <limits>

using namespace mlir;

namespace bcssl {

static constexpr int64_t warp = 32;

float TeamReduction::neutral(ReduceKind kind) {
  return kind == ReduceKind::Sum ? 0.0f
                                 : -std::numeric_limits<float>::infinity();
}

Value TeamReduction::combine(ReduceKind kind, Value a, Value b) {
  if (kind == ReduceKind::Sum)
    return arith::AddFOp::create(kernel.builder, a, b);
  return arith::MaximumFOp::create(kernel.builder, a, b);
}

Value TeamReduction::reduce(ReduceKind kind, Value vector) {
  auto combiner = kind == ReduceKind::Sum ? vector::CombiningKind::ADD
                                          : vector::CombiningKind::MAXIMUMF;
  Value result = vector::ReductionOp::create(kernel.builder, combiner, vector);
  for (int64_t offset = 1; offset < std::min(team, warp); offset *= 2)
    result = combine(kind, result, kernel.shuffleXor(result, offset));
  if (team <= warp)
    return result;

  // One number a warp through shared memory; every thread adds all of them.
  int64_t warps = threads / warp;
  Type element = kernel.builder.getF32Type();
  if (!warpResults)
    warpResults = kernel.sharedMemory(warps, element);
  Value thread = kernel.thread(threads);
  Value leads =
      arith::CmpIOp::create(kernel.builder, arith::CmpIPredicate::eq,
                            kernel.remainder(thread, warp), kernel.index(0));
  kernel.barrier(); // the results before these have been read
  kernel.when(leads, [&] {
    memref::StoreOp::create(kernel.builder, result, warpResults,
                            kernel.quotient(thread, warp));
  });
  kernel.barrier();
  Value total;
  for (int64_t number = 0; number < warps; ++number) {
    Value one = memref::LoadOp::create(kernel.builder, warpResults,
                                       kernel.index(number));
    total = total ? combine(kind, total, one) : one;
  }
  return total;
}

Value TeamReduction::sharedSums(int64_t elements) {
  if (!sums)
    sums = kernel.sharedMemory(elements, kernel.builder.getF32Type());
  return sums;
}

int64_t TeamReduction::sharedBytes(int64_t team, int64_t threads, bool reduces,
                                   int64_t sums) {
  constexpr int64_t bytes = sizeof(float);
  int64_t total = 0;
  if (reduces && team > warp)
    total += llvm::alignTo(threads / warp * bytes, gpuWideBytes);
  return total + llvm::alignTo(sums * bytes, gpuWideBytes);
}

} // namespace bcssl
