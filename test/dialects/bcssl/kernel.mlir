// RUN: bcssl-opt %s --verify-roundtrip | FileCheck %s

// CHECK-LABEL: @kernel
// CHECK-SAME: (%[[X:.*]]: tensor<2x8x8x16xf32>, %[[W:.*]]: tensor<3x3x16xf32>)
func.func @kernel(%x: tensor<2x8x8x16xf32>, %w: tensor<3x3x16xf32>) -> (tensor<2x8x8x16xf32>, tensor<16xf32>) {
  // CHECK: %{{.*}}:2 = bcssl.kernel depthwise(%[[A:.*]] = %[[X]], %[[B:.*]] = %[[W]]) tile {rows = 4 : i64}
  // CHECK-SAME: : (tensor<2x8x8x16xf32>, tensor<3x3x16xf32>) -> (tensor<2x8x8x16xf32>, tensor<16xf32>) {
  %r:2 = bcssl.kernel depthwise(%a = %x, %b = %w) tile {rows = 4 : i64}
      : (tensor<2x8x8x16xf32>, tensor<3x3x16xf32>) -> (tensor<2x8x8x16xf32>, tensor<16xf32>) {
    // CHECK-NEXT: %[[Y:.*]] = bcssl.depthwise_conv2d %[[A]], %[[B]] :
    %y = bcssl.depthwise_conv2d %a, %b : tensor<2x8x8x16xf32>, tensor<3x3x16xf32> -> tensor<2x8x8x16xf32>
    // CHECK-NEXT: %[[S:.*]] = bcssl.reduce sum %[[Y]] dims [0, 1, 2]
    %s = bcssl.reduce sum %y dims [0, 1, 2] : tensor<2x8x8x16xf32> -> tensor<16xf32>
    // CHECK-NEXT: bcssl.yield %[[Y]], %[[S]] : tensor<2x8x8x16xf32>, tensor<16xf32>
    bcssl.yield %y, %s : tensor<2x8x8x16xf32>, tensor<16xf32>
  }
  return %r#0, %r#1 : tensor<2x8x8x16xf32>, tensor<16xf32>
}

// Neither tile nor input; other attributes stay.
// CHECK-LABEL: @kernel_bare
func.func @kernel_bare() -> tensor<16xf32> {
  // CHECK: bcssl.kernel rowwise() attributes {label = "ones"} : () -> tensor<16xf32> {
  %0 = bcssl.kernel rowwise() attributes {label = "ones"} : () -> tensor<16xf32> {
    %1 = arith.constant dense<1.0> : tensor<16xf32>
    bcssl.yield %1 : tensor<16xf32>
  }
  return %0 : tensor<16xf32>
}

// Every family has a name.
// CHECK-LABEL: @families
func.func @families(%x: tensor<4x16xf32>) -> tensor<4x16xf32> {
  // CHECK: bcssl.kernel depthwise_filter_grad(
  %0 = bcssl.kernel depthwise_filter_grad(%a = %x) : (tensor<4x16xf32>) -> tensor<4x16xf32> {
    bcssl.yield %a : tensor<4x16xf32>
  }
  // CHECK: bcssl.kernel contraction(
  %1 = bcssl.kernel contraction(%a = %0) : (tensor<4x16xf32>) -> tensor<4x16xf32> {
    bcssl.yield %a : tensor<4x16xf32>
  }
  // CHECK: bcssl.kernel columnwise(
  %2 = bcssl.kernel columnwise(%a = %1) : (tensor<4x16xf32>) -> tensor<4x16xf32> {
    bcssl.yield %a : tensor<4x16xf32>
  }
  // CHECK: bcssl.kernel movement(
  %3 = bcssl.kernel movement(%a = %2) : (tensor<4x16xf32>) -> tensor<4x16xf32> {
    bcssl.yield %a : tensor<4x16xf32>
  }
  return %3 : tensor<4x16xf32>
}

// CHECK-LABEL: @scheduled
func.func @scheduled(%x: tensor<2x5x16xf32>, %w: tensor<24x16xf32>) -> (tensor<3x16xf32>, tensor<2x5x24xf32>) {
  // CHECK: bcssl.reduce_partial %{{.*}} rows(4) : tensor<2x5x16xf32> -> tensor<3x16xf32>
  %0 = bcssl.reduce_partial %x rows(4) : tensor<2x5x16xf32> -> tensor<3x16xf32>
  // CHECK: bcssl.pack nt %{{.*}} : tensor<24x16xf32> -> tensor<2x16x16xf32>
  %1 = bcssl.pack nt %w : tensor<24x16xf32> -> tensor<2x16x16xf32>
  // CHECK: bcssl.packed_contract %{{.*}}, %{{.*}} : tensor<2x5x16xf32>, tensor<2x16x16xf32> -> tensor<2x5x24xf32>
  %2 = bcssl.packed_contract %x, %1 : tensor<2x5x16xf32>, tensor<2x16x16xf32> -> tensor<2x5x24xf32>
  // CHECK: bcssl.pack nn %{{.*}} : tensor<24x16xf32> -> tensor<1x24x16xf32>
  %3 = bcssl.pack nn %w : tensor<24x16xf32> -> tensor<1x24x16xf32>
  return %0, %2 : tensor<3x16xf32>, tensor<2x5x24xf32>
}
