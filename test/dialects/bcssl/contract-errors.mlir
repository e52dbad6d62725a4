// RUN: bcssl-opt %s -split-input-file -verify-diagnostics

func.func @contract_c1(%x: tensor<5x16xf32>, %w: tensor<2x8x16xf32>) {
  // expected-error @below {{(C1) expects a matrix on the right, got shape 2x8x16}}
  %0 = bcssl.contract nt %x, %w : tensor<5x16xf32>, tensor<2x8x16xf32> -> tensor<5x8xf32>
  return
}

// -----

func.func @contract_nt_c2(%x: tensor<5x16xf32>, %w: tensor<16x8xf32>) {
  // expected-error @below {{(C2) expects equal sizes along the sum, got 16 and 8}}
  %0 = bcssl.contract nt %x, %w : tensor<5x16xf32>, tensor<16x8xf32> -> tensor<5x16xf32>
  return
}

// -----

func.func @contract_nn_c2(%x: tensor<5x16xf32>, %w: tensor<8x16xf32>) {
  // expected-error @below {{(C2) expects equal sizes along the sum, got 16 and 8}}
  %0 = bcssl.contract nn %x, %w : tensor<5x16xf32>, tensor<8x16xf32> -> tensor<5x16xf32>
  return
}

// -----

func.func @contract_tn_c2(%x: tensor<2x3x16xf32>, %y: tensor<5x8xf32>) {
  // expected-error @below {{(C2) expects equal sizes along the sum, got 6 and 5}}
  %0 = bcssl.contract tn %x, %y : tensor<2x3x16xf32>, tensor<5x8xf32> -> tensor<16x8xf32>
  return
}

// -----

func.func @contract_nt_c3(%x: tensor<2x3x16xf32>, %w: tensor<8x16xf32>) {
  // expected-error @below {{(C3) expects result of shape 2x3x8, got 6x8}}
  %0 = bcssl.contract nt %x, %w : tensor<2x3x16xf32>, tensor<8x16xf32> -> tensor<6x8xf32>
  return
}

// -----

func.func @contract_nn_c3(%x: tensor<5x8xf32>, %w: tensor<8x16xf32>) {
  // expected-error @below {{(C3) expects result of shape 5x16, got 5x8}}
  %0 = bcssl.contract nn %x, %w : tensor<5x8xf32>, tensor<8x16xf32> -> tensor<5x8xf32>
  return
}

// -----

func.func @contract_tn_c3(%x: tensor<5x16xf32>, %y: tensor<5x8xf32>) {
  // expected-error @below {{(C3) expects result of shape 16x8, got 8x16}}
  %0 = bcssl.contract tn %x, %y : tensor<5x16xf32>, tensor<5x8xf32> -> tensor<8x16xf32>
  return
}

// -----

func.func @contract_nn_parts_c3(%x: tensor<5x16xf32>, %w: tensor<16x8xf32>) {
  // expected-error @below {{(C3) expects result of shape 2x5x8, got 5x8}}
  %0 = bcssl.contract nn %x, %w {parts = 2 : i64} : tensor<5x16xf32>, tensor<16x8xf32> -> tensor<5x8xf32>
  return
}

// -----

// Five parts of 16 terms have four each: the last would be empty.
func.func @contract_nt_c5(%x: tensor<2x16xf32>, %w: tensor<8x16xf32>) {
  // expected-error @below {{(C5) expects parts of which none is empty, got 5 for 16}}
  %0 = bcssl.contract nt %x, %w {parts = 5 : i64} : tensor<2x16xf32>, tensor<8x16xf32> -> tensor<5x2x8xf32>
  return
}

// -----

// The type says it: a scalar has no columns.
func.func @contract_scalar(%x: tensor<f32>, %w: tensor<8x16xf32>) {
  // expected-error @below {{operand #0 must be tensor of positive sizes and rank 1 or more}}
  %0 = bcssl.contract nt %x, %w : tensor<f32>, tensor<8x16xf32> -> tensor<8xf32>
  return
}

// -----

func.func @linear_c1(%x: tensor<5x16xf32>, %w: tensor<16x8xf32>) {
  // expected-error @below {{(C1) expects one weight column per input channel, got 8 columns for 16 channels}}
  %0 = bcssl.linear %x, %w : tensor<5x16xf32>, tensor<16x8xf32> -> tensor<5x8xf32>
  return
}

// -----

func.func @linear_c2(%x: tensor<5x16xf32>, %w: tensor<8x16xf32>) {
  // expected-error @below {{(C2) expects result of shape 5x8, got 5x16}}
  %0 = bcssl.linear %x, %w : tensor<5x16xf32>, tensor<8x16xf32> -> tensor<5x16xf32>
  return
}

// -----

func.func @linear_c3(%x: tensor<5x16xf32>, %w: tensor<8x16xf32>, %b: tensor<16xf32>) {
  // expected-error @below {{(C3) expects one value per channel, got 16 values for 8 channels}}
  %0 = bcssl.linear %x, %w, %b : tensor<5x16xf32>, tensor<8x16xf32>, tensor<16xf32> -> tensor<5x8xf32>
  return
}
