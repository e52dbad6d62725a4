// RUN: bcssl-opt %s --verify-diagnostics --pass-pipeline="builtin.module(func.func(bcssl-form-kernels{contraction-rows=0 partial-sums=64}))"

// expected-error @below {{expects positive contraction-rows and partial-sums, got 0 and 64}}
func.func @rows(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  return %x : tensor<4x8xf32>
}
