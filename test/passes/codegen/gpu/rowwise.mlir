// RUN: bcssl-opt %s --pass-pipeline="builtin.module(func.func(bcssl-choose-gpu-tiles),bcssl-emit-gpu-kernels,canonicalize,cse)" | FileCheck %s

// A row of 32 columns is eight vectors: four threads share it, which read 64
// bytes in one piece, each two vectors. They exchange their sums by two shuffles,
// without a barrier.
// CHECK-LABEL: func.func @center
// CHECK:         bcssl.kernel rowwise(
// CHECK-SAME:      columns = 32 : i64, flat = false, lanes = 4 : i64, rows = 64 : i64, team = 4 : i64, threads = 256 : i64, together = 1 : i64
// CHECK-SAME:      shared_bytes = 0 : i64
func.func @center(%x: tensor<64x32xf32>) -> tensor<64x32xf32> {
  %0 = bcssl.kernel rowwise(%a = %x) : (tensor<64x32xf32>) -> tensor<64x32xf32> {
    %s = bcssl.reduce sum %a dims [1] : tensor<64x32xf32> -> tensor<64xf32>
    %b = bcssl.broadcast %s dims [0] : tensor<64xf32> -> tensor<64x32xf32>
    %y = arith.subf %a, %b : tensor<64x32xf32>
    bcssl.yield %y : tensor<64x32xf32>
  }
  return %0 : tensor<64x32xf32>
}

// Partial sums of 16 rows: registers over the rows of a team, then shared memory
// in the order of the teams.
// CHECK-LABEL: func.func @partial
// CHECK:         bcssl.kernel rowwise(
// CHECK-SAME:      rows = 16 : i64
// CHECK-SAME:      shared_bytes = 4096 : i64
func.func @partial(%x: tensor<64x32xbf16>) -> tensor<4x32xf32> {
  %0 = bcssl.kernel rowwise(%a = %x) : (tensor<64x32xbf16>) -> tensor<4x32xf32> {
    %w = arith.extf %a : tensor<64x32xbf16> to tensor<64x32xf32>
    %p = bcssl.reduce_partial %w rows(16) : tensor<64x32xf32> -> tensor<4x32xf32>
    bcssl.yield %p : tensor<4x32xf32>
  }
  return %0 : tensor<4x32xf32>
}

// Of many short rows a team reads two before it waits, and stores after that.
// CHECK-LABEL: func.func @many
// CHECK:         bcssl.kernel rowwise(
// CHECK-SAME:      rows = 128 : i64, team = 8 : i64, threads = 256 : i64, together = 2 : i64
func.func @many(%x: tensor<401408x96xbf16>) -> tensor<401408x96xbf16> {
  %0 = bcssl.kernel rowwise(%a = %x) : (tensor<401408x96xbf16>) -> tensor<401408x96xbf16> {
    %w = arith.extf %a : tensor<401408x96xbf16> to tensor<401408x96xf32>
    %s = bcssl.reduce sum %w dims [1] : tensor<401408x96xf32> -> tensor<401408xf32>
    %b = bcssl.broadcast %s dims [0] : tensor<401408xf32> -> tensor<401408x96xf32>
    %y = arith.subf %w, %b : tensor<401408x96xf32>
    %t = arith.truncf %y : tensor<401408x96xf32> to tensor<401408x96xbf16>
    bcssl.yield %t : tensor<401408x96xbf16>
  }
  return %0 : tensor<401408x96xbf16>
}

// Rows and columns play no part: one long row.
// CHECK-LABEL: func.func @flat
// CHECK:         bcssl.kernel rowwise(
// CHECK-SAME:      flat = true, lanes = 1 : i64
func.func @flat(%x: tensor<5x7xf32>) -> tensor<5x7xf32> {
  %0 = bcssl.kernel rowwise(%a = %x) : (tensor<5x7xf32>) -> tensor<5x7xf32> {
    %y = arith.negf %a : tensor<5x7xf32>
    bcssl.yield %y : tensor<5x7xf32>
  }
  return %0 : tensor<5x7xf32>
}

// CHECK-LABEL: gpu.func @rowwise_0(
// CHECK:         vector.load %{{.*}} {alignment = 16 : i64} : memref<2048xf32>, vector<4xf32>
// CHECK:         vector.reduction <add>
// CHECK-COUNT-2: gpu.shuffle xor
// CHECK-NOT:     gpu.shuffle
// CHECK-NOT:     gpu.barrier
// CHECK-COUNT-2: vector.store %{{.*}} {alignment = 16 : i64}

// CHECK-LABEL: gpu.func @rowwise_1(
// CHECK:         vector.load %{{.*}} {alignment = 8 : i64} : memref<2048xbf16>, vector<4xbf16>
// CHECK:         gpu.barrier
// CHECK:         vector.store %{{.*}} : memref<{{.*}}xf32, #gpu.address_space<workgroup>>
// CHECK:         gpu.barrier
// CHECK:         vector.store %{{.*}} : memref<128xf32>, vector<4xf32>
// CHECK-NOT:     gpu.shuffle

// Two rows of three vectors, then six stores.
// CHECK-LABEL: gpu.func @rowwise_2(
// CHECK-COUNT-6: vector.load
// CHECK-NOT:     vector.load
// CHECK-COUNT-6: vector.store
// CHECK-NOT:     vector.store

// CHECK-LABEL: gpu.func @rowwise_3(
// CHECK-NOT:     gpu.barrier
// CHECK:         vector.store %{{.*}} : memref<35xf32>, vector<1xf32>
