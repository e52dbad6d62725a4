//===- Passes.td - from emitted kernels to machine code --------*- tablegen -*-===//

#ifndef BCSSL_PASSES_TARGET_PASSES
#define BCSSL_PASSES_TARGET_PASSES

include "mlir/Pass/PassBase.td"

def ExpandMath : Pass<"bcssl-expand-math"> {
  let summary = "Expand erf, exp, log and the like into polynomials";
  let description = [{
    Rewrites the functions of the math dialect into arith operations: the same
    code on every target, vectorised, and without a mathematical library. Square
    roots and the like, which processors have, stay. It cannot fail: a function
    without a polynomial is left to the lowerings, which report it. Comes after
    the kernels are emitted. Example: test/passes/target/expand-math.mlir.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
    "::mlir::vector::VectorDialect"];
}

def ConvertGpuMath : Pass<"bcssl-convert-gpu-math"> {
  let summary = "Compute functions by the instructions that a GPU has";
  let description = [{
    Rewrites functions of f32 and its vectors: `math.sqrt`, `math.rsqrt`,
    `math.absf` and `math.floor` become calls of LLVM's intrinsics, correctly
    rounded; `math.exp` and `math.erf` polynomials around the power of two that
    PTX has, within three units in the last place; an erf that is only added to
    a constant as large, as in GELU, and rounded to bf16 takes half as many
    instructions and is within 1e-7. No libdevice is called. It cannot fail;
    other types and functions are left to `bcssl-expand-math` and to the
    lowerings, which report them. Stands before `bcssl-expand-math`, and once more
    behind it for what its polynomials leave.
    Example: test/passes/target/convert-gpu-math.mlir.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect",
    "::mlir::math::MathDialect"];
}

def PassTensorMaps : Pass<"bcssl-pass-tensor-maps", "::mlir::gpu::GPUModuleOp"> {
  let summary = "Give GPU kernels their tensor maps by value";
  let description = [{
    The last arguments of a function with the attribute `bcssl.tensor_maps` point
    to tensor maps (TMA). They become parameters that the launch passes by value:
    128 bytes each, aligned to 64, constants of the grid, so that the copy engine
    reads them where the driver put them. The attribute goes. Functions without
    it stay as they are. Comes after the GPU's conversion to NVVM, which keeps no
    such attribute of an argument.
    Example: test/passes/target/pass-tensor-maps.mlir.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::NVVM::NVVMDialect"];
}

def VerifyGpuKernels : Pass<"bcssl-verify-gpu-kernels", "::mlir::gpu::GPUModuleOp"> {
  let summary = "Check lowered GPU kernels for what would fail silently";
  let description = [{
    Reports what neither LLVM nor ptxas refuses, though the kernel then fails, is
    wrong or slow: functions without a body (libdevice is not linked); shared
    memory without a size that is not external, which would lie over other shared
    memory; more than 48 KiB of static shared memory; vector loads and stores
    without the alignment that lets them be one access of up to 16 bytes; results
    of `wgmma` that are read before a wait for all of them; tensor maps passed by
    value that are not constants of the grid aligned to 64 bytes. Changes nothing.
    Comes last in the pipeline `--bcssl-nvvm`.
    Example: test/passes/target/verify-gpu-kernels.mlir.
  }];
}

def SerializeGpuKernels : Pass<"bcssl-serialize-gpu-kernels", "::mlir::ModuleOp"> {
  let summary = "Compile GPU modules to PTX and cubin";
  let description = [{
    Replaces each `gpu.module` that is lowered to the LLVM dialect by a
    `gpu.binary` with its PTX and, where ptxas is found, a cubin for the module's
    chip, whose `notes` hold what ptxas said (registers, spills). PTX that calls a
    function or needs local memory is an error: neither would run, or run fast.
    ptxas is looked for in the option, `BCSSL_PTXAS`, the CUDA folders and `PATH`;
    without it there is only PTX, and a remark says so. Comes after the pipeline
    `--bcssl-nvvm`. Example: test/passes/target/serialize-gpu-kernels.mlir.
  }];
  let options = [
    Option<"ptxas", "ptxas", "std::string", /*default=*/"", "path of ptxas">,
    Option<"ptxFile", "ptx-file", "std::string", /*default=*/"",
           "also write the PTX here, - for stdout">
  ];
  let dependentDialects = ["::mlir::gpu::GPUDialect"];
}

#endif // BCSSL_PASSES_TARGET_PASSES
