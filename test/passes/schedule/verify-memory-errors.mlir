// RUN: bcssl-opt %s --bcssl-verify-memory --split-input-file --verify-diagnostics

// Plans that were edited: spaces are the arena (0), state (1), inputs (2) and
// outputs (3); a slot is [space, offset, bytes].

// A value's place is given away while a reader is still to come.
module attributes {bcssl.state_bytes = 0 : i64} {
func.func @lifetime(%x: tensor<4xf32> {bcssl.input = "x", bcssl.offset = 0 : i64}) -> (tensor<4xf32> {bcssl.offset = 0 : i64, bcssl.output = "y"}) attributes {bcssl.arena_bytes = 128 : i64, bcssl.input_bytes = 64 : i64, bcssl.moves = [], bcssl.output_bytes = 64 : i64} {
  %1 = bcssl.kernel rowwise(%a = %x) attributes {slots = [[2, 0, 16], [0, 0, 16]]} : (tensor<4xf32>) -> tensor<4xf32> {
    %e = math.exp %a : tensor<4xf32>
    bcssl.yield %e : tensor<4xf32>
  }
  // expected-note @below {{written here}}
  %2 = bcssl.kernel rowwise(%a = %1) attributes {slots = [[0, 0, 16], [0, 0, 16]]} : (tensor<4xf32>) -> tensor<4xf32> {
    %e = math.exp %a : tensor<4xf32>
    bcssl.yield %e : tensor<4xf32>
  }
  // expected-error @below {{'bcssl.kernel' op expects operand 0 in slot [0, 0, 16], got what another operation has written}}
  %3 = bcssl.kernel rowwise(%a = %1) attributes {slots = [[0, 0, 16], [3, 0, 16]]} : (tensor<4xf32>) -> tensor<4xf32> {
    %e = math.exp %a : tensor<4xf32>
    bcssl.yield %e : tensor<4xf32>
  }
  return %3 : tensor<4xf32>
}
}

// -----

// Only the end of it.
module attributes {bcssl.state_bytes = 0 : i64} {
func.func @partly(%x: tensor<4xf32> {bcssl.input = "x", bcssl.offset = 0 : i64}) -> (tensor<4xf32> {bcssl.offset = 0 : i64, bcssl.output = "y"}) attributes {bcssl.arena_bytes = 128 : i64, bcssl.input_bytes = 64 : i64, bcssl.moves = [], bcssl.output_bytes = 64 : i64} {
  %1 = bcssl.kernel rowwise(%a = %x) attributes {slots = [[2, 0, 16], [0, 0, 16]]} : (tensor<4xf32>) -> tensor<4xf32> {
    %e = math.exp %a : tensor<4xf32>
    bcssl.yield %e : tensor<4xf32>
  }
  // expected-note @below {{written here}}
  %2 = bcssl.kernel rowwise(%a = %x) attributes {slots = [[2, 0, 16], [0, 12, 16]]} : (tensor<4xf32>) -> tensor<4xf32> {
    %e = math.exp %a : tensor<4xf32>
    bcssl.yield %e : tensor<4xf32>
  }
  // expected-error @below {{expects operand 0 in slot [0, 0, 16], got what another operation has written}}
  %3 = bcssl.kernel rowwise(%a = %1) attributes {slots = [[0, 0, 16], [3, 0, 16]]} : (tensor<4xf32>) -> tensor<4xf32> {
    %e = math.exp %a : tensor<4xf32>
    bcssl.yield %e : tensor<4xf32>
  }
  return %3 : tensor<4xf32>
}
}

// -----

// The slot is another one than the value was written to.
module attributes {bcssl.state_bytes = 0 : i64} {
func.func @elsewhere(%x: tensor<4xf32> {bcssl.input = "x", bcssl.offset = 0 : i64}) -> (tensor<4xf32> {bcssl.offset = 0 : i64, bcssl.output = "y"}) attributes {bcssl.arena_bytes = 128 : i64, bcssl.input_bytes = 64 : i64, bcssl.moves = [], bcssl.output_bytes = 64 : i64} {
  // expected-note @below {{written here}}
  %1 = bcssl.kernel rowwise(%a = %x) attributes {slots = [[2, 0, 16], [0, 0, 16]]} : (tensor<4xf32>) -> tensor<4xf32> {
    %e = math.exp %a : tensor<4xf32>
    bcssl.yield %e : tensor<4xf32>
  }
  // expected-error @below {{expects operand 0 in slot [0, 8, 16], got what another operation has written}}
  %2 = bcssl.kernel rowwise(%a = %1) attributes {slots = [[0, 8, 16], [3, 0, 16]]} : (tensor<4xf32>) -> tensor<4xf32> {
    %e = math.exp %a : tensor<4xf32>
    bcssl.yield %e : tensor<4xf32>
  }
  return %2 : tensor<4xf32>
}
}

