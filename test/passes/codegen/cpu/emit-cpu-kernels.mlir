// RUN: bcssl-opt %s --bcssl-emit-cpu-kernels --split-input-file | FileCheck %s

// A function for each kernel, one rank-1 memref for each operand and result and
// the number of the tile; the kernel stays and names it. 100 elements in tiles
// of 64: whole vectors in a loop, four in a masked rest.

// CHECK-LABEL: func.func @flat(
// CHECK:         bcssl.kernel rowwise({{.*}}symbol = "rowwise_0", tiles = 2 : i64
// CHECK:       module @kernels attributes {bcssl.level = "x86-64-v4"} {
// CHECK:         func.func @rowwise_0(%{{.*}}: memref<100xf32>, %{{.*}}: memref<100xf32>, %{{.*}}: index) {
// CHECK:           scf.for
// CHECK:             vector.load {{.*}} vector<16xf32>
// CHECK:             math.exp {{.*}} : vector<16xf32>
// CHECK:             vector.store
// CHECK:           vector.maskedload
// CHECK:           vector.maskedstore
// CHECK-NOT:     func.func
// CHECK:       // -----
func.func @flat(%x: tensor<100xf32>) -> tensor<100xf32> {
  %y = bcssl.kernel rowwise(%a = %x) tile {flat = true, rows = 64 : i64} : (tensor<100xf32>) -> tensor<100xf32> {
    %e = math.exp %a : tensor<100xf32>
    bcssl.yield %e : tensor<100xf32>
  }
  return %y : tensor<100xf32>
}

// -----

// Equal bodies with equal tiles share a function, whatever they are called and
// wherever they stand; another tile or another constant is another function.

// CHECK-LABEL: func.func @first(
// CHECK:         symbol = "rowwise_0"
// CHECK:         symbol = "rowwise_0"
// CHECK-LABEL: func.func @second(
// CHECK:         symbol = "rowwise_0"
// CHECK:         symbol = "rowwise_1"
// CHECK:         symbol = "rowwise_2"
// CHECK:       module @kernels attributes {bcssl.level = "x86-64-v4"} {
// CHECK:         func.func @rowwise_0(
// CHECK:         func.func @rowwise_1(
// CHECK:         func.func @rowwise_2(
// CHECK-NOT:     func.func
// CHECK:       // -----
func.func @first(%x: tensor<32xf32>) -> tensor<32xf32> {
  %y = bcssl.kernel rowwise(%a = %x) tile {flat = true, rows = 32 : i64} : (tensor<32xf32>) -> tensor<32xf32> {
    %e = math.exp %a : tensor<32xf32>
    bcssl.yield %e : tensor<32xf32>
  }
  %z = bcssl.kernel rowwise(%in = %y) tile {flat = true, rows = 32 : i64} : (tensor<32xf32>) -> tensor<32xf32> {
    %out = math.exp %in : tensor<32xf32>
    bcssl.yield %out : tensor<32xf32>
  }
  return %z : tensor<32xf32>
}
func.func @second(%w: tensor<2xf32>, %x: tensor<32xf32>) -> tensor<32xf32> {
  %y = bcssl.kernel rowwise(%a = %x) tile {flat = true, rows = 32 : i64} : (tensor<32xf32>) -> tensor<32xf32> {
    %e = math.exp %a : tensor<32xf32>
    bcssl.yield %e : tensor<32xf32>
  }
  %z = bcssl.kernel rowwise(%a = %y) tile {flat = true, rows = 16 : i64} : (tensor<32xf32>) -> tensor<32xf32> {
    %e = math.exp %a : tensor<32xf32>
    bcssl.yield %e : tensor<32xf32>
  }
  %u = bcssl.kernel rowwise(%a = %z) tile {flat = true, rows = 32 : i64} : (tensor<32xf32>) -> tensor<32xf32> {
    %c = arith.constant dense<2.0> : tensor<32xf32>
    %e = arith.mulf %a, %c : tensor<32xf32>
    bcssl.yield %e : tensor<32xf32>
  }
  return %u : tensor<32xf32>
}

