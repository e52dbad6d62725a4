//===- Passes.td - code generation for NVIDIA GPUs -------------*- tablegen -*-===//

#ifndef BCSSL_PASSES_CODEGEN_GPU_PASSES
#define BCSSL_PASSES_CODEGEN_GPU_PASSES

include "mlir/Pass/PassBase.td"

def MergeKernels : Pass<"bcssl-merge-kernels", "::mlir::func::FuncOp"> {
  let summary = "Let small kernels that need nothing of each other share a launch";
  let description = [{
    Puts small kernels into a `bcssl.kernel` that holds them: the updates of all
    parameters, their gradients' norms, the teacher's averages. One sweep holds
    small kernels back until another one needs what they make; what waits by then
    and may run there comes along. No kernel runs after one that needs it or that
    gives a variable which it reads its new value, and hardly more memory is held
    than the program needs at its peak. Results have the same bits: each part
    keeps its tile; where it has fewer threads than others, the rest do nothing.

    A merged kernel has at most 480 buffers (4 KiB of parameters) and 32
    different bodies. Kernels that are built around a convolution or contraction,
    that read and write more than `most-bytes`, have a tile or no generator stay
    as they are. Comes after `bcssl-form-kernels`, for GPUs only.
    Example: test/passes/codegen/gpu/merge-kernels.mlir.
  }];
  let options = [
    Option<"chip", "chip", "std::string", /*default=*/"\"sm_90a\"", "chip to merge for">,
    Option<"mostBytes", "most-bytes", "int64_t", /*default=*/"16 << 20",
           "bytes of the largest kernel to merge">,
    Option<"spareBytes", "spare-bytes", "int64_t", /*default=*/"1 << 20",
           "bytes that may be held beyond the program's peak">
  ];
  let dependentDialects = ["::bcssl::BcsslDialect"];
}

def ChooseGpuTiles : Pass<"bcssl-choose-gpu-tiles", "::mlir::func::FuncOp"> {
  let summary = "Choose the tile configuration of every kernel for a GPU";
  let description = [{
    Writes the choice of the family's cost model into `tile` of each kernel that
    has none: what a thread and a block compute, and for depthwise kernels how far
    the filter reaches on this map (`passes/codegen/Tiles.h`). The choice depends
    on the chip's shared memory. Does nothing to kernels that have a tile or no
    generator. Comes after `bcssl-form-kernels`.
    Example: test/passes/codegen/gpu/choose-gpu-tiles.mlir.
  }];
  let options = [
    Option<"chip", "chip", "std::string", /*default=*/"\"sm_90a\"", "chip to choose for">,
    Option<"specialize", "specialize", "bool", /*default=*/"true",
           "let warp groups copy for others, where contractions have many tiles">
  ];
  let dependentDialects = ["::bcssl::BcsslDialect"];
}

def EmitGpuKernels : Pass<"bcssl-emit-gpu-kernels", "::mlir::ModuleOp"> {
  let summary = "Emit one GPU function per kernel region";
  let description = [{
    Emits every `bcssl.kernel` as a function of the GPU module `@kernels`, with
    gpu, scf, vector and arith operations on rank-1 memrefs, and writes its
    launch on the kernel: `symbol`, `tiles` (blocks), `threads` (of a block) and
    `shared_bytes` (dynamic shared memory). Kernels with equal bodies and types
    share a function. Buffers must be aligned to 16 bytes. Behind its buffers a
    function takes a pointer to each tensor map that its copies read by TMA; its
    attribute `bcssl.tensor_maps` says what they hold.

    Every family has a generator for f32 and bf16. For a kernel that it cannot
    emit (other types, functions that would need a library, packed operands)
    `missing` says whether to stop with an error or to go on with a remark; such a
    kernel gets no `symbol`. Comes after `bcssl-choose-gpu-tiles`.
    Example: test/passes/codegen/gpu/emit-gpu-kernels.mlir.
  }];
  let options = [
    Option<"chip", "chip", "std::string", /*default=*/"\"sm_90a\"", "chip to emit for">,
    Option<"missing", "missing", "::bcssl::MissingGenerator",
           /*default=*/"::bcssl::MissingGenerator::Error",
           "what to do with kernels that have no generator", [{llvm::cl::values(
             clEnumValN(::bcssl::MissingGenerator::Error, "error", "stop"),
             clEnumValN(::bcssl::MissingGenerator::Remark, "remark", "say so and go on"))}]>
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::gpu::GPUDialect",
    "::mlir::LLVM::LLVMDialect", "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect",
    "::mlir::NVVM::NVVMDialect", "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"];
}

#endif // BCSSL_PASSES_CODEGEN_GPU_PASSES
