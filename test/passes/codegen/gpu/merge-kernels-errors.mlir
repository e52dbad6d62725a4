// RUN: bcssl-opt %s --pass-pipeline="builtin.module(func.func(bcssl-merge-kernels))" --split-input-file --verify-diagnostics

func.func @outside(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{expects kernels, reshapes and slices alone: run bcssl-form-kernels first}}
  %y = math.exp %x : tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

func.func @region(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{expects a result}}
  bcssl.kernel rowwise(%a = %x) : (tensor<4xf32>) -> () {
    bcssl.yield
  }
  return %x : tensor<4xf32>
}