// -----

// Rows: a pass for the sum, the row's value once, a pass that stores.

// CHECK:       func.func @rowwise_0(
// CHECK:         scf.for
// CHECK:           scf.for
// CHECK:             vector.load
// CHECK:           vector.reduction <add>
// CHECK:           math.rsqrt {{.*}} : f32
// CHECK:           scf.for
// CHECK:             vector.store
func.func @rows(%x: tensor<8x64xf32>) -> tensor<8x64xf32> {
  %y = bcssl.kernel rowwise(%a = %x) tile {flat = false, rows = 4 : i64} : (tensor<8x64xf32>) -> tensor<8x64xf32> {
    %s = bcssl.reduce sum %a dims [1] : tensor<8x64xf32> -> tensor<8xf32>
    %r = math.rsqrt %s : tensor<8xf32>
    %b = bcssl.broadcast %r dims [0] : tensor<8xf32> -> tensor<8x64xf32>
    %m = arith.mulf %a, %b : tensor<8x64xf32>
    bcssl.yield %m : tensor<8x64xf32>
  }
  return %y : tensor<8x64xf32>
}

// -----

// Truth values lie in memory as bytes.

// CHECK:       func.func @rowwise_0(%{{.*}}: memref<64xf32>, %{{.*}}: memref<64xi8>, %{{.*}}: index)
// CHECK:         arith.cmpf {{.*}} : vector<16xf32>
// CHECK:         arith.extui {{.*}} : vector<16xi1> to vector<16xi8>
// CHECK:       func.func @rowwise_1(%{{.*}}: memref<64xf32>, %{{.*}}: memref<64xi8>, %{{.*}}: memref<64xf32>, %{{.*}}: index)
// CHECK:         arith.trunci {{.*}} : vector<16xi8> to vector<16xi1>
// CHECK:         arith.select
func.func @truth(%x: tensor<64xf32>, %y: tensor<64xf32>) -> tensor<64xf32> {
  %c = bcssl.kernel rowwise(%a = %x) tile {flat = true, rows = 64 : i64} : (tensor<64xf32>) -> tensor<64xi1> {
    %g = arith.cmpf ogt, %a, %a : tensor<64xf32>
    bcssl.yield %g : tensor<64xi1>
  }
  %z = bcssl.kernel rowwise(%a = %x, %b = %c) tile {flat = true, rows = 64 : i64} : (tensor<64xf32>, tensor<64xi1>) -> tensor<64xf32> {
    %s = arith.select %b, %a, %a : tensor<64xi1>, tensor<64xf32>
    %e = arith.select %b, %s, %a : tensor<64xi1>, tensor<64xf32>
    bcssl.yield %e : tensor<64xf32>
  }
  return %z : tensor<64xf32>
}

// -----

// One kernel of every other family. The tiles: images by bands; bands of filter
// rows by vectors of channels; blocks of rows by panels; blocks of the weight;
// vectors of columns; panels.

