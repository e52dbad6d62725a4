//===- Passes.td - code generation for the CPU -----------------*- tablegen -*-===//

#ifndef BCSSL_PASSES_CODEGEN_CPU_PASSES
#define BCSSL_PASSES_CODEGEN_CPU_PASSES

include "mlir/Pass/PassBase.td"

def EmitCpuKernels : Pass<"bcssl-emit-cpu-kernels", "::mlir::ModuleOp"> {
  let summary = "Emit one function per kernel region";
  let description = [{
    Emits the code of one tile of every `bcssl.kernel` as a function of the
    module `@kernels`, with scf, vector and arith operations on rank-1 memrefs,
    and names it on the kernel (`symbol`, `tiles`). Kernels with equal bodies
    and types share a function. The kernels themselves stay: the memory plan and
    the artifact are made from them. Elements are f32, i32 or i1, which lies in
    memory as bytes; a region or a tile that no generator can work with is an
    error. The code is made for the registers of `level`, which the module
    `@kernels` carries as `bcssl.level`. Comes after `bcssl-choose-tiles`.
    Example: test/passes/codegen/cpu/emit-cpu-kernels.mlir.
  }];
  let options = [
    Option<"level", "level", "std::string", /*default=*/"\"x86-64-v4\"",
           "CPU whose registers are filled: x86-64-v3 or x86-64-v4">,
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
    "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
    "::mlir::vector::VectorDialect"];
}

#endif // BCSSL_PASSES_CODEGEN_CPU_PASSES
