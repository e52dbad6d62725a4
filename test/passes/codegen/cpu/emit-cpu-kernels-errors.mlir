// RUN: bcssl-opt %s --bcssl-emit-cpu-kernels --split-input-file --verify-diagnostics

func.func @no_tile(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{'bcssl.kernel' op expects a tile: run bcssl-tile-large-kernels and bcssl-choose-tiles first}}
  %y = bcssl.kernel rowwise(%a = %x) : (tensor<4xf32>) -> tensor<4xf32> {
    bcssl.yield %a : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}

// -----

// No rows would be no progress.
func.func @no_rows(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{'bcssl.kernel' op expects a legal tile of the kernel's family, got {flat = false, rows = 0 : i64}}}
  %y = bcssl.kernel rowwise(%a = %x) tile {flat = false, rows = 0 : i64} : (tensor<4xf32>) -> tensor<4xf32> {
    bcssl.yield %a : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}

// -----

// 20 x 2 sums do not fit 32 registers.
func.func @registers(%x: tensor<40x8xf32>, %w: tensor<1x8x32xf32>) -> tensor<40x32xf32> {
  // expected-error @below {{'bcssl.kernel' op expects a legal tile}}
  %y = bcssl.kernel contraction(%a = %x, %b = %w) tile {panels = 1 : i64, register_rows = 20 : i64, rows = 40 : i64} : (tensor<40x8xf32>, tensor<1x8x32xf32>) -> tensor<40x32xf32> {
    %c = bcssl.packed_contract %a, %b : tensor<40x8xf32>, tensor<1x8x32xf32> -> tensor<40x32xf32>
    bcssl.yield %c : tensor<40x32xf32>
  }
  return %y : tensor<40x32xf32>
}

// -----

// A partial sum covers 4 rows, the tile 2.
func.func @partial_rows(%x: tensor<8x16xf32>) -> tensor<2x16xf32> {
  // expected-error @below {{'bcssl.kernel' op expects a legal tile}}
  %y = bcssl.kernel rowwise(%a = %x) tile {flat = false, rows = 2 : i64} : (tensor<8x16xf32>) -> tensor<2x16xf32> {
    %s = bcssl.reduce_partial %a rows(4) : tensor<8x16xf32> -> tensor<2x16xf32>
    bcssl.yield %s : tensor<2x16xf32>
  }
  return %y : tensor<2x16xf32>
}

// -----

// The reach does not fit the filter: taps would be left out.
func.func @reach(%x: tensor<1x8x8x16xf32>) -> tensor<5x5x16xf32> {
  // expected-error @below {{'bcssl.kernel' op expects a legal tile}}
  %y = bcssl.kernel depthwise_filter_grad(%a = %x) tile {height = 5 : i64, reach_height = 2 : i64, reach_width = 1 : i64, taps = 3 : i64, width = 8 : i64} : (tensor<1x8x8x16xf32>) -> tensor<5x5x16xf32> {
    %c = bcssl.depthwise_conv2d_filter_grad %a, %a : tensor<1x8x8x16xf32>, tensor<1x8x8x16xf32> -> tensor<5x5x16xf32>
    bcssl.yield %c : tensor<5x5x16xf32>
  }
  return %y : tensor<5x5x16xf32>
}

// -----

func.func @half(%x: tensor<4xbf16>) -> tensor<4xbf16> {
  // expected-error @below {{'bcssl.kernel' op expects elements of f32, i32, i8 or i1 on the CPU, got 'bf16'}}
  %y = bcssl.kernel rowwise(%a = %x) tile {flat = true, rows = 16 : i64} : (tensor<4xbf16>) -> tensor<4xbf16> {
    bcssl.yield %a : tensor<4xbf16>
  }
  return %y : tensor<4xbf16>
}

// -----

func.func @double(%x: tensor<4xi32>) -> tensor<4x8xf64> {
  // expected-error @below {{'bcssl.kernel' op expects elements of f32, i32, i8 or i1 on the CPU, got 'f64'}}
  %y = bcssl.kernel rowwise(%a = %x) tile {flat = false, rows = 4 : i64} : (tensor<4xi32>) -> tensor<4x8xf64> {
    %h = bcssl.one_hot %a : tensor<4xi32> -> tensor<4x8xf64>
    bcssl.yield %h : tensor<4x8xf64>
  }
  return %y : tensor<4x8xf64>
}

// -----

// Constants have no memory to lie in.
func.func @constant(%x: tensor<2xf32>) -> tensor<2xf32> {
  %y = bcssl.kernel rowwise(%a = %x) tile {flat = true, rows = 16 : i64} : (tensor<2xf32>) -> tensor<2xf32> {
    // expected-error @below {{'arith.constant' op expects one value for all elements of a constant}}
    %c = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
    %s = arith.addf %a, %c : tensor<2xf32>
    bcssl.yield %s : tensor<2xf32>
  }
  return %y : tensor<2xf32>
}

// -----

// Two iteration spaces in one kernel.
func.func @shapes(%x: tensor<2x8xf32>, %v: tensor<8xf32>) -> (tensor<2x8xf32>, tensor<8xf32>) {
  %y:2 = bcssl.kernel rowwise(%a = %x, %b = %v) tile {flat = false, rows = 1 : i64} : (tensor<2x8xf32>, tensor<8xf32>) -> (tensor<2x8xf32>, tensor<8xf32>) {
    %e = math.exp %a : tensor<2x8xf32>
    // expected-error @below {{'math.exp' op cannot stand in a kernel}}
    %f = math.exp %b : tensor<8xf32>
    bcssl.yield %e, %f : tensor<2x8xf32>, tensor<8xf32>
  }
  return %y#0, %y#1 : tensor<2x8xf32>, tensor<8xf32>
}

// -----

func.func @yielded_shape(%x: tensor<2x8xf32>, %v: tensor<8xf32>) -> (tensor<2x8xf32>, tensor<8xf32>) {
  %y:2 = bcssl.kernel rowwise(%a = %x, %b = %v) tile {flat = false, rows = 1 : i64} : (tensor<2x8xf32>, tensor<8xf32>) -> (tensor<2x8xf32>, tensor<8xf32>) {
    // expected-error @below {{'bcssl.yield' op expects values of the kernel's shape or one value a row, got 'tensor<8xf32>'}}
    bcssl.yield %a, %b : tensor<2x8xf32>, tensor<8xf32>
  }
  return %y#0, %y#1 : tensor<2x8xf32>, tensor<8xf32>
}

// -----

// Rows and columns at once: bcssl-expand takes that apart.
func.func @mixed_reduction(%x: tensor<2x4x8xf32>) -> tensor<2xf32> {
  %y = bcssl.kernel columnwise(%a = %x) : (tensor<2x4x8xf32>) -> tensor<2xf32> {
    // expected-error @below {{'bcssl.reduce' op expects a sum along rows of a rowwise kernel, or over leading dimensions of a columnwise kernel's input}}
    %s = bcssl.reduce sum %a dims [1, 2] : tensor<2x4x8xf32> -> tensor<2xf32>
    bcssl.yield %s : tensor<2xf32>
  }
  return %y : tensor<2xf32>
}

// -----

func.func @computed_rows(%x: tensor<4x8xf32>) -> tensor<8xf32> {
  %y = bcssl.kernel columnwise(%a = %x) : (tensor<4x8xf32>) -> tensor<8xf32> {
    // expected-error @below {{'math.exp' op cannot stand in a kernel}}
    %e = math.exp %a : tensor<4x8xf32>
    %s = bcssl.reduce sum %e dims [0] : tensor<4x8xf32> -> tensor<8xf32>
    bcssl.yield %s : tensor<8xf32>
  }
  return %y : tensor<8xf32>
}

// -----

func.func @partial_read(%x: tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>) {
  %y:2 = bcssl.kernel rowwise(%a = %x) tile {flat = false, rows = 1 : i64} : (tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>) {
    // expected-error @below {{'bcssl.reduce_partial' op expects to sum a value of the kernel's shape and to be yielded only}}
    %s = bcssl.reduce_partial %a rows(1) : tensor<4x8xf32> -> tensor<4x8xf32>
    %e = math.exp %s : tensor<4x8xf32>
    bcssl.yield %e, %s : tensor<4x8xf32>, tensor<4x8xf32>
  }
  return %y#0, %y#1 : tensor<4x8xf32>, tensor<4x8xf32>
}

// -----

func.func @computed_targets(%x: tensor<4x8xf32>) -> tensor<8x8xf32> {
  %y = bcssl.kernel rowwise(%a = %x) tile {flat = false, rows = 1 : i64} : (tensor<4x8xf32>) -> tensor<8x8xf32> {
    %c = arith.constant dense<0.5> : tensor<4x8xf32>
    // expected-error @below {{'bcssl.cross_view_targets' op expects an input of the kernel and its shape}}
    %t = bcssl.cross_view_targets %c views(4) teacher_views(2) : tensor<4x8xf32> -> tensor<8x8xf32>
    bcssl.yield %t : tensor<8x8xf32>
  }
  return %y : tensor<8x8xf32>
}

// -----

func.func @not_alone(%x: tensor<4x8xf32>) -> (tensor<8x8xf32>, tensor<8x8xf32>) {
  %y:2 = bcssl.kernel movement(%a = %x) : (tensor<4x8xf32>) -> (tensor<8x8xf32>, tensor<8x8xf32>) {
    // expected-error @below {{'bcssl.concat' op expects to be alone in its kernel}}
    %t = bcssl.concat %a, %a : tensor<4x8xf32>, tensor<4x8xf32> -> tensor<8x8xf32>
    %e = math.exp %t : tensor<8x8xf32>
    bcssl.yield %t, %e : tensor<8x8xf32>, tensor<8x8xf32>
  }
  return %y#0, %y#1 : tensor<8x8xf32>, tensor<8x8xf32>
}

// -----

func.func @broadcast_of_a_column(%x: tensor<4x8xf32>, %v: tensor<4xf32>) -> tensor<4x8xf32> {
  %y = bcssl.kernel rowwise(%a = %x, %b = %v) tile {flat = false, rows = 1 : i64} : (tensor<4x8xf32>, tensor<4xf32>) -> tensor<4x8xf32> {
    %s = bcssl.reduce sum %a dims [1] : tensor<4x8xf32> -> tensor<4xf32>
    // expected-error @below {{'bcssl.broadcast' op expects to repeat an input along the kernel's rows and columns, or one value a row along the columns}}
    %r = bcssl.broadcast %s dims [0] : tensor<4xf32> -> tensor<4x1xf32>
    bcssl.yield %a : tensor<4x8xf32>
  }
  return %y : tensor<4x8xf32>
}

// -----

// The kernels are emitted already.
// expected-error @below {{'builtin.module' op takes the name of the module that the kernels are emitted to}}
module @kernels { }
func.func private @program()

// -----

func.func @merged(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // expected-error @below {{'bcssl.kernel' op is merged of several, which is for GPUs alone}}
  %0 = bcssl.kernel rowwise(%a = %x) : (tensor<4x8xf32>) -> tensor<4x8xf32> {
    %1 = bcssl.kernel rowwise(%b = %a) tile {rows = 4 : i64, flat = false} : (tensor<4x8xf32>) -> tensor<4x8xf32> {
      %y = arith.negf %b : tensor<4x8xf32>
      bcssl.yield %y : tensor<4x8xf32>
    }
    bcssl.yield %1 : tensor<4x8xf32>
  }
  return %0 : tensor<4x8xf32>
}
