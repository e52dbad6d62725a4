// RUN: bcssl-opt %s --bcssl-plan-memory --split-input-file | FileCheck %s

// State, inputs and outputs have spaces of their own (1, 2, 3); what lies
// between is in the arena (0). Offsets are multiples of 64.

// CHECK:       module attributes {bcssl.state_bytes = 192 : i64}
// CHECK:         bcssl.variable @w : {{.*}}bcssl.offset = 0 : i64
// CHECK:         bcssl.variable @v : {{.*}}bcssl.offset = 64 : i64
// CHECK:         func.func @spaces(
// CHECK-SAME:      {bcssl.input = "x", bcssl.offset = 0 : i64}
// CHECK-SAME:      {bcssl.input = "y", bcssl.offset = 64 : i64}
// CHECK-SAME:      {bcssl.variable = "v"}) -> (
// CHECK-SAME:      {bcssl.offset = 0 : i64, bcssl.output = "z"}
// CHECK-SAME:      bcssl.arena_bytes = 64 : i64, bcssl.input_bytes = 128 : i64, bcssl.moves = [], bcssl.output_bytes = 64 : i64
// CHECK:           bcssl.kernel rowwise({{.*}}slots = {{\[\[}}2, 0, 12], [2, 64, 12], [0, 0, 12]]
// CHECK:           bcssl.kernel rowwise({{.*}}slots = {{\[\[}}0, 0, 12], [1, 64, 12], [3, 0, 12]]
bcssl.variable @w : tensor<5xf32> init "zeros"
bcssl.variable @v : tensor<3xf32> init "zeros"
bcssl.variable @last : tensor<1xi32> init "zeros"
func.func @spaces(%x: tensor<3xf32> {bcssl.input = "x"}, %y: tensor<3xf32> {bcssl.input = "y"}, %v: tensor<3xf32> {bcssl.variable = "v"}) -> (tensor<3xf32> {bcssl.output = "z"}) {
  %s = bcssl.kernel rowwise(%a = %x, %b = %y) : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32> {
    %c = arith.addf %a, %b : tensor<3xf32>
    bcssl.yield %c : tensor<3xf32>
  }
  %z = bcssl.kernel rowwise(%a = %s, %b = %v) : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32> {
    %c = arith.mulf %a, %b : tensor<3xf32>
    bcssl.yield %c : tensor<3xf32>
  }
  return %z : tensor<3xf32>
}

// -----

// Places are used again once their last reader has run: of four values in a
// chain no more than two are live.

// CHECK-LABEL: func.func @chain(
// CHECK-SAME:    bcssl.arena_bytes = 128 : i64
// CHECK:         slots = {{\[\[}}2, 0, 64], [0, 0, 64]]
// CHECK:         slots = {{\[\[}}0, 0, 64], [0, 64, 64]]
// CHECK:         slots = {{\[\[}}0, 64, 64], [0, 0, 64]]
// CHECK:         slots = {{\[\[}}0, 0, 64], [3, 0, 64]]
func.func @chain(%x: tensor<16xf32> {bcssl.input = "x"}) -> (tensor<16xf32> {bcssl.output = "y"}) {
  %1 = bcssl.kernel rowwise(%a = %x) : (tensor<16xf32>) -> tensor<16xf32> {
    %e = math.exp %a : tensor<16xf32>
    bcssl.yield %e : tensor<16xf32>
  }
  %2 = bcssl.kernel rowwise(%a = %1) : (tensor<16xf32>) -> tensor<16xf32> {
    %e = math.exp %a : tensor<16xf32>
    bcssl.yield %e : tensor<16xf32>
  }
  %3 = bcssl.kernel rowwise(%a = %2) : (tensor<16xf32>) -> tensor<16xf32> {
    %e = math.exp %a : tensor<16xf32>
    bcssl.yield %e : tensor<16xf32>
  }
  %4 = bcssl.kernel rowwise(%a = %3) : (tensor<16xf32>) -> tensor<16xf32> {
    %e = math.exp %a : tensor<16xf32>
    bcssl.yield %e : tensor<16xf32>
  }
  return %4 : tensor<16xf32>
}

// -----

// A reshape is its operand's place, a slice a place within it; the operand is
// live until the last of their readers.

