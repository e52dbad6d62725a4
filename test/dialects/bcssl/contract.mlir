// RUN: bcssl-opt %s --verify-roundtrip | FileCheck %s

// CHECK-LABEL: @contract
func.func @contract(%x: tensor<2x3x4x16xf32>, %w: tensor<8x16xf32>) -> tensor<8x16xf32> {
  // CHECK: bcssl.contract nt %{{.*}}, %{{.*}} : tensor<2x3x4x16xf32>, tensor<8x16xf32> -> tensor<2x3x4x8xf32>
  %y = bcssl.contract nt %x, %w : tensor<2x3x4x16xf32>, tensor<8x16xf32> -> tensor<2x3x4x8xf32>
  // CHECK: bcssl.contract nn %{{.*}}, %{{.*}} : tensor<2x3x4x8xf32>, tensor<8x16xf32> -> tensor<2x3x4x16xf32>
  %dx = bcssl.contract nn %y, %w : tensor<2x3x4x8xf32>, tensor<8x16xf32> -> tensor<2x3x4x16xf32>
  // CHECK: bcssl.contract tn %{{.*}}, %{{.*}} : tensor<2x3x4x8xf32>, tensor<2x3x4x16xf32> -> tensor<8x16xf32>
  %dw = bcssl.contract tn %y, %dx : tensor<2x3x4x8xf32>, tensor<2x3x4x16xf32> -> tensor<8x16xf32>
  return %dw : tensor<8x16xf32>
}

// CHECK-LABEL: @linear
func.func @linear(%x: tensor<5x16xf32>, %w: tensor<8x16xf32>, %b: tensor<8xf32>) -> (tensor<5x8xf32>, tensor<5x8xf32>) {
  // CHECK: bcssl.linear %{{.*}}, %{{.*}} : tensor<5x16xf32>, tensor<8x16xf32> -> tensor<5x8xf32>
  %0 = bcssl.linear %x, %w : tensor<5x16xf32>, tensor<8x16xf32> -> tensor<5x8xf32>
  // CHECK: bcssl.linear %{{.*}}, %{{.*}}, %{{.*}} : tensor<5x16xf32>, tensor<8x16xf32>, tensor<8xf32> -> tensor<5x8xf32>
  %1 = bcssl.linear %x, %w, %b : tensor<5x16xf32>, tensor<8x16xf32>, tensor<8xf32> -> tensor<5x8xf32>
  return %0, %1 : tensor<5x8xf32>, tensor<5x8xf32>
}
