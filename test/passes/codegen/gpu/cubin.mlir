// REQUIRES: ptxas
//
// ptxas takes the kernels of both chips and keeps every value in registers:
// large and small filters, bf16 and f32, whole vectors of channels and parts.
//
// RUN: bcssl-opt %s --bcssl-nvvm=chip=sm_90a --bcssl-serialize-gpu-kernels -o %t.90
// RUN: FileCheck %s --input-file=%t.90 --check-prefixes=CHECK,SM90
// RUN: bcssl-opt %s --bcssl-nvvm=chip=sm_80 --bcssl-serialize-gpu-kernels=ptxas=%ptxas -o %t.80
// RUN: FileCheck %s --input-file=%t.80 --check-prefixes=CHECK,SM80

// CHECK:      gpu.binary @kernels [#gpu.object<#nvvm.target<
// SM90-SAME:    chip = "sm_90a"
// SM80-SAME:    chip = "sm_80"
// CHECK-SAME:   assembly = "
// CHECK-SAME:   .visible .entry depthwise_0(
// CHECK-SAME:   properties = {notes = "
// CHECK-SAME:   Compiling entry function 'depthwise_{{[0-3]}}'
// CHECK-SAME:   0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
// CHECK-SAME:   Compiling entry function 'depthwise_{{[0-3]}}'
// CHECK-SAME:   0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
// CHECK-SAME:   Compiling entry function 'depthwise_{{[0-3]}}'
// CHECK-SAME:   0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
// CHECK-SAME:   Compiling entry function 'depthwise_{{[0-3]}}'
// CHECK-SAME:   0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
// CHECK-SAME:   bin = "\7FELF
func.func @forward(%x: tensor<64x56x56x96xf32> {bcssl.input = "x"}, %w: tensor<9x9x96xf32> {bcssl.input = "w"})
    -> (tensor<64x56x56x96xf32> {bcssl.output = "y"}) {
  %y = bcssl.depthwise_conv2d %x, %w : tensor<64x56x56x96xf32>, tensor<9x9x96xf32> -> tensor<64x56x56x96xf32>
  %z = bcssl.gelu %y : tensor<64x56x56x96xf32>
  return %z : tensor<64x56x56x96xf32>
}

func.func @mixed(%x: tensor<64x14x14x384xbf16> {bcssl.input = "x"}, %w: tensor<31x31x384xbf16> {bcssl.input = "w"})
    -> (tensor<64x14x14x384xbf16> {bcssl.output = "y"}) {
  %y = bcssl.depthwise_conv2d %x, %w : tensor<64x14x14x384xbf16>, tensor<31x31x384xbf16> -> tensor<64x14x14x384xbf16>
  return %y : tensor<64x14x14x384xbf16>
}

func.func @largest(%x: tensor<64x56x56x96xbf16> {bcssl.input = "x"}, %w: tensor<61x61x96xbf16> {bcssl.input = "w"})
    -> (tensor<64x56x56x96xbf16> {bcssl.output = "y"}) {
  %y = bcssl.depthwise_conv2d %x, %w : tensor<64x56x56x96xbf16>, tensor<61x61x96xbf16> -> tensor<64x56x56x96xbf16>
  return %y : tensor<64x56x56x96xbf16>
}

func.func @odd(%dy: tensor<3x7x5x13xf32> {bcssl.input = "dy"}, %w: tensor<9x9x13xf32> {bcssl.input = "w"})
    -> (tensor<3x7x5x13xf32> {bcssl.output = "dx"}) {
  %dx = bcssl.depthwise_conv2d_input_grad %dy, %w : tensor<3x7x5x13xf32>, tensor<9x9x13xf32> -> tensor<3x7x5x13xf32>
  return %dx : tensor<3x7x5x13xf32>
}
