// REQUIRES: ptxas
//
// ptxas keeps every value of the contractions in registers on both chips: f32
// and bf16, whole tiles and rows and columns that do not fill one. On sm_90a it
// adds no waits to products of warp groups (notes C75xx).
//
// RUN: bcssl-opt %s --bcssl-nvvm=chip=sm_90a --bcssl-serialize-gpu-kernels -o %t.90
// RUN: FileCheck %s --input-file=%t.90 --implicit-check-not=C75
// RUN: bcssl-opt %s --bcssl-nvvm=chip=sm_80 --bcssl-serialize-gpu-kernels="ptxas=%ptxas ptx-file=%t.ptx" -o /dev/null
// RUN: FileCheck %s --input-file=%t.ptx --check-prefix=PTX
// RUN: bcssl-opt %s --bcssl-nvvm=chip=sm_80 --bcssl-serialize-gpu-kernels=ptxas=%ptxas -o %t.80
// RUN: FileCheck %s --input-file=%t.80

// CHECK:      gpu.binary @kernels
// CHECK-SAME:   Compiling entry function 'contraction_{{[0-3]}}'
// CHECK-SAME:   0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
// CHECK-SAME:   Compiling entry function 'contraction_{{[0-3]}}'
// CHECK-SAME:   0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
// CHECK-SAME:   Compiling entry function 'contraction_{{[0-3]}}'
// CHECK-SAME:   0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
// CHECK-SAME:   Compiling entry function 'contraction_{{[0-3]}}'
// CHECK-SAME:   0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads

// f32 stays off the tensor cores, whose TF32 drops 13 bits.
//
// PTX:     .entry contraction_0
// PTX-NOT: mma
// PTX:     fma.rn.f32
// PTX-NOT: mma
// PTX:     .entry contraction_1
// PTX-NOT: mma
// PTX:     fma.rn.f32
// PTX-NOT: mma
// PTX:     .entry contraction_2
// PTX:     mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32

func.func @whole(%x: tensor<200704x96xf32> {bcssl.input = "x"}, %w: tensor<384x96xf32> {bcssl.input = "w"})
    -> (tensor<200704x384xf32> {bcssl.output = "y"}) {
  %y = bcssl.contract nt %x, %w : tensor<200704x96xf32>, tensor<384x96xf32> -> tensor<200704x384xf32>
  %z = bcssl.gelu %y : tensor<200704x384xf32>
  return %z : tensor<200704x384xf32>
}

func.func @odd(%dy: tensor<50001x130xf32> {bcssl.input = "dy"}, %w: tensor<130x259xf32> {bcssl.input = "w"})
    -> (tensor<50001x259xf32> {bcssl.output = "dx"}) {
  %dx = bcssl.contract nn %dy, %w : tensor<50001x130xf32>, tensor<130x259xf32> -> tensor<50001x259xf32>
  return %dx : tensor<50001x259xf32>
}

func.func @mixed(%x: tensor<50001x96xbf16> {bcssl.input = "x"}, %w: tensor<384x96xbf16> {bcssl.input = "w"})
    -> (tensor<50001x384xf32> {bcssl.output = "y"}) {
  %y = bcssl.contract nt %x, %w : tensor<50001x96xbf16>, tensor<384x96xbf16> -> tensor<50001x384xf32>
  %z = bcssl.gelu %y : tensor<50001x384xf32>
  return %z : tensor<50001x384xf32>
}

func.func @mixed_gradient(%dy: tensor<3137x770xbf16> {bcssl.input = "dy"}, %x: tensor<3137x3072xbf16> {bcssl.input = "x"})
    -> (tensor<770x3072xf32> {bcssl.output = "dw"}) {
  %dw = bcssl.contract tn %dy, %x : tensor<3137x770xbf16>, tensor<3137x3072xbf16> -> tensor<770x3072xf32>
  return %dw : tensor<770x3072xf32>
}