// -----

// Nobody has written there.
module attributes {bcssl.state_bytes = 0 : i64} {
func.func @unwritten(%x: tensor<4xf32> {bcssl.input = "x", bcssl.offset = 0 : i64}) -> (tensor<4xf32> {bcssl.offset = 0 : i64, bcssl.output = "y"}) attributes {bcssl.arena_bytes = 128 : i64, bcssl.input_bytes = 64 : i64, bcssl.moves = [], bcssl.output_bytes = 64 : i64} {
  %1 = bcssl.kernel rowwise(%a = %x) attributes {slots = [[2, 0, 16], [0, 0, 16]]} : (tensor<4xf32>) -> tensor<4xf32> {
    %e = math.exp %a : tensor<4xf32>
    bcssl.yield %e : tensor<4xf32>
  }
  // expected-error @below {{expects operand 0 in slot [0, 64, 16], got bytes that this program has not written}}
  %2 = bcssl.kernel rowwise(%a = %1) attributes {slots = [[0, 64, 16], [3, 0, 16]]} : (tensor<4xf32>) -> tensor<4xf32> {
    %e = math.exp %a : tensor<4xf32>
    bcssl.yield %e : tensor<4xf32>
  }
  return %2 : tensor<4xf32>
}
}

// -----

// The second half of a value lies behind its first.
module attributes {bcssl.state_bytes = 0 : i64} {
func.func @slice(%x: tensor<4xf32> {bcssl.input = "x", bcssl.offset = 0 : i64}) -> (tensor<2xf32> {bcssl.offset = 0 : i64, bcssl.output = "y"}) attributes {bcssl.arena_bytes = 128 : i64, bcssl.input_bytes = 64 : i64, bcssl.moves = [], bcssl.output_bytes = 64 : i64} {
  // expected-note @below {{written here}}
  %1 = bcssl.kernel rowwise(%a = %x) attributes {slots = [[2, 0, 16], [0, 0, 16]]} : (tensor<4xf32>) -> tensor<4xf32> {
    %e = math.exp %a : tensor<4xf32>
    bcssl.yield %e : tensor<4xf32>
  }
  %s = bcssl.slice %1 from 2 : tensor<4xf32> -> tensor<2xf32>
  // expected-error @below {{expects operand 0 in slot [0, 0, 8], got what another operation has written}}
  %2 = bcssl.kernel rowwise(%a = %s) attributes {slots = [[0, 0, 8], [3, 0, 8]]} : (tensor<2xf32>) -> tensor<2xf32> {
    %e = math.exp %a : tensor<2xf32>
    bcssl.yield %e : tensor<2xf32>
  }
  return %2 : tensor<2xf32>
}
}

// -----

// A kernel reads other elements of its operand than the one it writes.
module attributes {bcssl.state_bytes = 0 : i64} {
func.func @in_place(%x: tensor<4x4xf32> {bcssl.input = "x", bcssl.offset = 0 : i64}) -> (tensor<4x4xf32> {bcssl.offset = 0 : i64, bcssl.output = "y"}) attributes {bcssl.arena_bytes = 128 : i64, bcssl.input_bytes = 64 : i64, bcssl.moves = [], bcssl.output_bytes = 64 : i64} {
  %1 = bcssl.kernel rowwise(%a = %x) attributes {slots = [[2, 0, 64], [3, 0, 64]]} : (tensor<4x4xf32>) -> tensor<4x4xf32> {
    %e = math.exp %a : tensor<4x4xf32>
    bcssl.yield %e : tensor<4x4xf32>
  }
  // expected-error @below {{expects result 0 apart from what the kernel reads elsewhere and from its other results, got [3, 0, 64] and [3, 0, 64]}}
  %2 = bcssl.kernel contraction(%a = %1) attributes {slots = [[3, 0, 64], [3, 0, 64]]} : (tensor<4x4xf32>) -> tensor<4x4xf32> {
    %e = bcssl.contract tn %a, %a : tensor<4x4xf32>, tensor<4x4xf32> -> tensor<4x4xf32>
    bcssl.yield %e : tensor<4x4xf32>
  }
  return %2 : tensor<4x4xf32>
}
}

