// RUN: bcssl-opt %s -split-input-file -verify-diagnostics

func.func @layer_scale_c1(%x: tensor<2x8xf32>, %gamma: tensor<8xf32>) {
  // expected-error @below {{(C1) expects result of shape 2x8, got 16}}
  %0 = bcssl.layer_scale %x, %gamma : tensor<2x8xf32>, tensor<8xf32> -> tensor<16xf32>
  return
}

// -----

func.func @layer_scale_c2(%x: tensor<2x8xf32>, %gamma: tensor<2xf32>) {
  // expected-error @below {{(C2) expects one value per channel, got 2 values for 8 channels}}
  %0 = bcssl.layer_scale %x, %gamma : tensor<2x8xf32>, tensor<2xf32> -> tensor<2x8xf32>
  return
}

// -----

func.func @drop_path_c1(%x: tensor<2x8xf32>, %draw: tensor<2xf32>) {
  // expected-error @below {{(C1) expects result of shape 2x8, got 2}}
  %0 = bcssl.drop_path %x, %draw rate(0.1) : tensor<2x8xf32>, tensor<2xf32> -> tensor<2xf32>
  return
}

// -----

func.func @drop_path_c2(%x: tensor<2x8xf32>, %draw: tensor<8xf32>) {
  // expected-error @below {{(C2) expects one draw per sample, got 8 draws for 2 samples}}
  %0 = bcssl.drop_path %x, %draw rate(0.1) : tensor<2x8xf32>, tensor<8xf32> -> tensor<2x8xf32>
  return
}

// -----

// A rate of 1 would divide by zero.
func.func @drop_path_c3(%x: tensor<2x8xf32>, %draw: tensor<2xf32>) {
  // expected-error @below {{(C3) expects rate in [0, 1), got 1.0}}
  %0 = bcssl.drop_path %x, %draw rate(1.0) : tensor<2x8xf32>, tensor<2xf32> -> tensor<2x8xf32>
  return
}

// -----

func.func @global_average_pool_c1(%x: tensor<2x4x4x8xf32>) {
  // expected-error @below {{(C1) expects result of shape 2x8, got 8x2}}
  %0 = bcssl.global_average_pool %x : tensor<2x4x4x8xf32> -> tensor<8x2xf32>
  return
}

// -----

func.func @gelu_type(%x: tensor<2x8xf32>) {
  // expected-error @below {{requires the same type for all operands and results}}
  %0 = "bcssl.gelu"(%x) : (tensor<2x8xf32>) -> tensor<8x2xf32>
  return
}

// -----

func.func @gelu_element(%x: tensor<2x8xi32>) {
  // expected-error @below {{must be tensor of positive sizes}}
  %0 = bcssl.gelu %x : tensor<2x8xi32>
  return
}

// -----

func.func @gelu_grad_type(%x: tensor<2x8xf32>) {
  // expected-error @below {{requires the same type for all operands and results}}
  %0 = "bcssl.gelu_grad"(%x, %x) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<8x2xf32>
  return
}

// -----

func.func @gelu_grad_element(%x: tensor<2x8xi32>) {
  // expected-error @below {{must be tensor of positive sizes}}
  %0 = bcssl.gelu_grad %x, %x : tensor<2x8xi32>
  return
}

// -----

func.func @relu_type(%x: tensor<2x8xf32>) {
  // expected-error @below {{requires the same type for all operands and results}}
  %0 = "bcssl.relu"(%x) : (tensor<2x8xf32>) -> tensor<8x2xf32>
  return
}

// -----

func.func @relu_element(%x: tensor<2x8xi32>) {
  // expected-error @below {{must be tensor of positive sizes}}
  %0 = bcssl.relu %x : tensor<2x8xi32>
  return
}

// -----

func.func @relu_grad_type(%x: tensor<2x8xf32>) {
  // expected-error @below {{requires the same type for all operands and results}}
  %0 = "bcssl.relu_grad"(%x, %x) : (tensor<2x8xf32>, tensor<2x8xf32>) -> tensor<8x2xf32>
  return
}

// -----

func.func @relu_grad_element(%x: tensor<2x8xi32>) {
  // expected-error @below {{must be tensor of positive sizes}}
  %0 = bcssl.relu_grad %x, %x : tensor<2x8xi32>
  return
}

// -----

func.func @stop_gradient_type(%x: tensor<2x8xf32>) {
  // expected-error @below {{requires the same type for all operands and results}}
  %0 = "bcssl.stop_gradient"(%x) : (tensor<2x8xf32>) -> tensor<8x2xf32>
  return
}

// -----

func.func @stop_gradient_element(%x: tensor<2x8xi32>) {
  // expected-error @below {{must be tensor of positive sizes}}
  %0 = bcssl.stop_gradient %x : tensor<2x8xi32>
  return
}