// CHECK-LABEL: func.func @aliases(
// CHECK:         slots = {{\[\[}}2, 0, 64], [0, 0, 64]]
// CHECK:         slots = {{\[\[}}0, 32, 32], [3, 0, 32]]
func.func @aliases(%x: tensor<4x4xf32> {bcssl.input = "x"}) -> (tensor<8xf32> {bcssl.output = "y"}) {
  %1 = bcssl.kernel rowwise(%a = %x) : (tensor<4x4xf32>) -> tensor<4x4xf32> {
    %e = math.exp %a : tensor<4x4xf32>
    bcssl.yield %e : tensor<4x4xf32>
  }
  %s = bcssl.slice %1 from 2 : tensor<4x4xf32> -> tensor<2x4xf32>
  %r = bcssl.reshape %s : tensor<2x4xf32> -> tensor<8xf32>
  %2 = bcssl.kernel rowwise(%a = %r) : (tensor<8xf32>) -> tensor<8xf32> {
    %e = math.exp %a : tensor<8xf32>
    bcssl.yield %e : tensor<8xf32>
  }
  return %2 : tensor<8xf32>
}

// -----

// The new value of a variable is written over the old one, which the same
// kernel reads element by element.

// CHECK-LABEL: func.func @in_place(
// CHECK-SAME:    bcssl.moves = []
// CHECK:         slots = {{\[\[}}1, 0, 16], [1, 0, 16]]
bcssl.variable @w : tensor<4xf32> init "ones"
func.func @in_place(%w: tensor<4xf32> {bcssl.variable = "w"}) -> (tensor<4xf32> {bcssl.variable = "w"}) {
  %1 = bcssl.kernel rowwise(%a = %w) : (tensor<4xf32>) -> tensor<4xf32> {
    %e = arith.addf %a, %a : tensor<4xf32>
    bcssl.yield %e : tensor<4xf32>
  }
  return %1 : tensor<4xf32>
}

// -----

// Not so where a later kernel still reads the old value: the new one waits in
// the arena and moves at the end.

// CHECK-LABEL: func.func @read_later(
// CHECK-SAME:    bcssl.moves = {{\[\[\[}}0, 0, 16], [1, 0, 16]]]
// CHECK:         slots = {{\[\[}}1, 0, 16], [0, 0, 16]]
bcssl.variable @w : tensor<4xf32> init "ones"
func.func @read_later(%w: tensor<4xf32> {bcssl.variable = "w"}) -> (tensor<4xf32> {bcssl.variable = "w"}, tensor<4xf32> {bcssl.output = "y"}) {
  %1 = bcssl.kernel rowwise(%a = %w) : (tensor<4xf32>) -> tensor<4xf32> {
    %e = arith.addf %a, %a : tensor<4xf32>
    bcssl.yield %e : tensor<4xf32>
  }
  %2 = bcssl.kernel rowwise(%a = %w) : (tensor<4xf32>) -> tensor<4xf32> {
    %e = math.exp %a : tensor<4xf32>
    bcssl.yield %e : tensor<4xf32>
  }
  return %1, %2 : tensor<4xf32>, tensor<4xf32>
}

// -----

// Nor where the kernel reads other elements than the one it writes: here the
// same value in every row.

// CHECK-LABEL: func.func @other_elements(
// CHECK-SAME:    bcssl.moves = {{\[\[\[}}0, 0, 64], [1, 0, 64]]]
bcssl.variable @w : tensor<4x4xf32> init "ones"
func.func @other_elements(%w: tensor<4x4xf32> {bcssl.variable = "w"}) -> (tensor<4x4xf32> {bcssl.variable = "w"}) {
  %1 = bcssl.kernel contraction(%a = %w) : (tensor<4x4xf32>) -> tensor<4x4xf32> {
    %e = bcssl.contract tn %a, %a : tensor<4x4xf32>, tensor<4x4xf32> -> tensor<4x4xf32>
    bcssl.yield %e : tensor<4x4xf32>
  }
  return %1 : tensor<4x4xf32>
}

// -----

// Two variables that change places are set aside first, since the place of one
// is the target of the other.