// -----

// Each element is read where it is written, but not at the same address.
module attributes {bcssl.state_bytes = 0 : i64} {
func.func @shifted(%x: tensor<4xf32> {bcssl.input = "x", bcssl.offset = 0 : i64}) -> (tensor<4xf32> {bcssl.offset = 0 : i64, bcssl.output = "y"}) attributes {bcssl.arena_bytes = 128 : i64, bcssl.input_bytes = 64 : i64, bcssl.moves = [], bcssl.output_bytes = 64 : i64} {
  %1 = bcssl.kernel rowwise(%a = %x) attributes {slots = [[2, 0, 16], [0, 0, 16]]} : (tensor<4xf32>) -> tensor<4xf32> {
    %e = math.exp %a : tensor<4xf32>
    bcssl.yield %e : tensor<4xf32>
  }
  // expected-error @below {{expects result 0 apart from what the kernel reads elsewhere and from its other results, got [0, 4, 16] and [0, 0, 16]}}
  %2 = bcssl.kernel rowwise(%a = %1) attributes {slots = [[0, 0, 16], [0, 4, 16]]} : (tensor<4xf32>) -> tensor<4xf32> {
    %e = math.exp %a : tensor<4xf32>
    bcssl.yield %e : tensor<4xf32>
  }
  %3 = bcssl.kernel rowwise(%a = %2) attributes {slots = [[0, 4, 16], [3, 0, 16]]} : (tensor<4xf32>) -> tensor<4xf32> {
    %e = math.exp %a : tensor<4xf32>
    bcssl.yield %e : tensor<4xf32>
  }
  return %3 : tensor<4xf32>
}
}

// -----

// Two results of one kernel.
module attributes {bcssl.state_bytes = 0 : i64} {
func.func @results(%x: tensor<4xf32> {bcssl.input = "x", bcssl.offset = 0 : i64}) attributes {bcssl.arena_bytes = 128 : i64, bcssl.input_bytes = 64 : i64, bcssl.moves = [], bcssl.output_bytes = 64 : i64} {
  // expected-error @below {{expects result 0 apart from what the kernel reads elsewhere and from its other results, got [0, 0, 16] and [0, 12, 16]}}
  %1:2 = bcssl.kernel rowwise(%a = %x) attributes {slots = [[2, 0, 16], [0, 0, 16], [0, 12, 16]]} : (tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
    %e = math.exp %a : tensor<4xf32>
    bcssl.yield %e, %e : tensor<4xf32>, tensor<4xf32>
  }
  return
}
}

// -----

// Inputs are the caller's.
module attributes {bcssl.state_bytes = 0 : i64} {
func.func @input(%x: tensor<4xf32> {bcssl.input = "x", bcssl.offset = 0 : i64}) attributes {bcssl.arena_bytes = 128 : i64, bcssl.input_bytes = 64 : i64, bcssl.moves = [], bcssl.output_bytes = 64 : i64} {
  // expected-error @below {{'bcssl.kernel' op expects result 0 outside of the inputs, got [2, 0, 16]}}
  %1 = bcssl.kernel rowwise(%a = %x) attributes {slots = [[2, 0, 16], [2, 0, 16]]} : (tensor<4xf32>) -> tensor<4xf32> {
    %e = math.exp %a : tensor<4xf32>
    bcssl.yield %e : tensor<4xf32>
  }
  return
}
}

// -----

