// RUN: bcssl-opt %s --pass-pipeline="builtin.module(func.func(bcssl-split-reductions{blocks=0}))" --verify-diagnostics

// expected-error @below {{expects a positive number of blocks, got 0}}
func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}
