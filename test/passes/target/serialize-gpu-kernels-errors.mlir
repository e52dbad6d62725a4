// RUN: bcssl-opt %s --split-input-file --verify-diagnostics --bcssl-serialize-gpu-kernels

// expected-error @below {{expects one NVVM target of the GPU module}}
gpu.module @kernels {
  llvm.func @nothing() attributes {gpu.kernel, nvvm.kernel} {
    llvm.return
  }
}

// -----

// expected-error @below {{no code generator for sm_99: expects one of sm_80, sm_86, sm_87, sm_89, sm_90, sm_90a, sm_100, sm_100a, sm_120, sm_120a}}
gpu.module @kernels [#nvvm.target<O = 3, chip = "sm_99">] {
  llvm.func @nothing() attributes {gpu.kernel, nvvm.kernel} {
    llvm.return
  }
}

// -----

// LLVM ends the process for a version of PTX that is older than the chip.
// expected-error @below {{no code generator for sm_86: expects features +ptx71 or a later version, got '+ptx70'}}
gpu.module @kernels [#nvvm.target<O = 3, chip = "sm_86", features = "+ptx70">] {
  llvm.func @nothing() attributes {gpu.kernel, nvvm.kernel} {
    llvm.return
  }
}

// -----

// expected-error @below {{no code generator for sm_80: expects features +ptx70 or a later version, got '+sm_90'}}
gpu.module @kernels [#nvvm.target<O = 3, chip = "sm_80", features = "+sm_90">] {
  llvm.func @nothing() attributes {gpu.kernel, nvvm.kernel} {
    llvm.return
  }
}

// -----

// expected-error @below {{no code generator for sm_80: expects the triple nvptx64-nvidia-cuda, got x86_64}}
gpu.module @kernels [#nvvm.target<O = 3, triple = "x86_64", chip = "sm_80", features = "+ptx70">] {
  llvm.func @nothing() attributes {gpu.kernel, nvvm.kernel} {
    llvm.return
  }
}

// -----

// A function of NVIDIA's library, which is not there.
// expected-error @below {{expects kernels that call nothing, got a call of __nv_erff}}
gpu.module @kernels [#nvvm.target<O = 3, chip = "sm_80", features = "+ptx70">] {
  llvm.func @__nv_erff(f32) -> f32
  llvm.func @function(%at: !llvm.ptr) attributes {gpu.kernel, nvvm.kernel} {
    %0 = llvm.load %at : !llvm.ptr -> f32
    %1 = llvm.call @__nv_erff(%0) : (f32) -> f32
    llvm.store %1, %at : f32, !llvm.ptr
    llvm.return
  }
}

// -----

// An array that is indexed by a number known only later cannot be registers.
// expected-error @below {{expects kernels that keep their values in registers, got local memory}}
gpu.module @kernels [#nvvm.target<O = 3, chip = "sm_80", features = "+ptx70">] {
  llvm.func @array(%at: !llvm.ptr, %i: i64, %j: i64) attributes {gpu.kernel, nvvm.kernel} {
    %size = llvm.mlir.constant(64 : i64) : i64
    %zero = llvm.mlir.constant(0.0 : f32) : f32
    %one = llvm.mlir.constant(1.0 : f32) : f32
    %array = llvm.alloca %size x f32 : (i64) -> !llvm.ptr
    %0 = llvm.getelementptr %array[%i] : (!llvm.ptr, i64) -> !llvm.ptr, f32
    llvm.store volatile %one, %0 : f32, !llvm.ptr
    %1 = llvm.getelementptr %array[%j] : (!llvm.ptr, i64) -> !llvm.ptr, f32
    %2 = llvm.load volatile %1 : !llvm.ptr -> f32
    llvm.store %2, %at : f32, !llvm.ptr
    llvm.return
  }
}