// Slots beyond the end of their space, also where the end would not fit a number.
module attributes {bcssl.state_bytes = 0 : i64} {
func.func @space(%x: tensor<4xf32> {bcssl.input = "x", bcssl.offset = 0 : i64}) attributes {bcssl.arena_bytes = 128 : i64, bcssl.input_bytes = 64 : i64, bcssl.moves = [], bcssl.output_bytes = 64 : i64} {
  // expected-error @below {{'bcssl.kernel' op expects a slot within its space of 128 bytes, got [0, 120, 16]}}
  %1 = bcssl.kernel rowwise(%a = %x) attributes {slots = [[2, 0, 16], [0, 120, 16]]} : (tensor<4xf32>) -> tensor<4xf32> {
    %e = math.exp %a : tensor<4xf32>
    bcssl.yield %e : tensor<4xf32>
  }
  return
}
}

// -----

module attributes {bcssl.state_bytes = 0 : i64} {
func.func @far(%x: tensor<4xf32> {bcssl.input = "x", bcssl.offset = 0 : i64}) attributes {bcssl.arena_bytes = 128 : i64, bcssl.input_bytes = 64 : i64, bcssl.moves = [], bcssl.output_bytes = 64 : i64} {
  // expected-error @below {{'bcssl.kernel' op expects a slot within its space of 128 bytes, got [0, 9223372036854775807, 16]}}
  %1 = bcssl.kernel rowwise(%a = %x) attributes {slots = [[2, 0, 16], [0, 9223372036854775807, 16]]} : (tensor<4xf32>) -> tensor<4xf32> {
    %e = math.exp %a : tensor<4xf32>
    bcssl.yield %e : tensor<4xf32>
  }
  return
}
}

// -----

// A slot of another size than the value.
module attributes {bcssl.state_bytes = 0 : i64} {
func.func @bytes(%x: tensor<4xf32> {bcssl.input = "x", bcssl.offset = 0 : i64}) attributes {bcssl.arena_bytes = 128 : i64, bcssl.input_bytes = 64 : i64, bcssl.moves = [], bcssl.output_bytes = 64 : i64} {
  // expected-error @below {{'bcssl.kernel' op expects a slot of 16 bytes, got [0, 0, 12]}}
  %1 = bcssl.kernel rowwise(%a = %x) attributes {slots = [[2, 0, 16], [0, 0, 12]]} : (tensor<4xf32>) -> tensor<4xf32> {
    %e = math.exp %a : tensor<4xf32>
    bcssl.yield %e : tensor<4xf32>
  }
  return
}
}

// -----

// The new value of a variable is written while the old one has a reader.
module attributes {bcssl.state_bytes = 64 : i64} {
bcssl.variable @w : tensor<4xf32> init "zeros" {bcssl.offset = 0 : i64}
func.func @replaced_early(%w: tensor<4xf32> {bcssl.variable = "w"}) -> (tensor<4xf32> {bcssl.variable = "w"}, tensor<4xf32> {bcssl.offset = 0 : i64, bcssl.output = "y"}) attributes {bcssl.arena_bytes = 128 : i64, bcssl.input_bytes = 64 : i64, bcssl.moves = [], bcssl.output_bytes = 64 : i64} {
  // expected-note @below {{written here}}
  %1 = bcssl.kernel rowwise(%a = %w) attributes {slots = [[1, 0, 16], [1, 0, 16]]} : (tensor<4xf32>) -> tensor<4xf32> {
    %e = math.exp %a : tensor<4xf32>
    bcssl.yield %e : tensor<4xf32>
  }
  // expected-error @below {{expects operand 0 in slot [1, 0, 16], got what another operation has written}}
  %2 = bcssl.kernel rowwise(%a = %w) attributes {slots = [[1, 0, 16], [3, 0, 16]]} : (tensor<4xf32>) -> tensor<4xf32> {
    %e = math.exp %a : tensor<4xf32>
    bcssl.yield %e : tensor<4xf32>
  }
  return %1, %2 : tensor<4xf32>, tensor<4xf32>
}
}

// -----

