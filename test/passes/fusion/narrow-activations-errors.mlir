// RUN: bcssl-opt %s --pass-pipeline="builtin.module(func.func(bcssl-narrow-activations))" --split-input-file --verify-diagnostics
// RUN: not bcssl-opt %s --pass-pipeline="builtin.module(func.func(bcssl-narrow-activations{min-elements=0}))" 2>&1 | FileCheck %s

// CHECK: 'func.func' op expects a positive min-elements, got 0

// Only kernels say what crosses them.
func.func @unformed(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // expected-error @below {{'arith.addf' op expects kernels, reshapes and slices alone: run bcssl-form-kernels first}}
  %y = arith.addf %x, %x : tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}
