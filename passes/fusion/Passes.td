//===- Passes.td - kernel formation ----------------------------*- tablegen -*-===//

#ifndef BCSSL_PASSES_FUSION_PASSES
#define BCSSL_PASSES_FUSION_PASSES

include "mlir/Pass/PassBase.td"

def FormKernels : Pass<"bcssl-form-kernels", "::mlir::func::FuncOp"> {
  let summary = "Partition forward and backward into kernel regions";
  let description = [{
    Groups the operations of an expanded program into `bcssl.kernel` regions.
    Each convolution, contraction and data movement anchors a kernel. Pointwise
    operations, row reductions and partial column sums join the kernel of their
    producer or of a sibling that reads the same tensor, where the iteration
    spaces agree and no cycle arises; so depthwise convolution and BatchNorm
    sums, BatchNorm and LayerNorm, contraction and bias and GELU, contraction
    and layer scale and residual, and the loss become one kernel each. Forward
    and backward are partitioned together: a value that the backward also reads
    is one more result of its kernel. At the end, groups of one shape whose
    elements follow from elements at the same place are joined where one feeds
    the other: AdamW and a parameter's moving average are one kernel.

    A column reduction over many rows is split: partial sums per tile in the
    kernel that produces the rows, then a columnwise kernel that adds them in
    order, so that the sum does not depend on threads.

    Pointwise values are computed again in a reader where that reads no more
    memory than loading them (`recompute`). A rowwise kernel gets one value a row
    from another one for that, such as the statistics of normalized rows.

    Does nothing to constants, reshapes and slices: they cost nothing. An
    operation that no kernel can hold is an error. Comes after `bcssl-expand`
    and `bcssl-pack-contractions`. Examples: test/passes/fusion/form-kernels.mlir,
    form-kernels-blocks.mlir and join-groups.mlir.
  }];
  let options = [
    Option<"fuse", "fuse", "bool", /*default=*/"true",
           "Join pointwise operations and reductions to kernels; without it each is a kernel of its own">,
    Option<"recompute", "recompute", "bool", /*default=*/"true",
           "Compute cheap pointwise values again instead of storing them">,
    Option<"contractionRows", "contraction-rows", "int64_t", /*default=*/"56",
           "Rows of a contraction's tile: those of one partial column sum">,
    Option<"partialSums", "partial-sums", "int64_t", /*default=*/"64",
           "Partial sums of a column reduction in a rowwise kernel">
  ];
  let dependentDialects = ["::bcssl::BcsslDialect"];
}

def NarrowActivations : Pass<"bcssl-narrow-activations", "::mlir::func::FuncOp"> {
  let summary = "Store what crosses kernels in bf16";
  let description = [{
    In a program that multiplies in bf16, kernels leave each other feature maps
    and their gradients rounded to bf16: the kernel that computes one goes on with
    the f32 value and rounds what it stores, readers widen what they load. A value
    that went into products was stored so before, and is now stored once. So the
    residual stream, what backward takes from forward, and the gradients between
    layers take half the memory.

    Stays in f32: parameters and what an optimizer makes of them, sums over
    images, statistics of rows, everything from logits to the loss, results of the
    program, tensors with few elements, and what a reader takes whole from memory
    (a columnwise sum). Does nothing to a program in f32. Comes after
    `bcssl-form-kernels`, and after `bcssl-mixed-precision` before that. Example:
    test/passes/fusion/narrow-activations.mlir.
  }];
  let options = [
    Option<"minElements", "min-elements", "int64_t", /*default=*/"65536",
           "Elements of a tensor from which on it is stored in bf16">
  ];
  let dependentDialects = ["::bcssl::BcsslDialect", "::mlir::arith::ArithDialect"];
}

#endif // BCSSL_PASSES_FUSION_PASSES