// The new value never reaches its place.
module attributes {bcssl.state_bytes = 64 : i64} {
bcssl.variable @w : tensor<4xf32> init "zeros" {bcssl.offset = 0 : i64}
// expected-error @below {{'func.func' op expects result 0 in slot [1, 0, 16], got bytes that this program has not written}}
func.func @not_replaced(%w: tensor<4xf32> {bcssl.variable = "w"}) -> (tensor<4xf32> {bcssl.variable = "w"}) attributes {bcssl.arena_bytes = 128 : i64, bcssl.input_bytes = 64 : i64, bcssl.moves = [], bcssl.output_bytes = 64 : i64} {
  %1 = bcssl.kernel rowwise(%a = %w) attributes {slots = [[1, 0, 16], [0, 0, 16]]} : (tensor<4xf32>) -> tensor<4xf32> {
    %e = math.exp %a : tensor<4xf32>
    bcssl.yield %e : tensor<4xf32>
  }
  return %1 : tensor<4xf32>
}
}

// -----

// It comes from the wrong place.
module attributes {bcssl.state_bytes = 64 : i64} {
bcssl.variable @w : tensor<4xf32> init "zeros" {bcssl.offset = 0 : i64}
// expected-error @below {{'func.func' op expects result 0 in slot [1, 0, 16], got bytes that this program has not written}}
func.func @wrong_move(%w: tensor<4xf32> {bcssl.variable = "w"}) -> (tensor<4xf32> {bcssl.variable = "w"}) attributes {bcssl.arena_bytes = 128 : i64, bcssl.input_bytes = 64 : i64, bcssl.moves = [[[0, 64, 16], [1, 0, 16]]], bcssl.output_bytes = 64 : i64} {
  %1 = bcssl.kernel rowwise(%a = %w) attributes {slots = [[1, 0, 16], [0, 0, 16]]} : (tensor<4xf32>) -> tensor<4xf32> {
    %e = math.exp %a : tensor<4xf32>
    bcssl.yield %e : tensor<4xf32>
  }
  return %1 : tensor<4xf32>
}
}

// -----

// Two variables change places, but neither is set aside: both get one value.
module attributes {bcssl.state_bytes = 128 : i64} {
bcssl.variable @v : tensor<4xf32> init "zeros" {bcssl.offset = 0 : i64}
bcssl.variable @w : tensor<4xf32> init "zeros" {bcssl.offset = 64 : i64}
// expected-error @below {{'func.func' op expects result 1 in slot [1, 64, 16], got bytes that this program has not written}}
func.func @exchange(%v: tensor<4xf32> {bcssl.variable = "v"}, %w: tensor<4xf32> {bcssl.variable = "w"}) -> (tensor<4xf32> {bcssl.variable = "v"}, tensor<4xf32> {bcssl.variable = "w"}) attributes {bcssl.arena_bytes = 128 : i64, bcssl.input_bytes = 64 : i64, bcssl.moves = [[[1, 64, 16], [1, 0, 16]], [[1, 0, 16], [1, 64, 16]]], bcssl.output_bytes = 64 : i64} {
  return %w, %v : tensor<4xf32>, tensor<4xf32>
}
}

// -----

// A variable that the program does not mention is written over.
module attributes {bcssl.state_bytes = 64 : i64} {
bcssl.variable @w : tensor<4xf32> init "zeros" {bcssl.offset = 0 : i64}
// expected-error @below {{'func.func' op expects variable 'w' as it was in slot [1, 0, 16], got what another operation has written}}
func.func @bystander(%x: tensor<4xf32> {bcssl.input = "x", bcssl.offset = 0 : i64}) attributes {bcssl.arena_bytes = 128 : i64, bcssl.input_bytes = 64 : i64, bcssl.moves = [], bcssl.output_bytes = 64 : i64} {
  // expected-note @below {{written here}}
  %1 = bcssl.kernel rowwise(%a = %x) attributes {slots = [[2, 0, 16], [1, 0, 16]]} : (tensor<4xf32>) -> tensor<4xf32> {
    %e = math.exp %a : tensor<4xf32>
    bcssl.yield %e : tensor<4xf32>
  }
  return
}
}

// -----

