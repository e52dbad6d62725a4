// RUN: bcssl-opt %s --pass-pipeline="builtin.module(gpu.module(bcssl-pass-tensor-maps))" | FileCheck %s

// CHECK-LABEL: gpu.module @kernels
gpu.module @kernels {
  // The two last arguments are maps, whatever they say.
  // CHECK:      llvm.func @copies(%{{[^:]*}}: !llvm.ptr,
  // CHECK-SAME:   %{{[^:]*}}: !llvm.ptr {llvm.align = 64 : i64, llvm.byval = !llvm.array<128 x i8>, nvvm.grid_constant},
  // CHECK-SAME:   %{{[^:]*}}: !llvm.ptr {llvm.align = 64 : i64, llvm.byval = !llvm.array<128 x i8>, nvvm.grid_constant})
  // CHECK-NOT:    bcssl.tensor_maps
  llvm.func @copies(%x: !llvm.ptr, %first: !llvm.ptr, %second: !llvm.ptr) attributes {bcssl.tensor_maps = [{}, {}], gpu.kernel, nvvm.kernel} {
    llvm.return
  }
  // A function without maps stays.
  // CHECK: llvm.func @other(%{{[^:]*}}: !llvm.ptr) attributes
  llvm.func @other(%x: !llvm.ptr) attributes {gpu.kernel, nvvm.kernel} {
    llvm.return
  }
}
