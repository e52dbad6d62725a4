// RUN: bcssl-opt %s --bcssl-plan-memory --split-input-file --verify-diagnostics

// Operations outside of kernels have no place.
func.func @no_kernels(%x: tensor<4xf32> {bcssl.input = "x"}) -> (tensor<4xf32> {bcssl.output = "y"}) {
  // expected-error @below {{'arith.addf' op expects kernels, reshapes and slices alone: run bcssl-form-kernels first}}
  %y = arith.addf %x, %x : tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

// expected-error @below {{'func.func' op expects one block}}
func.func @blocks() {
  return
^unreachable:
  return
}

// -----

// expected-error @below {{'func.func' op argument 0 expects either `bcssl.variable` or `bcssl.input` with a name}}
func.func @argument_without_name(%x: tensor<4xf32>) { return }

// -----

// expected-error @below {{'func.func' op argument 0 expects either `bcssl.variable` or `bcssl.input` with a name}}
func.func @argument_with_both(%x: tensor<4xf32> {bcssl.variable = "w", bcssl.input = "x"}) { return }

// -----

// expected-error @below {{'func.func' op result 0 expects either `bcssl.variable` or `bcssl.output` with a name}}
func.func @result_without_name(%x: tensor<4xf32> {bcssl.input = "x"}) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}

// -----

// A name is text.
// expected-error @below {{'func.func' op argument 0 expects either `bcssl.variable` or `bcssl.input` with a name}}
func.func @name_of_another_kind(%x: tensor<4xf32> {bcssl.input = 3 : i64}) { return }

// -----

// expected-error @below {{'func.func' op argument 0 expects the name of a bcssl.variable, got 'w'}}
func.func @unknown_variable(%w: tensor<4xf32> {bcssl.variable = "w"}) { return }

// -----

// The symbol is there, but is a function.
// expected-error @below {{'func.func' op argument 0 expects the name of a bcssl.variable, got 'w'}}
func.func @not_a_variable(%w: tensor<4xf32> {bcssl.variable = "w"}) { return }
func.func private @w()

// -----

bcssl.variable @w : tensor<4xf32> init "zeros"
// expected-error @below {{'func.func' op result 0 expects the type of variable 'w', 'tensor<4xf32>', got 'tensor<2x2xf32>'}}
func.func @another_type(%x: tensor<2x2xf32> {bcssl.input = "x"}) -> (tensor<2x2xf32> {bcssl.variable = "w"}) {
  return %x : tensor<2x2xf32>
}

// -----

// Two new values of one variable: which one counts?
bcssl.variable @w : tensor<4xf32> init "zeros"
// expected-error @below {{'func.func' op result 1 expects a name that occurs once, got 'w' again}}
func.func @two_new_values(%x: tensor<4xf32> {bcssl.input = "x"}, %y: tensor<4xf32> {bcssl.input = "y"})
    -> (tensor<4xf32> {bcssl.variable = "w"}, tensor<4xf32> {bcssl.variable = "w"}) {
  return %x, %y : tensor<4xf32>, tensor<4xf32>
}

// -----

// expected-error @below {{'func.func' op argument 1 expects a name that occurs once, got 'x' again}}
func.func @two_inputs(%x: tensor<4xf32> {bcssl.input = "x"}, %y: tensor<4xf32> {bcssl.input = "x"}) { return }

// -----

// expected-error @below {{'func.func' op argument 0 expects f32, bf16 or i32 elements and at most 2^40 of them, got 'tensor<4xf64>'}}
func.func @element_type(%x: tensor<4xf64> {bcssl.input = "x"}) { return }

// -----

// Bytes go in, not out.
// expected-error @below {{'func.func' op result 0 expects f32, bf16 or i32 elements and at most 2^40 of them, got 'tensor<4xi8>'}}
func.func @bytes(%x: tensor<4xi8> {bcssl.input = "x"}) -> (tensor<4xi8> {bcssl.output = "y"}) {
  return %x : tensor<4xi8>
}

// -----

// expected-error @below {{'func.func' op argument 0 expects f32, bf16 or i32 elements and at most 2^40 of them, got 'memref<4xf32>'}}
func.func @not_a_tensor(%x: memref<4xf32> {bcssl.input = "x"}) { return }

// -----

// expected-error @below {{'func.func' op argument 0 expects f32, bf16 or i32 elements and at most 2^40 of them, got 'tensor<?xf32>'}}
func.func @dynamic(%x: tensor<?xf32> {bcssl.input = "x"}) { return }

// -----

// expected-error @below {{'bcssl.variable' op expects f32, bf16 or i32 elements and at most 2^40 of them, got 'tensor<4xi1>'}}
bcssl.variable @w : tensor<4xi1> init "zeros"

// -----

// Offsets of such tensors would not fit their numbers.
func.func @too_large(%x: tensor<f32> {bcssl.input = "x"}) {
  // expected-error @below {{'bcssl.kernel' op expects at most 2^40 elements, got 'tensor<4294967296x4294967296xf32>'}}
  %y = bcssl.kernel rowwise(%a = %x) : (tensor<f32>) -> tensor<4294967296x4294967296xf32> {
    %b = bcssl.broadcast %a dims [] : tensor<f32> -> tensor<4294967296x4294967296xf32>
    bcssl.yield %b : tensor<4294967296x4294967296xf32>
  }
  return
}
