// RUN: bcssl-opt %s --split-input-file --verify-diagnostics --pass-pipeline="builtin.module(gpu.module(bcssl-pass-tensor-maps))"

gpu.module @kernels {
  // expected-error@+1 {{'llvm.func' op bcssl.tensor_maps expects an array with the last arguments' tensor maps}}
  llvm.func @more(%x: !llvm.ptr) attributes {bcssl.tensor_maps = [{}, {}], gpu.kernel, nvvm.kernel} {
    llvm.return
  }
}

// -----

gpu.module @kernels {
  // expected-error@+1 {{'llvm.func' op bcssl.tensor_maps expects an array with the last arguments' tensor maps}}
  llvm.func @number(%x: !llvm.ptr) attributes {bcssl.tensor_maps = 1 : i64, gpu.kernel, nvvm.kernel} {
    llvm.return
  }
}

// -----

gpu.module @kernels {
  // expected-error@+1 {{'llvm.func' op expects a pointer for the tensor map of argument 0}}
  llvm.func @number(%x: i64) attributes {bcssl.tensor_maps = [{}], gpu.kernel, nvvm.kernel} {
    llvm.return
  }
}
