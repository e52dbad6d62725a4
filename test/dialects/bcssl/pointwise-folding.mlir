// RUN: bcssl-opt %s --canonicalize | FileCheck %s

// Stays: the gradient stops here until the backward graph is built.
// CHECK-LABEL: @stop_gradient
func.func @stop_gradient(%x: tensor<2x8xf32>) -> tensor<2x8xf32> {
  // CHECK: bcssl.stop_gradient
  %0 = bcssl.stop_gradient %x : tensor<2x8xf32>
  return %0 : tensor<2x8xf32>
}
