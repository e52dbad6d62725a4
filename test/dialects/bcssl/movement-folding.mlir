// RUN: bcssl-opt %s --canonicalize | FileCheck %s

// CHECK-LABEL: @identities
// CHECK-SAME: (%[[X:.*]]: tensor<2x8xf32>)
func.func @identities(%x: tensor<2x8xf32>) -> tensor<2x8xf32> {
  %0 = bcssl.broadcast %x dims [0, 1] : tensor<2x8xf32> -> tensor<2x8xf32>
  %1 = bcssl.reshape %0 : tensor<2x8xf32> -> tensor<2x8xf32>
  %2 = bcssl.cast %1 : tensor<2x8xf32> -> tensor<2x8xf32>
  // CHECK-NEXT: return %[[X]]
  return %2 : tensor<2x8xf32>
}

// CHECK-LABEL: @reshape_of_reshape
// CHECK-SAME: (%[[X:.*]]: tensor<2x8xf32>)
func.func @reshape_of_reshape(%x: tensor<2x8xf32>) -> tensor<4x4xf32> {
  %0 = bcssl.reshape %x : tensor<2x8xf32> -> tensor<16xf32>
  // CHECK-NEXT: %[[Y:.*]] = bcssl.reshape %[[X]] : tensor<2x8xf32> -> tensor<4x4xf32>
  %1 = bcssl.reshape %0 : tensor<16xf32> -> tensor<4x4xf32>
  // CHECK-NEXT: return %[[Y]]
  return %1 : tensor<4x4xf32>
}

// CHECK-LABEL: @reshape_there_and_back
// CHECK-SAME: (%[[X:.*]]: tensor<2x8xf32>)
func.func @reshape_there_and_back(%x: tensor<2x8xf32>) -> tensor<2x8xf32> {
  %0 = bcssl.reshape %x : tensor<2x8xf32> -> tensor<16xf32>
  %1 = bcssl.reshape %0 : tensor<16xf32> -> tensor<2x8xf32>
  // CHECK-NEXT: return %[[X]]
  return %1 : tensor<2x8xf32>
}

// Stays: the value loses digits on the way.
// CHECK-LABEL: @cast_there_and_back
func.func @cast_there_and_back(%x: tensor<2x8xf32>) -> tensor<2x8xf32> {
  // CHECK-COUNT-2: bcssl.cast
  %0 = bcssl.cast %x : tensor<2x8xf32> -> tensor<2x8xbf16>
  %1 = bcssl.cast %0 : tensor<2x8xbf16> -> tensor<2x8xf32>
  return %1 : tensor<2x8xf32>
}