// CHECK-LABEL: func.func @families(
// CHECK:         symbol = "depthwise_0", tiles = 2 : i64
// CHECK:         symbol = "depthwise_filter_grad_1", tiles = 4 : i64
// CHECK:         symbol = "movement_2", tiles = 2 : i64
// CHECK:         symbol = "contraction_3", tiles = 3 : i64
// CHECK:         symbol = "contraction_4", tiles = 4 : i64
// CHECK:         symbol = "columnwise_5", tiles = 3 : i64
// CHECK:       func.func @depthwise_0(
// CHECK:         vector.fma
// CHECK:       func.func @depthwise_filter_grad_1(
// CHECK:         vector.fma
// CHECK:       func.func @movement_2(
// CHECK:         vector.transpose
// CHECK:       func.func @contraction_3(
// CHECK:         memref.alloca
// CHECK:         vector.fma
// CHECK:       func.func @contraction_4(
// CHECK:         memref.alloca
// CHECK:         vector.fma
// CHECK:       func.func @columnwise_5(
// CHECK:         scf.for
// CHECK:           arith.addf
func.func @families(%x: tensor<2x4x4x24xf32>, %w: tensor<3x3x24xf32>, %m: tensor<40x24xf32>)
    -> (tensor<2x4x4x24xf32>, tensor<3x3x24xf32>, tensor<2x4x4x40xf32>, tensor<24x24xf32>, tensor<4x40xf32>) {
  %0 = bcssl.kernel depthwise(%a = %x, %b = %w) tile {height = 4 : i64, reach_height = 1 : i64, reach_width = 1 : i64, taps = 3 : i64, width = 4 : i64}
      : (tensor<2x4x4x24xf32>, tensor<3x3x24xf32>) -> tensor<2x4x4x24xf32> {
    %y = bcssl.depthwise_conv2d %a, %b : tensor<2x4x4x24xf32>, tensor<3x3x24xf32> -> tensor<2x4x4x24xf32>
    bcssl.yield %y : tensor<2x4x4x24xf32>
  }
  %1 = bcssl.kernel depthwise_filter_grad(%a = %x, %b = %0) tile {height = 2 : i64, reach_height = 1 : i64, reach_width = 1 : i64, taps = 3 : i64, width = 4 : i64}
      : (tensor<2x4x4x24xf32>, tensor<2x4x4x24xf32>) -> tensor<3x3x24xf32> {
    %y = bcssl.depthwise_conv2d_filter_grad %a, %b : tensor<2x4x4x24xf32>, tensor<2x4x4x24xf32> -> tensor<3x3x24xf32>
    bcssl.yield %y : tensor<3x3x24xf32>
  }
  %2 = bcssl.kernel movement(%a = %m) : (tensor<40x24xf32>) -> tensor<2x24x32xf32> {
    %y = bcssl.pack nt %a : tensor<40x24xf32> -> tensor<2x24x32xf32>
    bcssl.yield %y : tensor<2x24x32xf32>
  }
  %3 = bcssl.kernel contraction(%a = %x, %b = %2) tile {panels = 2 : i64, register_rows = 14 : i64, rows = 14 : i64}
      : (tensor<2x4x4x24xf32>, tensor<2x24x32xf32>) -> tensor<2x4x4x40xf32> {
    %y = bcssl.packed_contract %a, %b : tensor<2x4x4x24xf32>, tensor<2x24x32xf32> -> tensor<2x4x4x40xf32>
    bcssl.yield %y : tensor<2x4x4x40xf32>
  }
  %4 = bcssl.kernel contraction(%a = %m) tile {block = 64 : i64, columns = 64 : i64, register_rows = 6 : i64, rows = 6 : i64}
      : (tensor<40x24xf32>) -> tensor<24x24xf32> {
    %y = bcssl.contract tn %a, %a : tensor<40x24xf32>, tensor<40x24xf32> -> tensor<24x24xf32>
    bcssl.yield %y : tensor<24x24xf32>
  }
  %6 = bcssl.reshape %3 : tensor<2x4x4x40xf32> -> tensor<32x40xf32>
  %5 = bcssl.kernel columnwise(%a = %6) : (tensor<32x40xf32>) -> tensor<40xf32> {
    %y = bcssl.reduce sum %a dims [0] : tensor<32x40xf32> -> tensor<40xf32>
    bcssl.yield %y : tensor<40xf32>
  }
  %7 = bcssl.broadcast %5 dims [1] : tensor<40xf32> -> tensor<4x40xf32>
  return %0, %1, %3, %4, %7 : tensor<2x4x4x24xf32>, tensor<3x3x24xf32>, tensor<2x4x4x40xf32>, tensor<24x24xf32>, tensor<4x40xf32>
}

// -----

// Without kernels the module is empty.

// CHECK-LABEL: func.func @empty()
// CHECK:       module @kernels attributes {bcssl.level = "x86-64-v4"} {
// CHECK-NEXT:  }
func.func @empty() { return }
