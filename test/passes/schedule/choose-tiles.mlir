// RUN: bcssl-opt %s --pass-pipeline="builtin.module(func.func(bcssl-choose-tiles))" | FileCheck %s

// Elementwise kernels run over all elements as one row, in tiles of whole
// vectors.

// CHECK-LABEL: func.func @flat(
// CHECK:         bcssl.kernel rowwise({{.*}}) tile {flat = true, rows = 16384 : i64}
// CHECK:         bcssl.kernel rowwise({{.*}}) tile {flat = true, rows = 16 : i64}
func.func @flat(%x: tensor<512x100xf32>, %s: tensor<3xf32>) -> (tensor<512x100xf32>, tensor<3xf32>) {
  %y = bcssl.kernel rowwise(%a = %x) : (tensor<512x100xf32>) -> tensor<512x100xf32> {
    %b = math.exp %a : tensor<512x100xf32>
    bcssl.yield %b : tensor<512x100xf32>
  }
  %z = bcssl.kernel rowwise(%a = %s) : (tensor<3xf32>) -> tensor<3xf32> {
    %b = math.exp %a : tensor<3xf32>
    bcssl.yield %b : tensor<3xf32>
  }
  return %y, %z : tensor<512x100xf32>, tensor<3xf32>
}

// A row reduction needs rows: about 16384 elements of them.

// CHECK-LABEL: func.func @rows(
// CHECK:         bcssl.kernel rowwise({{.*}}) tile {flat = false, rows = 163 : i64}
func.func @rows(%x: tensor<512x100xf32>) -> tensor<512xf32> {
  %y = bcssl.kernel rowwise(%a = %x) : (tensor<512x100xf32>) -> tensor<512xf32> {
    %b = bcssl.reduce sum %a dims [1] : tensor<512x100xf32> -> tensor<512xf32>
    bcssl.yield %b : tensor<512xf32>
  }
  return %y : tensor<512xf32>
}

// One partial sum is one tile.

// CHECK-LABEL: func.func @partial_sums(
// CHECK:         bcssl.kernel rowwise({{.*}}) tile {flat = false, rows = 8 : i64}
func.func @partial_sums(%x: tensor<512x100xf32>) -> tensor<64x100xf32> {
  %y = bcssl.kernel rowwise(%a = %x) : (tensor<512x100xf32>) -> tensor<64x100xf32> {
    %b = bcssl.reduce_partial %a rows(8) : tensor<512x100xf32> -> tensor<64x100xf32>
    bcssl.yield %b : tensor<64x100xf32>
  }
  return %y : tensor<64x100xf32>
}

// Many rows: all panels in one tile. Few rows: one panel in each.

// CHECK-LABEL: func.func @contractions(
// CHECK:         bcssl.kernel contraction({{.*}}) tile {panels = 4 : i64, register_rows = 14 : i64, rows = 56 : i64}
// CHECK:         bcssl.kernel contraction({{.*}}) tile {panels = 1 : i64, register_rows = 14 : i64, rows = 56 : i64}
func.func @contractions(%x: tensor<6272x16xf32>, %v: tensor<4x16xf32>, %w: tensor<4x16x32xf32>) -> (tensor<6272x128xf32>, tensor<4x128xf32>) {
  %y = bcssl.kernel contraction(%a = %x, %b = %w) : (tensor<6272x16xf32>, tensor<4x16x32xf32>) -> tensor<6272x128xf32> {
    %c = bcssl.packed_contract %a, %b : tensor<6272x16xf32>, tensor<4x16x32xf32> -> tensor<6272x128xf32>
    bcssl.yield %c : tensor<6272x128xf32>
  }
  %z = bcssl.kernel contraction(%a = %v, %b = %w) : (tensor<4x16xf32>, tensor<4x16x32xf32>) -> tensor<4x128xf32> {
    %c = bcssl.packed_contract %a, %b : tensor<4x16xf32>, tensor<4x16x32xf32> -> tensor<4x128xf32>
    bcssl.yield %c : tensor<4x128xf32>
  }
  return %y, %z : tensor<6272x128xf32>, tensor<4x128xf32>
}

// Weight gradients: 12 rows of registers and 96 columns divide 768; a small one
// is cut finer, one register tile to a tile.

// CHECK-LABEL: func.func @weight_gradients(
// CHECK:         bcssl.kernel contraction({{.*}}) tile {block = 64 : i64, columns = 96 : i64, register_rows = 12 : i64, rows = 96 : i64}
// CHECK:         bcssl.kernel contraction({{.*}}) tile {block = 64 : i64, columns = 32 : i64, register_rows = [[ROWS:[0-9]+]] : i64, rows = [[ROWS]] : i64}
func.func @weight_gradients(%x: tensor<100x768xf32>, %y: tensor<100x16xf32>) -> (tensor<768x768xf32>, tensor<16x16xf32>) {
  %l = bcssl.kernel contraction(%a = %x) : (tensor<100x768xf32>) -> tensor<768x768xf32> {
    %c = bcssl.contract tn %a, %a : tensor<100x768xf32>, tensor<100x768xf32> -> tensor<768x768xf32>
    bcssl.yield %c : tensor<768x768xf32>
  }
  %s = bcssl.kernel contraction(%a = %y) : (tensor<100x16xf32>) -> tensor<16x16xf32> {
    %c = bcssl.contract tn %a, %a : tensor<100x16xf32>, tensor<100x16xf32> -> tensor<16x16xf32>
    bcssl.yield %c : tensor<16x16xf32>
  }
  return %l, %s : tensor<768x768xf32>, tensor<16x16xf32>
}

// A tile that is there stays: the autotuner's word counts.

// CHECK-LABEL: func.func @tuned(
// CHECK:         bcssl.kernel rowwise({{.*}}) tile {flat = true, rows = 64 : i64}
func.func @tuned(%x: tensor<512xf32>) -> tensor<512xf32> {
  %y = bcssl.kernel rowwise(%a = %x) tile {flat = true, rows = 64 : i64} : (tensor<512xf32>) -> tensor<512xf32> {
    %b = math.exp %a : tensor<512xf32>
    bcssl.yield %b : tensor<512xf32>
  }
  return %y : tensor<512xf32>
}

// Families without a choice have no tile.

// CHECK-LABEL: func.func @no_choice(
// CHECK-NOT:     tile
// CHECK:         return
func.func @no_choice(%x: tensor<4x16xf32>) -> (tensor<16xf32>, tensor<8x16xf32>) {
  %y = bcssl.kernel columnwise(%a = %x) : (tensor<4x16xf32>) -> tensor<16xf32> {
    %b = bcssl.reduce sum %a dims [0] : tensor<4x16xf32> -> tensor<16xf32>
    bcssl.yield %b : tensor<16xf32>
  }
  %z = bcssl.kernel movement(%a = %x) : (tensor<4x16xf32>) -> tensor<8x16xf32> {
    %b = bcssl.concat %a, %a : tensor<4x16xf32>, tensor<4x16xf32> -> tensor<8x16xf32>
    bcssl.yield %b : tensor<8x16xf32>
  }
  return %y, %z : tensor<16xf32>, tensor<8x16xf32>
}
// CHECK-LABEL: func.func @empty()
func.func @empty() { return }
