// RUN: bcssl-opt %s --pass-pipeline="builtin.module(func.func(bcssl-mixed-precision))" --remarks-filter=bcssl-mixed-precision --split-input-file --verify-diagnostics

// What a coarse operation multiplies is not to be seen.
func.func @coarse(%x: tensor<4x8xf32>, %w: tensor<2x8xf32>) -> tensor<4x2xf32> {
  // expected-error @below {{'bcssl.linear' op expects an expanded program: run bcssl-differentiate and bcssl-expand first}}
  %y = bcssl.linear %x, %w : tensor<4x8xf32>, tensor<2x8xf32> -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}

// -----

func.func @gradient(%x: tensor<f32>) -> tensor<f32> {
  // expected-error @below {{'bcssl.gradient' op expects an expanded program}}
  %y = bcssl.gradient %x wrt %x : tensor<f32> wrt tensor<f32> -> tensor<f32>
  return %y : tensor<f32>
}

// -----

// Other precisions stay.
func.func @double(%x: tensor<4x8xf64>, %w: tensor<2x8xf64>) -> tensor<4x2xf64> {
  // expected-remark @below {{not in f32}}
  %y = bcssl.contract nt %x, %w : tensor<4x8xf64>, tensor<2x8xf64> -> tensor<4x2xf64>
  return %y : tensor<4x2xf64>
}