// So is one that it reads and does not change.
module attributes {bcssl.state_bytes = 64 : i64} {
bcssl.variable @w : tensor<4xf32> init "zeros" {bcssl.offset = 0 : i64}
// expected-error @below {{'func.func' op expects variable 'w' as it was in slot [1, 0, 16], got what another operation has written}}
func.func @only_read(%w: tensor<4xf32> {bcssl.variable = "w"}) attributes {bcssl.arena_bytes = 128 : i64, bcssl.input_bytes = 64 : i64, bcssl.moves = [], bcssl.output_bytes = 64 : i64} {
  // expected-note @below {{written here}}
  %1 = bcssl.kernel rowwise(%a = %w) attributes {slots = [[1, 0, 16], [1, 0, 16]]} : (tensor<4xf32>) -> tensor<4xf32> {
    %e = math.exp %a : tensor<4xf32>
    bcssl.yield %e : tensor<4xf32>
  }
  return
}
}

// -----

// Two variables, two inputs, two outputs in one place.
module attributes {bcssl.state_bytes = 128 : i64} {
// expected-error @below {{'bcssl.variable' op expects a place of its own, got that of another variable}}
bcssl.variable @v : tensor<4xf32> init "zeros" {bcssl.offset = 0 : i64}
bcssl.variable @w : tensor<4xf32> init "zeros" {bcssl.offset = 8 : i64}
func.func @variables() attributes {bcssl.arena_bytes = 128 : i64, bcssl.input_bytes = 64 : i64, bcssl.moves = [], bcssl.output_bytes = 64 : i64} {
  return
}
}

// -----

module attributes {bcssl.state_bytes = 0 : i64} {
// expected-error @below {{'func.func' op expects argument 0 in slot [2, 0, 16], got bytes that this program has not written}}
func.func @inputs(%x: tensor<4xf32> {bcssl.input = "x", bcssl.offset = 0 : i64}, %z: tensor<4xf32> {bcssl.input = "z", bcssl.offset = 0 : i64}) attributes {bcssl.arena_bytes = 128 : i64, bcssl.input_bytes = 64 : i64, bcssl.moves = [], bcssl.output_bytes = 64 : i64} {
  return
}
}

// -----

module attributes {bcssl.state_bytes = 0 : i64} {
// expected-error @below {{'func.func' op expects result 0 in slot [3, 0, 16], got what another operation has written}}
func.func @outputs(%x: tensor<4xf32> {bcssl.input = "x", bcssl.offset = 0 : i64}) -> (tensor<4xf32> {bcssl.offset = 0 : i64, bcssl.output = "y"}, tensor<4xf32> {bcssl.offset = 0 : i64, bcssl.output = "z"}) attributes {bcssl.arena_bytes = 128 : i64, bcssl.input_bytes = 64 : i64, bcssl.moves = [], bcssl.output_bytes = 64 : i64} {
  %1 = bcssl.kernel rowwise(%a = %x) attributes {slots = [[2, 0, 16], [3, 0, 16]]} : (tensor<4xf32>) -> tensor<4xf32> {
    %e = math.exp %a : tensor<4xf32>
    bcssl.yield %e : tensor<4xf32>
  }
  // expected-note @below {{written here}}
  %2 = bcssl.kernel rowwise(%a = %x) attributes {slots = [[2, 0, 16], [3, 0, 16]]} : (tensor<4xf32>) -> tensor<4xf32> {
    %e = math.exp %a : tensor<4xf32>
    bcssl.yield %e : tensor<4xf32>
  }
  return %1, %2 : tensor<4xf32>, tensor<4xf32>
}
}

// -----

// Variables and ports beyond the end of their spaces.
module attributes {bcssl.state_bytes = 64 : i64} {
// expected-error @below {{'bcssl.variable' op expects a slot within its space of 64 bytes, got [1, 56, 16]}}
bcssl.variable @w : tensor<4xf32> init "zeros" {bcssl.offset = 56 : i64}
func.func @state() attributes {bcssl.arena_bytes = 128 : i64, bcssl.input_bytes = 64 : i64, bcssl.moves = [], bcssl.output_bytes = 64 : i64} {
  return
}
}

// -----

module attributes {bcssl.state_bytes = 0 : i64} {
// expected-error @below {{'func.func' op expects a slot within its space of 8 bytes, got [2, 0, 16]}}
func.func @short_inputs(%x: tensor<4xf32> {bcssl.input = "x", bcssl.offset = 0 : i64}) attributes {bcssl.arena_bytes = 128 : i64, bcssl.input_bytes = 8 : i64, bcssl.moves = [], bcssl.output_bytes = 64 : i64} {
  return
}
}

