// The assembler is a script that says what it is asked for; the real one is in
// codegen/gpu/cubin.mlir.
//
// RUN: echo '#!/bin/sh' > %t.ptxas
// RUN: echo 'echo "asked for $1 $2"; echo machine code > $5' >> %t.ptxas
// RUN: chmod +x %t.ptxas
// RUN: bcssl-opt %s --bcssl-serialize-gpu-kernels="ptxas=%t.ptxas ptx-file=%t.ptx" -o %t.mlir
// RUN: FileCheck %s --input-file=%t.mlir
// RUN: FileCheck %s --input-file=%t.ptx --check-prefix=PTX
// RUN: env BCSSL_PTXAS=%t.ptxas bcssl-opt %s --bcssl-serialize-gpu-kernels | FileCheck %s

// CHECK-NOT:  gpu.module
// CHECK:      gpu.binary @kernels [
// CHECK-SAME:   #gpu.object<#nvvm.target<O = 3, chip = "sm_80", features = "+ptx70">, assembly = "
// CHECK-SAME:   .visible .entry copy(
// CHECK-SAME:   #gpu.object<#nvvm.target<O = 3, chip = "sm_80", features = "+ptx70">,
// CHECK-SAME:   properties = {notes = "asked for -v -arch=sm_80\0A"}, bin = "machine code\0A">]
// CHECK-NOT:  gpu.module

// PTX: .target sm_80
// PTX: .visible .entry copy(
// PTX: ld.global.b32
// PTX: st.global.b32
gpu.module @kernels [#nvvm.target<O = 3, chip = "sm_80", features = "+ptx70">] {
  llvm.func @copy(%from: !llvm.ptr, %to: !llvm.ptr) attributes {gpu.kernel, nvvm.kernel} {
    %0 = llvm.load %from : !llvm.ptr -> f32
    llvm.store %0, %to : f32, !llvm.ptr
    llvm.return
  }
}
