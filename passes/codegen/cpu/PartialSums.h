//===- PartialSums.h - column sums of a tile --------------------*- C++ -*-===//
//
// A tile owns one row of every yielded partial column sum and adds to it in
// memory: the row stays in the first-level cache.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_PASSES_CODEGEN_CPU_PARTIALSUMS_H
#define BCSSL_PASSES_CODEGEN_CPU_PARTIALSUMS_H

#include "passes/codegen/RegionEmitter.h"

namespace bcssl {

class PartialSums {
public:
  PartialSums(mlir::ImplicitLocOpBuilder &builder, RegionEmitter &region)
      : builder(builder), region(region) {}

  bool empty() const { return region.partials().empty(); }
  /// Adds the values at a site to row `tile` of the sums.
  void accumulate(const Site &site, mlir::Value tile);
  /// Sets the first `columns` of row `tile` to zero.
  void clear(mlir::Value tile, int64_t columns);
  /// The same for one panel of columns only.
  void clearPanel(mlir::Value tile, mlir::Value panel);

private:
  mlir::Value sumsAt(mlir::Value tile, mlir::Value column);

  mlir::ImplicitLocOpBuilder &builder;
  RegionEmitter &region;
};

} // namespace bcssl

#endif // BCSSL_PASSES_CODEGEN_CPU_PARTIALSUMS_H
