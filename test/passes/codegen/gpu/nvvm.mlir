// The way from a model's operation to PTX, without libdevice and without local
// memory: the maps are not whole tiles, so that all edges are in the code.
//
// RUN: bcssl-opt %s --bcssl-nvvm | FileCheck %s --check-prefix=NVVM
// RUN: bcssl-opt %s --bcssl-nvvm --bcssl-serialize-gpu-kernels=ptx-file=%t.ptx -o %t.mlir
// RUN: FileCheck %s --input-file=%t.ptx
// RUN: FileCheck %s --input-file=%t.ptx --check-prefix=WITHOUT
// RUN: bcssl-opt %s --bcssl-nvvm=chip=sm_80 --bcssl-serialize-gpu-kernels=ptx-file=- -o %t.mlir | FileCheck %s --check-prefix=SM80

// NVVM:     gpu.module @kernels
// NVVM:       llvm.mlir.global external @dynamic_shared() {addr_space = 3 : i32, alignment = 1024 : i64} : !llvm.array<0 x i8>
// NVVM:       llvm.func @depthwise_0(%{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr)
// NVVM-SAME:    nvvm.kernel
// NVVM-SAME:    nvvm.reqntid
// NVVM:         nvvm.barrier
// NVVM-NOT:     __nv_
// NVVM-NOT:     math.

// CHECK:      .version 8.0
// CHECK-NEXT: .target sm_90a
// CHECK:      .extern .shared .align 1024 .b8 dynamic_shared[];
// CHECK:      .visible .entry depthwise_0(
// CHECK:      .reqntid
// CHECK:      ld.global.v4.b32
// CHECK:      st.shared.v4.b32
// CHECK:      bar.sync 0;
// CHECK-COUNT-8: ld.shared.v4.b32
// CHECK-COUNT-64: fma.rn.f32
// CHECK:      st.global.v4.b32

// WITHOUT-NOT: __nv_
// WITHOUT-NOT: call
// WITHOUT-NOT: .local

// SM80:      .version 7.0
// SM80-NEXT: .target sm_80
// SM80:      fma.rn.f32
func.func @block(%x: tensor<64x15x17x20xf32> {bcssl.input = "x"}, %w: tensor<9x9x20xf32> {bcssl.input = "w"},
    %s: tensor<20xf32> {bcssl.input = "s"}) -> (tensor<64x15x17x20xf32> {bcssl.output = "y"}) {
  %y = bcssl.depthwise_conv2d %x, %w : tensor<64x15x17x20xf32>, tensor<9x9x20xf32> -> tensor<64x15x17x20xf32>
  %b = bcssl.broadcast %s dims [3] : tensor<20xf32> -> tensor<64x15x17x20xf32>
  %a = arith.addf %y, %b : tensor<64x15x17x20xf32>
  %g = bcssl.gelu %a : tensor<64x15x17x20xf32>
  return %g : tensor<64x15x17x20xf32>
}
