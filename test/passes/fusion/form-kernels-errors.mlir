// RUN: bcssl-opt %s --pass-pipeline="builtin.module(func.func(bcssl-form-kernels))" --split-input-file --verify-diagnostics

// Coarse operations are expanded first.
func.func @coarse(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // expected-error @below {{'bcssl.softmax' op expects an expanded program on tensors of static shape: run bcssl-differentiate, bcssl-expand and bcssl-pack-contractions first}}
  %y = bcssl.softmax %x : tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// So are gradients.
func.func @gradient(%x: tensor<f32>) -> tensor<f32> {
  // expected-error @below {{'bcssl.gradient' op expects an expanded program}}
  %y = bcssl.gradient %x wrt %x : tensor<f32> wrt tensor<f32> -> tensor<f32>
  return %y : tensor<f32>
}

// -----

// One kernel holds one precision.
func.func @cast(%x: tensor<4xf32>) -> tensor<4xbf16> {
  // expected-error @below {{'bcssl.cast' op expects an expanded program}}
  %y = bcssl.cast %x : tensor<4xf32> -> tensor<4xbf16>
  return %y : tensor<4xbf16>
}

// -----

// A kernel's operands are tensors.
func.func @scalar(%x: f32) -> f32 {
  // expected-error @below {{'arith.addf' op expects an expanded program}}
  %y = arith.addf %x, %x : f32
  return %y : f32
}

// -----

// One condition for all elements is not elementwise.
func.func @condition(%c: i1, %x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{'arith.select' op expects an expanded program}}
  %z = arith.select %c, %x, %y : tensor<4xf32>
  return %z : tensor<4xf32>
}

// -----

func.func @dynamic(%x: tensor<?xf32>) -> tensor<?xf32> {
  // expected-error @below {{'arith.addf' op expects an expanded program}}
  %y = arith.addf %x, %x : tensor<?xf32>
  return %y : tensor<?xf32>
}

// -----

func.func @no_elements(%x: tensor<0xf32>) -> tensor<0xf32> {
  // expected-error @below {{'arith.addf' op expects an expanded program}}
  %y = arith.addf %x, %x : tensor<0xf32>
  return %y : tensor<0xf32>
}

// -----

func.func private @callee(tensor<4xf32>) -> tensor<4xf32>
func.func @call(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{'func.call' op expects an expanded program}}
  %y = func.call @callee(%x) : (tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

// Programs have no control flow.
// expected-error @below {{'func.func' op expects one block}}
func.func @blocks(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
^unreachable:
  return %x : tensor<4xf32>
}
