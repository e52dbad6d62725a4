// RUN: bcssl-opt %s --pass-pipeline="builtin.module(func.func(bcssl-choose-gpu-tiles),bcssl-emit-gpu-kernels)" --split-input-file --verify-diagnostics

func.func @beside(%p: tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>) {
  %0:2 = bcssl.kernel rowwise(%a = %p) : (tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>) {
    %1 = bcssl.kernel rowwise(%x = %a) : (tensor<8xf32>) -> tensor<8xf32> {
      %y = math.exp %x : tensor<8xf32>
      bcssl.yield %y : tensor<8xf32>
    }
    // expected-error @below {{cannot stand beside parts of a merged kernel}}
    %2 = math.exp %a : tensor<8xf32>
    bcssl.yield %1, %2 : tensor<8xf32>, tensor<8xf32>
  }
  return %0#0, %0#1 : tensor<8xf32>, tensor<8xf32>
}

// -----

func.func @chain(%p: tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>) {
  %0:2 = bcssl.kernel rowwise(%a = %p) : (tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>) {
    %1 = bcssl.kernel rowwise(%x = %a) : (tensor<8xf32>) -> tensor<8xf32> {
      %y = math.exp %x : tensor<8xf32>
      bcssl.yield %y : tensor<8xf32>
    }
    // expected-error @below {{expects inputs of the merged kernel}}
    %2 = bcssl.kernel rowwise(%x = %1) : (tensor<8xf32>) -> tensor<8xf32> {
      %y = math.exp %x : tensor<8xf32>
      bcssl.yield %y : tensor<8xf32>
    }
    bcssl.yield %1, %2 : tensor<8xf32>, tensor<8xf32>
  }
  return %0#0, %0#1 : tensor<8xf32>, tensor<8xf32>
}

// -----

func.func @not_yielded(%p: tensor<8xf32>) -> tensor<8xf32> {
  %0 = bcssl.kernel rowwise(%a = %p) : (tensor<8xf32>) -> tensor<8xf32> {
    %1 = bcssl.kernel rowwise(%x = %a) : (tensor<8xf32>) -> tensor<8xf32> {
      %y = math.exp %x : tensor<8xf32>
      bcssl.yield %y : tensor<8xf32>
    }
    // expected-error @below {{expects the results of the merged kernel's parts in order}}
    bcssl.yield %a : tensor<8xf32>
  }
  return %0 : tensor<8xf32>
}

// -----

func.func @family(%p: tensor<8xf32>) -> tensor<8xf32> {
  // expected-error @below {{expects the family of its first part, rowwise, got columnwise}}
  %0 = bcssl.kernel columnwise(%a = %p) : (tensor<8xf32>) -> tensor<8xf32> {
    %1 = bcssl.kernel rowwise(%x = %a) : (tensor<8xf32>) -> tensor<8xf32> {
      %y = math.exp %x : tensor<8xf32>
      bcssl.yield %y : tensor<8xf32>
    }
    bcssl.yield %1 : tensor<8xf32>
  }
  return %0 : tensor<8xf32>
}

// -----

func.func @part(%p: tensor<8xf32>) -> tensor<8xf32> {
  %0 = bcssl.kernel rowwise(%a = %p) : (tensor<8xf32>) -> tensor<8xf32> {
    // expected-error @below {{expects a result}}
    bcssl.kernel rowwise(%x = %a) : (tensor<8xf32>) -> () {
      bcssl.yield
    }
    bcssl.yield %a : tensor<8xf32>
  }
  return %0 : tensor<8xf32>
}

// -----

func.func @element_type(%p: tensor<8xf64>) -> tensor<8xf64> {
  // expected-error @below {{has no GPU generator yet: values of another type than f32, bf16, i32, i8 and i1}}
  %0 = bcssl.kernel rowwise(%a = %p) : (tensor<8xf64>) -> tensor<8xf64> {
    %1 = bcssl.kernel rowwise(%x = %a) : (tensor<8xf64>) -> tensor<8xf64> {
      %y = math.exp %x : tensor<8xf64>
      bcssl.yield %y : tensor<8xf64>
    }
    bcssl.yield %1 : tensor<8xf64>
  }
  return %0 : tensor<8xf64>
}

// -----

func.func @tile(%p: tensor<8xf32>) -> tensor<8xf32> {
  %0 = bcssl.kernel rowwise(%a = %p) : (tensor<8xf32>) -> tensor<8xf32> {
    // expected-error @below {{expects a legal tile of a rowwise kernel, got {team = 3 : i64}}}
    %1 = bcssl.kernel rowwise(%x = %a) tile {team = 3} : (tensor<8xf32>) -> tensor<8xf32> {
      %y = math.exp %x : tensor<8xf32>
      bcssl.yield %y : tensor<8xf32>
    }
    bcssl.yield %1 : tensor<8xf32>
  }
  return %0 : tensor<8xf32>
}