// -----

module attributes {bcssl.state_bytes = 0 : i64} {
// expected-error @below {{'func.func' op expects a slot within its space of 8 bytes, got [3, 0, 16]}}
func.func @short_outputs(%x: tensor<4xf32> {bcssl.input = "x", bcssl.offset = 0 : i64}) -> (tensor<4xf32> {bcssl.offset = 0 : i64, bcssl.output = "y"}) attributes {bcssl.arena_bytes = 128 : i64, bcssl.input_bytes = 64 : i64, bcssl.moves = [], bcssl.output_bytes = 8 : i64} {
  return %x : tensor<4xf32>
}
}

// -----

// Moves of two sizes, within themselves, into an input.
module attributes {bcssl.state_bytes = 0 : i64} {
// expected-error @below {{'func.func' op expects a slot of 8 bytes, got [2, 0, 16]}}
func.func @two_sizes(%x: tensor<4xf32> {bcssl.input = "x", bcssl.offset = 0 : i64}) -> (tensor<4xf32> {bcssl.offset = 0 : i64, bcssl.output = "y"}) attributes {bcssl.arena_bytes = 128 : i64, bcssl.input_bytes = 64 : i64, bcssl.moves = [[[2, 0, 16], [3, 0, 8]]], bcssl.output_bytes = 64 : i64} {
  return %x : tensor<4xf32>
}
}

// -----

module attributes {bcssl.state_bytes = 0 : i64} {
// expected-error @below {{'func.func' op expects a move to a place apart and not to an input, got}}
func.func @within_itself(%x: tensor<4xf32> {bcssl.input = "x", bcssl.offset = 0 : i64}) attributes {bcssl.arena_bytes = 128 : i64, bcssl.input_bytes = 64 : i64, bcssl.moves = [[[0, 0, 16], [0, 8, 16]]], bcssl.output_bytes = 64 : i64} {
  return
}
}

// -----

module attributes {bcssl.state_bytes = 0 : i64} {
// expected-error @below {{'func.func' op expects a move to a place apart and not to an input, got}}
func.func @to_an_input(%x: tensor<4xf32> {bcssl.input = "x", bcssl.offset = 0 : i64}) attributes {bcssl.arena_bytes = 128 : i64, bcssl.input_bytes = 64 : i64, bcssl.moves = [[[0, 0, 16], [2, 0, 16]]], bcssl.output_bytes = 64 : i64} {
  return
}
}

// -----

// There is no plan.
// expected-error @below {{'builtin.module' op expects a planned program: run the stages before}}
module {}

// -----

// A part of a merged kernel writes what another part reads: its blocks may run
// first.
module attributes {bcssl.state_bytes = 64 : i64} {
bcssl.variable @v : tensor<4xf32> init "zeros" {bcssl.offset = 0 : i64}
func.func @parts(%v: tensor<4xf32> {bcssl.variable = "v"}) -> (tensor<4xf32> {bcssl.variable = "v"}, tensor<4xf32> {bcssl.offset = 0 : i64, bcssl.output = "y"}) attributes {bcssl.arena_bytes = 0 : i64, bcssl.input_bytes = 0 : i64, bcssl.moves = [], bcssl.output_bytes = 64 : i64} {
  // expected-error @below {{expects result 0 apart from what the kernel reads elsewhere and from its other results, got [1, 0, 16] and [1, 0, 16]}}
  %0:2 = bcssl.kernel rowwise(%a = %v) attributes {slots = [[1, 0, 16], [1, 0, 16], [3, 0, 16]]} : (tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
    %1 = bcssl.kernel rowwise(%p = %a) : (tensor<4xf32>) -> tensor<4xf32> {
      %e = math.exp %p : tensor<4xf32>
      bcssl.yield %e : tensor<4xf32>
    }
    %2 = bcssl.kernel rowwise(%p = %a) : (tensor<4xf32>) -> tensor<4xf32> {
      %e = math.sqrt %p : tensor<4xf32>
      bcssl.yield %e : tensor<4xf32>
    }
    bcssl.yield %1, %2 : tensor<4xf32>, tensor<4xf32>
  }
  return %0#0, %0#1 : tensor<4xf32>, tensor<4xf32>
}
}
