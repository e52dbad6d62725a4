// RUN: bcssl-opt %s --split-input-file --verify-diagnostics --bcssl-emit-gpu-kernels

func.func @packed(%x: tensor<4x8xf32>, %w: tensor<1x8x32xf32>) -> tensor<4x24xf32> {
  // expected-error @below {{has no GPU generator yet: a packed operand}}
  %0 = bcssl.kernel contraction(%a = %x, %b = %w) : (tensor<4x8xf32>, tensor<1x8x32xf32>) -> tensor<4x24xf32> {
    %y = bcssl.packed_contract %a, %b : tensor<4x8xf32>, tensor<1x8x32xf32> -> tensor<4x24xf32>
    bcssl.yield %y : tensor<4x24xf32>
  }
  return %0 : tensor<4x24xf32>
}

// -----

func.func @short_sums(%x: tensor<64x8xf32>, %w: tensor<8x4xf32>) -> tensor<2x4xf32> {
  // expected-error @below {{has no GPU generator yet: partial sums of other than 64 or 128 rows}}
  %0 = bcssl.kernel contraction(%a = %x, %b = %w) : (tensor<64x8xf32>, tensor<8x4xf32>) -> tensor<2x4xf32> {
    %y = bcssl.contract nn %a, %b : tensor<64x8xf32>, tensor<8x4xf32> -> tensor<64x4xf32>
    %s = bcssl.reduce_partial %y rows(32) : tensor<64x4xf32> -> tensor<2x4xf32>
    bcssl.yield %s : tensor<2x4xf32>
  }
  return %0 : tensor<2x4xf32>
}

// -----

func.func @other_rows(%x: tensor<128x8xf32>, %w: tensor<8x4xf32>) -> tensor<2x4xf32> {
  // expected-error @below {{expects a tile of as many rows as a partial sum covers, 64, got 128}}
  %0 = bcssl.kernel contraction(%a = %x, %b = %w) tile {rows = 128} : (tensor<128x8xf32>, tensor<8x4xf32>) -> tensor<2x4xf32> {
    %y = bcssl.contract nn %a, %b : tensor<128x8xf32>, tensor<8x4xf32> -> tensor<128x4xf32>
    %s = bcssl.reduce_partial %y rows(64) : tensor<128x4xf32> -> tensor<2x4xf32>
    bcssl.yield %s : tensor<2x4xf32>
  }
  return %0 : tensor<2x4xf32>
}

// -----

// What is legal depends on the operands' type.

func.func @depth(%x: tensor<64x8xbf16>, %w: tensor<8x4xbf16>) -> tensor<64x4xf32> {
  // expected-error @below {{expects a tile of 64 or 128 rows, 32, 64, 96 or 128 columns and 32 or 64 terms, or of 256 rows for warp groups with blocks, of at most 1024 threads and 232448 bytes of shared memory, got {depth = 16 : i64}}}
  %0 = bcssl.kernel contraction(%a = %x, %b = %w) tile {depth = 16} : (tensor<64x8xbf16>, tensor<8x4xbf16>) -> tensor<64x4xf32> {
    %y = bcssl.contract nn %a, %b : tensor<64x8xbf16>, tensor<8x4xbf16> -> tensor<64x4xf32>
    bcssl.yield %y : tensor<64x4xf32>
  }
  return %0 : tensor<64x4xf32>
}

// -----

func.func @columns(%x: tensor<64x8xf32>, %w: tensor<8x4xf32>) -> tensor<64x4xf32> {
  // expected-error @below {{expects a tile of 64 or 128 rows, 32, 64, 96 or 128 columns and 8, 16 or 32 terms}}
  %0 = bcssl.kernel contraction(%a = %x, %b = %w) tile {columns = 0} : (tensor<64x8xf32>, tensor<8x4xf32>) -> tensor<64x4xf32> {
    %y = bcssl.contract nn %a, %b : tensor<64x8xf32>, tensor<8x4xf32> -> tensor<64x4xf32>
    bcssl.yield %y : tensor<64x4xf32>
  }
  return %0 : tensor<64x4xf32>
}

// -----

// Warp groups' operands come by the copy engine, in whole 16 bytes.

func.func @groups(%x: tensor<64x12xbf16>, %w: tensor<12x8xbf16>) -> tensor<64x8xf32> {
  // expected-error @below {{expects operands of bf16 with rows of whole 16 bytes, and parts along them of whole 128, for a tile of warp groups}}
  %0 = bcssl.kernel contraction(%a = %x, %b = %w) tile {depth = 64, warpgroups = true} : (tensor<64x12xbf16>, tensor<12x8xbf16>) -> tensor<64x8xf32> {
    %y = bcssl.contract nn %a, %b : tensor<64x12xbf16>, tensor<12x8xbf16> -> tensor<64x8xf32>
    bcssl.yield %y : tensor<64x8xf32>
  }
  return %0 : tensor<64x8xf32>
}

