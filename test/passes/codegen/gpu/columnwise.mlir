// RUN: bcssl-opt %s --pass-pipeline="builtin.module(func.func(bcssl-choose-gpu-tiles),bcssl-emit-gpu-kernels,canonicalize,cse)" | FileCheck %s

// Few columns of many rows: eight threads share the rows of a column, and the
// first adds their sums in order.
// CHECK-LABEL: func.func @sum
// CHECK:         bcssl.kernel columnwise(
// CHECK-SAME:      columns = 32 : i64, lanes = 1 : i64, parts = 8 : i64
// CHECK-SAME:      shared_bytes = 1024 : i64
// CHECK-SAME:      threads = 256 : i64, tiles = 3 : i64
func.func @sum(%x: tensor<512x96xf32>) -> tensor<96xf32> {
  %0 = bcssl.kernel columnwise(%a = %x) : (tensor<512x96xf32>) -> tensor<96xf32> {
    %s = bcssl.reduce sum %a dims [0] : tensor<512x96xf32> -> tensor<96xf32>
    bcssl.yield %s : tensor<96xf32>
  }
  return %0 : tensor<96xf32>
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

// CHECK-LABEL: gpu.func @columnwise_0(
// CHECK:         scf.for %{{.*}} to %c512 step %c8
// CHECK:           vector.load %{{.*}} : memref<49152xf32>, vector<1xf32>
// CHECK:         vector.store %{{.*}} : memref<256xf32, #gpu.address_space<workgroup>>
// CHECK:         gpu.barrier
// CHECK:         scf.for %{{.*}} = %c1 to %c8
// CHECK:           arith.addf
// CHECK:         scf.if
// CHECK:           vector.store %{{.*}} : memref<96xf32>, vector<1xf32>

// CHECK-LABEL: gpu.func @movement_1(
// CHECK:         scf.if
// CHECK:           vector.load %{{.*}} {alignment = 16 : i64} : memref<384xf32>, vector<4xf32>
// CHECK:           vector.store %{{.*}} {alignment = 16 : i64} : memref<384xf32>, vector<4xf32>