// CHECK-LABEL: func.func @exchange(
// CHECK-SAME:    bcssl.arena_bytes = 128 : i64
// CHECK-SAME:    bcssl.moves = {{\[\[\[}}1, 64, 16], [0, 0, 16]], {{\[\[}}1, 0, 16], [0, 64, 16]], {{\[\[}}0, 0, 16], [1, 0, 16]], {{\[\[}}0, 64, 16], [1, 64, 16]]]
bcssl.variable @v : tensor<4xf32> init "ones"
bcssl.variable @w : tensor<4xf32> init "ones"
func.func @exchange(%v: tensor<4xf32> {bcssl.variable = "v"}, %w: tensor<4xf32> {bcssl.variable = "w"}) -> (tensor<4xf32> {bcssl.variable = "v"}, tensor<4xf32> {bcssl.variable = "w"}) {
  return %w, %v : tensor<4xf32>, tensor<4xf32>
}

// -----

// One value under two names is written once and moved once; a variable that
// stays what it is needs nothing.

// CHECK-LABEL: func.func @twice(
// CHECK-SAME:    bcssl.moves = {{\[\[\[}}3, 0, 16], [3, 64, 16]]]
bcssl.variable @w : tensor<4xf32> init "ones"
func.func @twice(%w: tensor<4xf32> {bcssl.variable = "w"}) -> (tensor<4xf32> {bcssl.variable = "w"}, tensor<4xf32> {bcssl.output = "x"}, tensor<4xf32> {bcssl.output = "y"}) {
  %1 = bcssl.kernel rowwise(%a = %w) : (tensor<4xf32>) -> tensor<4xf32> {
    %e = arith.addf %a, %a : tensor<4xf32>
    bcssl.yield %e : tensor<4xf32>
  }
  return %w, %1, %1 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// -----

// An input returned as it is, an empty program, a declaration.

// CHECK-LABEL: func.func @passed_on(
// CHECK-SAME:    bcssl.moves = {{\[\[\[}}2, 0, 4], [3, 0, 4]]]
// CHECK-LABEL: func.func @empty(){{.*}}bcssl.arena_bytes = 0 : i64
// CHECK:       func.func private @declared()
func.func @passed_on(%x: tensor<f32> {bcssl.input = "x"}) -> (tensor<f32> {bcssl.output = "y"}) {
  return %x : tensor<f32>
}
func.func @empty() { return }
func.func private @declared()

// -----

// A part of a merged kernel replaces its variable; where another part reads the
// old value, whose blocks may come later, the new one is copied at the end.

// CHECK-LABEL: func.func @merged(
// CHECK-SAME:    bcssl.moves = {{\[\[\[}}0, 0, 16], [1, 64, 16]]]
// CHECK:         slots = {{\[\[}}1, 0, 16], [2, 0, 16], [1, 64, 16], [1, 0, 16], [0, 0, 16], [3, 0, 16]]
bcssl.variable @v : tensor<4xf32> init "zeros"
bcssl.variable @w : tensor<4xf32> init "zeros"
func.func @merged(%v: tensor<4xf32> {bcssl.variable = "v"}, %w: tensor<4xf32> {bcssl.variable = "w"}, %x: tensor<4xf32> {bcssl.input = "x"})
    -> (tensor<4xf32> {bcssl.variable = "v"}, tensor<4xf32> {bcssl.variable = "w"}, tensor<4xf32> {bcssl.output = "y"}) {
  %0:3 = bcssl.kernel rowwise(%a = %v, %b = %x, %c = %w) : (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
    %1 = bcssl.kernel rowwise(%p = %a, %q = %b) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32> {
      %s = arith.addf %p, %q : tensor<4xf32>
      bcssl.yield %s : tensor<4xf32>
    }
    %2 = bcssl.kernel rowwise(%p = %c, %q = %b) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32> {
      %s = arith.addf %p, %q : tensor<4xf32>
      bcssl.yield %s : tensor<4xf32>
    }
    %3 = bcssl.kernel rowwise(%p = %c) : (tensor<4xf32>) -> tensor<4xf32> {
      %s = math.exp %p : tensor<4xf32>
      bcssl.yield %s : tensor<4xf32>
    }
    bcssl.yield %1, %2, %3 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
  }
  return %0#0, %0#1, %0#2 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}
