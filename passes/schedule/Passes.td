//===- Passes.td - scheduling ----------------------------------*- tablegen -*-===//

#ifndef BCSSL_PASSES_SCHEDULE_PASSES
#define BCSSL_PASSES_SCHEDULE_PASSES

include "mlir/Pass/PassBase.td"

def PackContractions : Pass<"bcssl-pack-contractions", "::mlir::func::FuncOp"> {
  let summary = "Arrange the right operands of contractions in panels";
  let description = [{
    Replaces contractions of the forms `nt` and `nn` by `bcssl.pack` of the
    right operand and `bcssl.packed_contract`. Contractions that share a weight
    share the packed copy after common subexpressions are merged. Does nothing
    to the form `tn`, whose operands are both read along rows. Comes before
    `bcssl-form-kernels`. Example: test/passes/schedule/pack-contractions.mlir.
  }];
  let dependentDialects = ["::bcssl::BcsslDialect"];
}

def SplitReductions : Pass<"bcssl-split-reductions", "::mlir::func::FuncOp"> {
  let summary = "Sum long reductions of few results in parts";
  let description = [{
    A GPU has no work for all its multiprocessors where few results are long sums:
    a weight gradient over all rows or images, the gradient of the input of a
    layer with many outputs. Contractions and filter gradients that give fewer
    than `blocks` blocks get that many `parts`, each a sum in f32 over some of
    the terms; a `bcssl.reduce` adds the parts in order. Costs the parts' memory.
    Does nothing where there are enough results, where parts would have under 256
    rows (`tn`) or 2,048 terms (`nt`, `nn`; of a multiple of 64), and to
    operations that have parts. Comes before `bcssl-form-kernels`, for GPUs only.
    Example: test/passes/schedule/split-reductions.mlir.
  }];
  let options = [
    Option<"blocks", "blocks", "int64_t", /*default=*/"264",
           "blocks to make: two for each multiprocessor">
  ];
  let dependentDialects = ["::bcssl::BcsslDialect", "::mlir::arith::ArithDialect"];
}

def TileLargeKernels : Pass<"bcssl-tile-large-kernels", "::mlir::func::FuncOp"> {
  let summary = "Clip depthwise filters to the taps that can meet the map, and tile them";
  let description = [{
    A filter tap further from the centre than the map is long meets no pixel:
    of a 31x31 filter on a 7x7 map 169 of 961 taps can. The pass writes the
    reach of each depthwise kernel into its tile configuration and chooses how
    many outputs and filter columns stay in registers. Comes after
    `bcssl-form-kernels`. Example: test/passes/schedule/tile-large-kernels.mlir.
  }];
  let dependentDialects = ["::bcssl::BcsslDialect"];
}

def ChooseTiles : Pass<"bcssl-choose-tiles", "::mlir::func::FuncOp"> {
  let summary = "Choose the tile configuration of every kernel";
  let description = [{
    Writes the cost model's choice into `tile` of each kernel that has none.
    Kernels with partial sums take the rows of one partial sum as a tile.
    Comes after `bcssl-tile-large-kernels`.
    Example: test/passes/schedule/choose-tiles.mlir.
  }];
  let dependentDialects = ["::bcssl::BcsslDialect"];
}

def PlanMemory : Pass<"bcssl-plan-memory", "::mlir::ModuleOp"> {
  let summary = "Give every value its place in one arena";
  let description = [{
    Assigns to each operand and result of each kernel a slot [space, offset,
    bytes]: state (variables), input, output, or arena. Values live from their
    kernel to their last reader; largest first, each takes the lowest offset
    that is free during its life. The new value of a variable is written to the
    variable's own place where every reader of the old value has run before, or
    reads the same element in the same kernel; else it is copied at the end
    (`bcssl.moves` of the function). An operation outside of kernels, an argument or a result
    without a name, and the name of no variable or of one with another type are
    errors. Comes after `bcssl-emit-cpu-kernels`. Example: test/passes/schedule/plan-memory.mlir.
  }];
  let dependentDialects = ["::bcssl::BcsslDialect"];
}

def VerifyMemory : Pass<"bcssl-verify-memory", "::mlir::ModuleOp"> {
  let summary = "Run a memory plan on paper and compare what is read";
  let description = [{
    Follows which value's bytes each slot holds while kernels and moves run in
    order, without regard to how the plan was made. It is an error where a
    kernel's operand, a result of the program, or a variable that has no new
    value does not lie in its place; where a result lies over an operand of the
    same kernel that is read elsewhere, over another result, or over an input;
    and where a slot is no part of its space or not of its value's size. Changes
    nothing. Comes last, after `bcssl-plan-memory`.
    Example: test/passes/schedule/verify-memory.mlir.
  }];
}

#endif // BCSSL_PASSES_SCHEDULE_PASSES
