// RUN: bcssl-opt %s --verify-diagnostics --bcssl-emit-gpu-kernels=missing=remark | FileCheck %s

// A kernel without a generator is left as it is, and the others are emitted.
// CHECK-LABEL: func.func @mixed
// CHECK-NOT:     symbol
// CHECK:         bcssl.kernel rowwise(
// CHECK-NOT:     symbol
// CHECK:         bcssl.kernel depthwise(
// CHECK-SAME:      symbol = "depthwise_0"
// CHECK:       gpu.module @kernels
// CHECK-COUNT-1: gpu.func
// CHECK-NOT:     gpu.func
func.func @mixed(%x: tensor<1x4x4x8xf32>, %w: tensor<3x3x8xf32>) -> tensor<1x4x4x8xf32> {
  // expected-remark @below {{has no GPU generator yet: family rowwise}}
  %0 = bcssl.kernel rowwise(%a = %x) tile {rows = 4} : (tensor<1x4x4x8xf32>) -> tensor<1x4x4x8xf32> {
    %y = math.exp %a : tensor<1x4x4x8xf32>
    bcssl.yield %y : tensor<1x4x4x8xf32>
  }
  %1 = bcssl.kernel depthwise(%a = %0, %b = %w) tile {height = 4, width = 4, channels = 8, outputs = 4, reach_height = 1, reach_width = 1}
      : (tensor<1x4x4x8xf32>, tensor<3x3x8xf32>) -> tensor<1x4x4x8xf32> {
    %y = bcssl.depthwise_conv2d %a, %b : tensor<1x4x4x8xf32>, tensor<3x3x8xf32> -> tensor<1x4x4x8xf32>
    bcssl.yield %y : tensor<1x4x4x8xf32>
  }
  return %1 : tensor<1x4x4x8xf32>
}
