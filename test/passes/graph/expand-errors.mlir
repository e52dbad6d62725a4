// RUN: bcssl-opt %s --bcssl-expand --verify-diagnostics

// Expansion comes after differentiation: written out, an operation has lost its
// compact derivative.
func.func @gradient(%x: tensor<3xf32>) -> tensor<3xf32> {
  %y = bcssl.gelu %x : tensor<3xf32>
  %loss = bcssl.reduce sum %y dims [0] : tensor<3xf32> -> tensor<f32>
  // expected-error @below {{'bcssl.gradient' op is left: bcssl-differentiate comes before bcssl-expand}}
  %dx = bcssl.gradient %loss wrt %x : tensor<f32> wrt tensor<3xf32> -> tensor<3xf32>
  return %dx : tensor<3xf32>
}
