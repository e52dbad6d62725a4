// RUN: bcssl-opt %s --pass-pipeline="builtin.module(func.func(bcssl-pack-contractions))" | FileCheck %s

// A linear layer: the weight's rows become the panels' columns.

// CHECK-LABEL: func.func @forward(
// CHECK-SAME:    %[[X:.*]]: tensor<2x5x16xf32>, %[[W:.*]]: tensor<40x16xf32>
// CHECK:         %[[P:.*]] = bcssl.pack nt %[[W]] : tensor<40x16xf32> -> tensor<2x16x32xf32>
// CHECK:         %[[Y:.*]] = bcssl.packed_contract %[[X]], %[[P]] : {{.*}} -> tensor<2x5x40xf32>
// CHECK:         return %[[Y]]
func.func @forward(%x: tensor<2x5x16xf32>, %w: tensor<40x16xf32>) -> tensor<2x5x40xf32> {
  %y = bcssl.contract nt %x, %w : tensor<2x5x16xf32>, tensor<40x16xf32> -> tensor<2x5x40xf32>
  return %y : tensor<2x5x40xf32>
}

// The gradient of its input: the weight's columns stay columns.

// CHECK-LABEL: func.func @input_gradient(
// CHECK:         bcssl.pack nn %{{.*}} : tensor<40x16xf32> -> tensor<1x40x32xf32>
// CHECK:         bcssl.packed_contract %{{.*}} : tensor<10x40xf32>, tensor<1x40x32xf32> -> tensor<10x16xf32>
func.func @input_gradient(%dy: tensor<10x40xf32>, %w: tensor<40x16xf32>) -> tensor<10x16xf32> {
  %dx = bcssl.contract nn %dy, %w : tensor<10x40xf32>, tensor<40x16xf32> -> tensor<10x16xf32>
  return %dx : tensor<10x16xf32>
}

// The gradient of the weight reads both operands along rows.

// CHECK-LABEL: func.func @weight_gradient(
// CHECK-NOT:     bcssl.pack
// CHECK:         bcssl.contract tn
func.func @weight_gradient(%dy: tensor<10x40xf32>, %x: tensor<10x16xf32>) -> tensor<40x16xf32> {
  %dw = bcssl.contract tn %dy, %x : tensor<10x40xf32>, tensor<10x16xf32> -> tensor<40x16xf32>
  return %dw : tensor<40x16xf32>
}

// One row and one column, in another precision: still one panel.

// CHECK-LABEL: func.func @smallest(
// CHECK:         bcssl.pack nt %{{.*}} : tensor<1x1xbf16> -> tensor<1x1x32xbf16>
func.func @smallest(%x: tensor<1xbf16>, %w: tensor<1x1xbf16>) -> tensor<1xbf16> {
  %y = bcssl.contract nt %x, %w : tensor<1xbf16>, tensor<1x1xbf16> -> tensor<1xbf16>
  return %y : tensor<1xbf16>
}

// Neither an empty function nor a declaration is a reason to stop.

// CHECK-LABEL: func.func @empty()
// CHECK:       func.func private @declared()
func.func @empty() { return }
func.func private @declared()
