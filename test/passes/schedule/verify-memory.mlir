// RUN: bcssl-opt %s --bcssl-verify-memory --split-input-file -o %t.mlir
// RUN: bcssl-opt %s --split-input-file | cmp - %t.mlir
// RUN: FileCheck %s --input-file=%t.mlir

// What bcssl-plan-memory makes is in order (test/passes/pipelines.mlir runs both);
// so is any other plan in which every reader finds its value. A chain in which
// each kernel writes over what it alone reads:

// CHECK-LABEL: func.func @chain(
module attributes {bcssl.state_bytes = 0 : i64} {
func.func @chain(%x: tensor<4xf32> {bcssl.input = "x", bcssl.offset = 0 : i64}) -> (tensor<4xf32> {bcssl.offset = 0 : i64, bcssl.output = "y"}) attributes {bcssl.arena_bytes = 128 : i64, bcssl.input_bytes = 64 : i64, bcssl.moves = [], bcssl.output_bytes = 64 : i64} {
  %1 = bcssl.kernel rowwise(%a = %x) attributes {slots = [[2, 0, 16], [0, 32, 16]]} : (tensor<4xf32>) -> tensor<4xf32> {
    %e = math.exp %a : tensor<4xf32>
    bcssl.yield %e : tensor<4xf32>
  }
  %2 = bcssl.kernel rowwise(%a = %1) attributes {slots = [[0, 32, 16], [0, 32, 16]]} : (tensor<4xf32>) -> tensor<4xf32> {
    %e = math.exp %a : tensor<4xf32>
    bcssl.yield %e : tensor<4xf32>
  }
  %3 = bcssl.kernel rowwise(%a = %2) attributes {slots = [[0, 32, 16], [3, 0, 16]]} : (tensor<4xf32>) -> tensor<4xf32> {
    %e = math.exp %a : tensor<4xf32>
    bcssl.yield %e : tensor<4xf32>
  }
  return %3 : tensor<4xf32>
}
}

// -----

// Outputs and state may hold what is read again; a value may be put together of
// moves.

// CHECK-LABEL: func.func @read_from_outputs(
module attributes {bcssl.state_bytes = 64 : i64} {
bcssl.variable @w : tensor<4xf32> init "zeros" {bcssl.offset = 0 : i64}
func.func @read_from_outputs(%x: tensor<4xf32> {bcssl.input = "x", bcssl.offset = 0 : i64}) -> (tensor<4xf32> {bcssl.offset = 0 : i64, bcssl.output = "y"}, tensor<4xf32> {bcssl.variable = "w"}) attributes {bcssl.arena_bytes = 128 : i64, bcssl.input_bytes = 64 : i64, bcssl.moves = [[[0, 8, 8], [1, 8, 8]], [[0, 0, 8], [1, 0, 8]]], bcssl.output_bytes = 64 : i64} {
  %1 = bcssl.kernel rowwise(%a = %x) attributes {slots = [[2, 0, 16], [3, 0, 16]]} : (tensor<4xf32>) -> tensor<4xf32> {
    %e = math.exp %a : tensor<4xf32>
    bcssl.yield %e : tensor<4xf32>
  }
  %2 = bcssl.kernel rowwise(%a = %1) attributes {slots = [[3, 0, 16], [0, 0, 16]]} : (tensor<4xf32>) -> tensor<4xf32> {
    %e = math.exp %a : tensor<4xf32>
    bcssl.yield %e : tensor<4xf32>
  }
  return %1, %2 : tensor<4xf32>, tensor<4xf32>
}
}

// -----

// Variables change places by way of the arena.

// CHECK-LABEL: func.func @exchange(
module attributes {bcssl.state_bytes = 128 : i64} {
bcssl.variable @v : tensor<4xf32> init "zeros" {bcssl.offset = 0 : i64}
bcssl.variable @w : tensor<4xf32> init "zeros" {bcssl.offset = 64 : i64}
func.func @exchange(%v: tensor<4xf32> {bcssl.variable = "v"}, %w: tensor<4xf32> {bcssl.variable = "w"}) -> (tensor<4xf32> {bcssl.variable = "v"}, tensor<4xf32> {bcssl.variable = "w"}) attributes {bcssl.arena_bytes = 128 : i64, bcssl.input_bytes = 64 : i64, bcssl.moves = [[[1, 64, 16], [0, 0, 16]], [[1, 0, 16], [1, 64, 16]], [[0, 0, 16], [1, 0, 16]]], bcssl.output_bytes = 64 : i64} {
  return %w, %v : tensor<4xf32>, tensor<4xf32>
}
}

// -----

// No program, and one without code.

// CHECK: func.func private @declared()
module attributes {bcssl.state_bytes = 64 : i64} {
bcssl.variable @w : tensor<4xf32> init "zeros" {bcssl.offset = 0 : i64}
func.func private @declared()
}
