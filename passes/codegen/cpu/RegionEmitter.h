//===- RegionEmitter.h - values of a kernel's body at one place -*- C++ -*-===//
//
// All CPU generators share this: given a kernel's body and the buffers of its
// operands and results, it emits the code that computes a value of the body at
// one site, a run of up to 16 columns in one row. A generator writes the loops
// and binds its anchor's result; prologue and epilogue come from here.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_PASSES_CODEGEN_CPU_REGIONEMITTER_H
#define BCSSL_PASSES_CODEGEN_CPU_REGIONEMITTER_H

#include "dialects/bcssl/Bcssl.h"
#include "passes/codegen/Tiles.h"

#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/ADT/DenseMap.h"

namespace bcssl {

/// `lanes` columns from `column` on in row `row` of the iteration space (rows
/// are all leading dimensions flattened). Lanes beyond `lanes` are undefined on
/// loads and untouched on stores.
struct Site {
  mlir::Value row;
  mlir::Value column;
  int64_t lanes = vectorLanes;
};

class RegionEmitter {
public:
  /// `buffers`: one rank-1 memref per operand, then one per result.
  RegionEmitter(mlir::ImplicitLocOpBuilder &builder, KernelOp kernel,
                mlir::ValueRange buffers, llvm::ArrayRef<int64_t> space);

  /// Forgets all values computed so far; bindings of row values are kept when
  /// `keepRows`. To be called at the start of every loop body.
  void enter(bool keepRows = false);

  /// Declares the vector (or, for one value a row, the scalar) of a body value.
  void bind(mlir::Value tensor, mlir::Value value) { values[tensor] = value; }
  void bindRow(mlir::Value tensor, mlir::Value value) { rows[tensor] = value; }

  /// The body value at the site, as vector<16xf32>.
  mlir::Value vectorAt(mlir::Value tensor, const Site &site);

  /// The body value with one element a row, as a scalar.
  mlir::Value scalarAt(mlir::Value tensor, mlir::Value row);

  /// Stores every yielded value that has the shape of the iteration space.
  void storeFull(const Site &site);

  /// Adds to row `tile` of every yielded partial column sum.
  void accumulatePartials(const Site &site, mlir::Value tile);
  /// Sets row `tile` of every yielded partial column sum to zero.
  void clearPartials(mlir::Value tile, int64_t columns);
  /// The same for one panel of columns only.
  void clearPartials(mlir::Value tile, mlir::Value panel);
  bool hasPartials() const { return !partials.empty(); }

  /// Stores every yielded value with one element a row.
  void storeRows(mlir::Value row);

  bool isFull(mlir::Value tensor) const;
  bool isRow(mlir::Value tensor) const;
  mlir::Value buffer(mlir::Value bodyArgument) const;
  mlir::Value resultBuffer(unsigned index);

  /// A loop that carries no values.
  void forRange(mlir::Value begin, mlir::Value end, int64_t step,
                llvm::function_ref<void(mlir::Value)> body);

  mlir::Value index(int64_t value);
  mlir::Value add(mlir::Value a, mlir::Value b);
  mlir::Value mul(mlir::Value a, int64_t b);
  /// Loads the first `lanes` elements of a vector of `width`. Truth values lie
  /// in memory as bytes and are i1 in registers.
  mlir::Value loadVector(mlir::Value memref, mlir::Value at, int64_t lanes,
                         int64_t width = vectorLanes);
  mlir::Value loadScalar(mlir::Value memref, mlir::Value at);
  void storeVector(mlir::Value vector, mlir::Value memref, mlir::Value at,
                   int64_t lanes);
  mlir::Value splat(mlir::Value scalar);
  mlir::Value zero(int64_t width = vectorLanes);
  mlir::VectorType vectorType(int64_t width = vectorLanes);

  int64_t rowCount() const { return rowsTotal; }
  int64_t columnCount() const { return columns; }

private:
  mlir::Value emitVector(mlir::Value tensor, const Site &site);
  mlir::Value emitBroadcast(BroadcastOp op, const Site &site);
  mlir::Value emitTargets(CrossViewTargetsOp op, const Site &site);
  mlir::Value emitOneHot(OneHotOp op, const Site &site);
  mlir::Value emitRandom(RandomUniformOp op, const Site &site);
  mlir::Value emitColumnReduce(ReduceOp op, const Site &site);
  mlir::Value emitElementwise(mlir::Operation *op, mlir::ValueRange operands,
                              mlir::Type type);
  mlir::Value quotientRow(mlir::Value row, llvm::ArrayRef<int64_t> shape,
                          llvm::ArrayRef<int64_t> dims);

  mlir::ImplicitLocOpBuilder &builder;
  KernelOp kernel;
  llvm::SmallVector<mlir::Value> buffers;
  llvm::SmallVector<int64_t> space;
  int64_t rowsTotal = 1, columns = 1;
  llvm::SmallVector<std::pair<ReducePartialOp, unsigned>> partials;
  llvm::DenseMap<mlir::Value, mlir::Value> values, rows;
};

} // namespace bcssl

#endif // BCSSL_PASSES_CODEGEN_CPU_REGIONEMITTER_H
