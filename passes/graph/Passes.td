//===- Passes.td - passes on whole programs --------------------*- tablegen -*-===//

#ifndef BCSSL_PASSES_GRAPH_PASSES
#define BCSSL_PASSES_GRAPH_PASSES

include "mlir/Pass/PassBase.td"

def Differentiate : Pass<"bcssl-differentiate", "::mlir::ModuleOp"> {
  let summary = "Replace gradients by the backward graph";
  let description = [{
    Walks back from the loss of each `bcssl.gradient` through the operations
    that the values reach, asks each for its derivative
    (DifferentiableInterface) and adds what flows into one value from several
    readers. A value that the loss does not depend on gets zeros. An operation
    without a derivative on the way is an error, unless it stands behind
    `bcssl.stop_gradient`. Comes before `bcssl-expand`; does nothing to programs
    without gradients. Gradients of operands that nobody asked for (of a network's
    input) are left to canonicalization, which removes unused operations.
    Example: test/passes/graph/differentiate.mlir.
  }];
  let dependentDialects = ["::bcssl::BcsslDialect", "::mlir::arith::ArithDialect",
                           "::mlir::math::MathDialect"];
}

def Expand : Pass<"bcssl-expand", "::mlir::ModuleOp"> {
  let summary = "Write coarse operations as pointwise operations and reductions";
  let description = [{
    Replaces every operation that can be expanded (ExpandableInterface) by
    `arith` and `math` operations on tensors, `bcssl.broadcast`, `bcssl.reduce`,
    convolutions and contractions. Equal pieces of forward and backward are
    built in the same way, so that merging common subexpressions joins them.
    A reduction over the last and other dimensions becomes one of the rows and
    one of the row results. `bcssl.stop_gradient`, and `bcssl.all_reduce` on one
    rank, vanish. Comes after `bcssl-differentiate`; a `bcssl.gradient` that is
    left is an error. Example: test/passes/graph/expand.mlir.
  }];
  let dependentDialects = ["::bcssl::BcsslDialect", "::mlir::arith::ArithDialect",
                           "::mlir::math::MathDialect"];
}

def FoldBatchNorm : Pass<"bcssl-fold-batch-norm", "::mlir::ModuleOp"> {
  let summary = "Fold BatchNorm with running statistics into the convolution before it";
  let description = [{
    Where `bcssl.batch_norm` is the only reader of a depthwise convolution and
    its statistics are arguments of the program (the running ones, which are
    variables), the filter is scaled by
    scale / sqrt(variance + epsilon) and what is left is one offset per channel.
    Does nothing where the statistics are computed from the batch; remarks say
    what was folded and why the rest was not. Comes before `bcssl-expand`.
    Example: test/passes/graph/fold-batch-norm.mlir.
  }];
  let dependentDialects = ["::bcssl::BcsslDialect", "::mlir::arith::ArithDialect",
                           "::mlir::math::MathDialect"];
}

def MixedPrecision : Pass<"bcssl-mixed-precision", "::mlir::func::FuncOp"> {
  let summary = "Multiply in bf16, add in f32";
  let description = [{
    Rounds the operands of every convolution and contraction in f32 to bf16, each
    value once, and leaves results in f32: products of bf16 are exact there, and
    sums, biases, activations and residuals around them are not rounded again.
    Variables keep their f32 values; all other arithmetic stays as it is.
    Rounding moves in front of reshapes, slices and data movement whose results
    only go into products, so that half as much is moved.

    Does nothing to operands of another precision, which a remark says; a coarse
    operation that is left is an error. Comes after `bcssl-expand` and before
    kernels are formed; what else crosses kernels is stored in bf16 by
    `bcssl-narrow-activations`. Example: test/passes/graph/mixed-precision.mlir.
  }];
  let dependentDialects = ["::bcssl::BcsslDialect", "::mlir::arith::ArithDialect"];
}

#endif // BCSSL_PASSES_GRAPH_PASSES
