// RUN: bcssl-opt %s -split-input-file -verify-diagnostics

func.func @all_reduce_type(%x: tensor<2x8xf32>) {
  // expected-error @below {{requires the same type for all operands and results}}
  %0 = "bcssl.all_reduce"(%x) : (tensor<2x8xf32>) -> tensor<8x2xf32>
  return
}

// -----

func.func @all_reduce_element(%x: tensor<2x8xi32>) {
  // expected-error @below {{must be tensor of positive sizes}}
  %0 = bcssl.all_reduce %x : tensor<2x8xi32>
  return
}
