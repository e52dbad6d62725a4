//===- RegionEmitter.h - values of a kernel's body at one place -*- C++ -*-===//
//
// All generators share this: given a kernel's body and the buffers of its
// operands and results, it emits the code that computes a value of the body at
// one site, a run of columns in one row. A generator writes the loops and binds
// its anchor's result; prologue and epilogue come from here. Values of bf16 are
// f32 in registers: rounded where they are stored and where the body says so.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_PASSES_CODEGEN_REGIONEMITTER_H
#define BCSSL_PASSES_CODEGEN_REGIONEMITTER_H

#include "dialects/bcssl/Bcssl.h"
#include "passes/codegen/Tiles.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/ADT/DenseMap.h"

namespace bcssl {

/// A vector of columns from `column` on in row `row` of the iteration space
/// (rows are all leading dimensions flattened). Of its lanes the first `lanes`
/// count (0: all): the others are undefined on loads and untouched on stores.
struct Site {
  mlir::Value row;
  mlir::Value column;
  int64_t lanes = 0;
};

/// The vectors that a generator works with.
struct VectorForm {
  int64_t width = vectorLanes;
  /// Whether whole vectors begin at multiples of their size (16 bytes at most)
  /// in buffers aligned to 16 bytes: a GPU loads and stores them in one piece.
  bool aligned = false;
};

class RegionEmitter {
public:
  /// `buffers`: one rank-1 memref per operand, then one per result.
  RegionEmitter(mlir::ImplicitLocOpBuilder &builder, KernelOp kernel,
                mlir::ValueRange buffers, llvm::ArrayRef<int64_t> space,
                VectorForm form = {});

  /// Forgets all values computed so far; bindings of row values are kept when
  /// `keepRows`. To be called at the start of every loop body.
  void enter(bool keepRows = false);

  /// Declares the vector (or, for one value a row, the scalar) of a body value.
  void bind(mlir::Value tensor, mlir::Value value) { values[tensor] = value; }
  void bindRow(mlir::Value tensor, mlir::Value value) { rows[tensor] = value; }

  /// The body value at the site: vector<width x f32>, i1 or i32.
  mlir::Value vectorAt(mlir::Value tensor, const Site &site);

  /// The body value with one element a row, as a scalar.
  mlir::Value scalarAt(mlir::Value tensor, mlir::Value row);

  /// Stores every yielded value that has the shape of the iteration space.
  void storeFull(const Site &site);

  /// The yielded partial column sums, with the numbers of their results.
  using Partial = std::pair<ReducePartialOp, unsigned>;
  llvm::ArrayRef<Partial> partials() const { return partialSums; }

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
  /// Loads the first `lanes` elements of a vector of `width` (0: all, the
  /// form's). Truth values lie in memory as bytes and are i1 in registers.
  mlir::Value loadVector(mlir::Value memref, mlir::Value at, int64_t lanes = 0,
                         int64_t width = 0);
  mlir::Value loadScalar(mlir::Value memref, mlir::Value at);
  void storeVector(mlir::Value vector, mlir::Value memref, mlir::Value at,
                   int64_t lanes = 0);
  mlir::Value splat(mlir::Value scalar);
  mlir::Value zero(int64_t width = 0);
  mlir::VectorType vectorType(int64_t width = 0);

  int64_t rowCount() const { return rowsTotal; }
  int64_t columnCount() const { return columns; }
  int64_t width() const { return form.width; }

private:
  mlir::Value emitVector(mlir::Value tensor, const Site &site);
  mlir::Value emitBroadcast(BroadcastOp op, const Site &site);
  mlir::Value emitTargets(CrossViewTargetsOp op, const Site &site);
  mlir::Value emitOneHot(OneHotOp op, const Site &site);
  mlir::Value emitRandom(RandomUniformOp op, const Site &site);
  mlir::Value emitColumnReduce(ReduceOp op, const Site &site);
  mlir::Value emitElementwise(mlir::Operation *op, mlir::ValueRange operands,
                              mlir::Type type);
  mlir::Value splatConstant(mlir::arith::ConstantOp op);
  mlir::Value laneColumns(mlir::Value column);
  llvm::MaybeAlign alignmentOf(mlir::Type element, int64_t width) const;
  mlir::Value quotientRow(mlir::Value row, llvm::ArrayRef<int64_t> shape,
                          llvm::ArrayRef<int64_t> dims);

  mlir::ImplicitLocOpBuilder &builder;
  KernelOp kernel;
  llvm::SmallVector<mlir::Value> buffers;
  llvm::SmallVector<int64_t> space;
  int64_t rowsTotal = 1, columns = 1;
  VectorForm form;
  llvm::SmallVector<Partial> partialSums;
  llvm::DenseMap<mlir::Value, mlir::Value> values, rows;
};

} // namespace bcssl

#endif // BCSSL_PASSES_CODEGEN_REGIONEMITTER_H
