// RUN: bcssl-opt %s --pass-pipeline="builtin.module(func.func(bcssl-choose-gpu-tiles),bcssl-emit-gpu-kernels,canonicalize,cse)" | FileCheck %s

// Few columns of many rows: eight columns a block, 128 threads share the rows of
// each, and every thread loads its four at once.
// CHECK-LABEL: func.func @sum
// CHECK:         bcssl.kernel columnwise(
// CHECK-SAME:      columns = 8 : i64, lanes = 1 : i64, parts = 128 : i64
// CHECK-SAME:      shared_bytes = 1024 : i64
// CHECK-SAME:      threads = 1024 : i64, tiles = 12 : i64
func.func @sum(%x: tensor<512x96xf32>) -> tensor<96xf32> {
  %0 = bcssl.kernel columnwise(%a = %x) : (tensor<512x96xf32>) -> tensor<96xf32> {
    %s = bcssl.reduce sum %a dims [0] : tensor<512x96xf32> -> tensor<96xf32>
    bcssl.yield %s : tensor<96xf32>
  }
  return %0 : tensor<96xf32>
}

// Columns for the whole chip: a thread alone sums the rows of four of them.
// CHECK-LABEL: func.func @wide
// CHECK:         bcssl.kernel columnwise(
// CHECK-SAME:      columns = 1024 : i64, lanes = 4 : i64, parts = 1 : i64
// CHECK-SAME:      shared_bytes = 0 : i64
func.func @wide(%x: tensor<7x589824xf32>) -> tensor<589824xf32> {
  %0 = bcssl.kernel columnwise(%a = %x) : (tensor<7x589824xf32>) -> tensor<589824xf32> {
    %s = bcssl.reduce sum %a dims [0] : tensor<7x589824xf32> -> tensor<589824xf32>
    bcssl.yield %s : tensor<589824xf32>
  }
  return %0 : tensor<589824xf32>
}

// Patches are gathered, a vector a thread.
// CHECK-LABEL: func.func @patches
// CHECK:         bcssl.kernel movement(
// CHECK-SAME:      lanes = 4 : i64
func.func @patches(%x: tensor<2x8x8x3xf32>) -> tensor<2x2x2x48xf32> {
  %0 = bcssl.kernel movement(%a = %x) : (tensor<2x8x8x3xf32>) -> tensor<2x2x2x48xf32> {
    %y = bcssl.space_to_depth %a block(4) : tensor<2x8x8x3xf32> -> tensor<2x2x2x48xf32>
    bcssl.yield %y : tensor<2x2x2x48xf32>
  }
  return %0 : tensor<2x2x2x48xf32>
}

// Four loads, the sum of four parts by two shuffles in a warp, then 32 warps.
// CHECK-LABEL: gpu.func @columnwise_0(
// CHECK-NOT:     scf.for
// CHECK-COUNT-4: vector.load %{{.*}} : memref<49152xf32>, vector<1xf32>
// CHECK-COUNT-2: gpu.shuffle xor
// CHECK-NOT:     gpu.shuffle
// CHECK:         vector.store %{{.*}} : memref<256xf32, #gpu.address_space<workgroup>>
// CHECK:         gpu.barrier
// CHECK-COUNT-31: arith.addf
// CHECK:         scf.if
// CHECK:           vector.store %{{.*}} : memref<96xf32>, vector<1xf32>

// CHECK-LABEL: gpu.func @columnwise_1(
// CHECK-NOT:     gpu.barrier
// CHECK-COUNT-7: vector.load %{{.*}} {alignment = 16 : i64}
// CHECK-NOT:     gpu.barrier
// CHECK:         vector.store %{{.*}} {alignment = 16 : i64}

// CHECK-LABEL: gpu.func @movement_2(
// CHECK:         scf.if
// CHECK:           vector.load %{{.*}} {alignment = 16 : i64} : memref<384xf32>, vector<4xf32>
// CHECK:           vector.store %{{.*}} {alignment = 16 : i64} : memref<384xf32>, vector<4xf32>