// -----

func.func @group_depth(%x: tensor<64x8xbf16>, %w: tensor<8x8xbf16>) -> tensor<64x8xf32> {
  // expected-error @below {{expects a tile of 64 or 128 rows, 32, 64, 96 or 128 columns and 32 or 64 terms}}
  %0 = bcssl.kernel contraction(%a = %x, %b = %w) tile {depth = 32, warpgroups = true} : (tensor<64x8xbf16>, tensor<8x8xbf16>) -> tensor<64x8xf32> {
    %y = bcssl.contract nn %a, %b : tensor<64x8xbf16>, tensor<8x8xbf16> -> tensor<64x8xf32>
    bcssl.yield %y : tensor<64x8xf32>
  }
  return %0 : tensor<64x8xf32>
}

// -----

func.func @blocks_of_warps(%x: tensor<512x8xbf16>, %w: tensor<8x8xbf16>) -> tensor<512x8xf32> {
  // expected-error @below {{or of 256 rows for warp groups with blocks}}
  %0 = bcssl.kernel contraction(%a = %x, %b = %w) tile {rows = 256, columns = 32, depth = 64, blocks = 1} : (tensor<512x8xbf16>, tensor<8x8xbf16>) -> tensor<512x8xf32> {
    %y = bcssl.contract nn %a, %b : tensor<512x8xbf16>, tensor<8x8xbf16> -> tensor<512x8xf32>
    bcssl.yield %y : tensor<512x8xf32>
  }
  return %0 : tensor<512x8xf32>
}

// -----

func.func @more_blocks_than_tiles(%x: tensor<512x8xbf16>, %w: tensor<8x8xbf16>) -> tensor<512x8xf32> {
  // expected-error @below {{expects at most as many blocks as there are tiles, 2, got 3}}
  %0 = bcssl.kernel contraction(%a = %x, %b = %w) tile {rows = 256, columns = 32, depth = 64, warpgroups = true, blocks = 3} : (tensor<512x8xbf16>, tensor<8x8xbf16>) -> tensor<512x8xf32> {
    %y = bcssl.contract nn %a, %b : tensor<512x8xbf16>, tensor<8x8xbf16> -> tensor<512x8xf32>
    bcssl.yield %y : tensor<512x8xf32>
  }
  return %0 : tensor<512x8xf32>
}

// -----

func.func @blocks_of_cut_slices(%x: tensor<200x512xbf16>, %w: tensor<200x8xbf16>) -> tensor<2x512x8xf32> {
  // expected-error @below {{expects a block for each tile where parts end inside a slice}}
  %0 = bcssl.kernel contraction(%a = %x, %b = %w) tile {rows = 256, columns = 32, depth = 64, warpgroups = true, blocks = 1} : (tensor<200x512xbf16>, tensor<200x8xbf16>) -> tensor<2x512x8xf32> {
    %y = bcssl.contract tn %a, %b {parts = 2 : i64} : tensor<200x512xbf16>, tensor<200x8xbf16> -> tensor<2x512x8xf32>
    bcssl.yield %y : tensor<2x512x8xf32>
  }
  return %0 : tensor<2x512x8xf32>
}

// -----

// Column sums of what is no part of a tile.

func.func @partial_rows(%x: tensor<512x8xbf16>, %w: tensor<8x8xbf16>) -> (tensor<512x8xf32>, tensor<8x8xf32>) {
  // expected-error @below {{expects a tile of as many rows as a partial sum covers, 64, got 128}}
  %0:2 = bcssl.kernel contraction(%a = %x, %b = %w) tile {rows = 128, columns = 32, depth = 64, warpgroups = true} : (tensor<512x8xbf16>, tensor<8x8xbf16>) -> (tensor<512x8xf32>, tensor<8x8xf32>) {
    %y = bcssl.contract nn %a, %b : tensor<512x8xbf16>, tensor<8x8xbf16> -> tensor<512x8xf32>
    %p = bcssl.reduce_partial %y rows(64) : tensor<512x8xf32> -> tensor<8x8xf32>
    bcssl.yield %y, %p : tensor<512x8xf32>, tensor<8x8xf32>
  }
  return %0#0, %0#1 : tensor<512x8xf32>, tensor<8x8xf32>
}
