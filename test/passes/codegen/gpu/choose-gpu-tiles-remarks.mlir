// RUN: bcssl-opt %s --verify-diagnostics --pass-pipeline="builtin.module(func.func(bcssl-choose-gpu-tiles))" | FileCheck %s

// The filter alone takes 2.5 MB for four channels.
// CHECK-LABEL: func.func @too_large
// CHECK:         bcssl.kernel depthwise(%{{[^)]*}}) :
func.func @too_large(%x: tensor<1x400x400x4xf32>, %w: tensor<401x401x4xf32>) -> tensor<1x400x400x4xf32> {
  // expected-remark @below {{no tile of the kernel fits the shared memory of sm_90a}}
  %0 = bcssl.kernel depthwise(%a = %x, %b = %w) : (tensor<1x400x400x4xf32>, tensor<401x401x4xf32>) -> tensor<1x400x400x4xf32> {
    %y = bcssl.depthwise_conv2d %a, %b : tensor<1x400x400x4xf32>, tensor<401x401x4xf32> -> tensor<1x400x400x4xf32>
    bcssl.yield %y : tensor<1x400x400x4xf32>
  }
  return %0 : tensor<1x400x400x4xf32>
}
