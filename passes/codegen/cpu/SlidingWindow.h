//===- SlidingWindow.h - the products of one row of a convolution -*- C++
//-*-===//

#ifndef BCSSL_PASSES_CODEGEN_CPU_SLIDINGWINDOW_H
#define BCSSL_PASSES_CODEGEN_CPU_SLIDINGWINDOW_H

#include "mlir/IR/Value.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace bcssl {

/// A run of neighbouring outputs of a map row and of filter columns.
struct SlidingWindow {
  int64_t firstOutput, outputs;
  int64_t firstTap, endTap;
  int64_t filterWidth, mapWidth;
};

/// Calls `visit(column, output, tap)` for every product whose input column lies
/// on the map, input columns in order: each is loaded once for all outputs that
/// need it. Outputs count from `firstOutput`.
inline void forProducts(
    const SlidingWindow &window,
    llvm::function_ref<void(int64_t column, int64_t output, int64_t tap)>
        visit) {
  int64_t offsets = window.endTap + window.outputs - 1;
  for (int64_t offset = window.firstTap; offset < offsets; ++offset) {
    int64_t column = window.firstOutput + offset - window.filterWidth / 2;
    if (column < 0 || column >= window.mapWidth)
      continue;
    for (int64_t output = 0; output < window.outputs; ++output)
      if (int64_t tap = offset - output;
          tap >= window.firstTap && tap < window.endTap)
        visit(column, output, tap);
  }
}

/// Vectors that are loaded where they are first needed.
class LazyVectors {
public:
  explicit LazyVectors(llvm::function_ref<mlir::Value(int64_t)> load)
      : load(load) {}

  mlir::Value operator[](int64_t number) {
    mlir::Value &vector = loaded[number];
    return vector ? vector : vector = load(number);
  }

private:
  llvm::function_ref<mlir::Value(int64_t)> load;
  llvm::DenseMap<int64_t, mlir::Value> loaded;
};

} // namespace bcssl

#endif // BCSSL_PASSES_CODEGEN_CPU_SLIDINGWINDOW_H
