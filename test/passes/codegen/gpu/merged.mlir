// RUN: bcssl-opt %s --pass-pipeline="builtin.module(func.func(bcssl-choose-gpu-tiles),bcssl-emit-gpu-kernels,canonicalize,cse)" | FileCheck %s

// Two updates of 1500 numbers, each two blocks of 256 threads with vectors of
// four; a sum over rows, two blocks: 2 * 2 + 2. The sum has 128 threads, the
// others of its blocks do nothing.

// CHECK-LABEL: func.func @f(
// CHECK:         bcssl.kernel rowwise({{.*}} tile {} attributes {shared_bytes = 128 : i64, symbol = "merged_0", threads = 256 : i64, tiles = 6 : i64}
// CHECK:           bcssl.kernel rowwise({{.*}} tile {columns = 1024 : i64, flat = true, lanes = 4 : i64, rows = 1 : i64, team = 256 : i64, threads = 256 : i64, together = 1 : i64}
// CHECK:           bcssl.kernel columnwise({{.*}} tile {columns = 8 : i64, lanes = 1 : i64, parts = 16 : i64}
func.func @f(%p: tensor<1500xf32>, %q: tensor<1500xf32>, %rate: tensor<f32>, %m: tensor<64x12xf32>)
    -> (tensor<1500xf32>, tensor<1500xf32>, tensor<12xf32>) {
  %0:3 = bcssl.kernel rowwise(%a = %p, %r = %rate, %b = %q, %c = %m)
      : (tensor<1500xf32>, tensor<f32>, tensor<1500xf32>, tensor<64x12xf32>)
      -> (tensor<1500xf32>, tensor<1500xf32>, tensor<12xf32>) {
    %1 = bcssl.kernel rowwise(%x = %a, %s = %r) : (tensor<1500xf32>, tensor<f32>) -> tensor<1500xf32> {
      %t = bcssl.broadcast %s dims [] : tensor<f32> -> tensor<1500xf32>
      %y = arith.mulf %x, %t : tensor<1500xf32>
      bcssl.yield %y : tensor<1500xf32>
    }
    %2 = bcssl.kernel rowwise(%x = %b, %s = %r) : (tensor<1500xf32>, tensor<f32>) -> tensor<1500xf32> {
      %t = bcssl.broadcast %s dims [] : tensor<f32> -> tensor<1500xf32>
      %y = arith.mulf %x, %t : tensor<1500xf32>
      bcssl.yield %y : tensor<1500xf32>
    }
    %3 = bcssl.kernel columnwise(%x = %c) : (tensor<64x12xf32>) -> tensor<12xf32> {
      %y = bcssl.reduce sum %x dims [0] : tensor<64x12xf32> -> tensor<12xf32>
      bcssl.yield %y : tensor<12xf32>
    }
    bcssl.yield %1, %2, %3 : tensor<1500xf32>, tensor<1500xf32>, tensor<12xf32>
  }
  return %0#0, %0#1, %0#2 : tensor<1500xf32>, tensor<1500xf32>, tensor<12xf32>
}

// Blocks 0 to 3 are of the updates, which share their code: the buffers are
// chosen by the quotient, what is read by all is not.

// CHECK-LABEL: gpu.module @kernels
// CHECK:         gpu.func @merged_0(%[[P:.*]]: memref<1500xf32>, %[[RATE:.*]]: memref<1xf32>, %[[Q:.*]]: memref<1500xf32>, %[[M:.*]]: memref<768xf32>, %[[PY:.*]]: memref<1500xf32>, %[[QY:.*]]: memref<1500xf32>, %[[MY:.*]]: memref<12xf32>)
// CHECK:           %[[BLOCK:.*]] = gpu.block_id x upper_bound 6
// CHECK:           %[[FIRST:.*]] = arith.cmpi ult, %[[BLOCK]], %c4
// CHECK:           scf.if %[[FIRST]] {
// CHECK:             %[[NUMBER:.*]] = arith.divui %[[BLOCK]], %c2
// CHECK:             %[[OWN:.*]] = arith.remui %[[BLOCK]], %c2
// CHECK:             %[[BUFFERS:.*]]:2 = scf.index_switch %[[NUMBER]] -> memref<1500xf32>, memref<1500xf32>
// CHECK-NEXT:        case 0 {
// CHECK-NEXT:          scf.yield %[[P]], %[[PY]]
// CHECK:             default {
// CHECK-NEXT:          scf.yield %[[Q]], %[[QY]]
// CHECK-NOT:         scf.index_switch
// CHECK:             %[[TILE:.*]] = arith.remui %[[OWN]], %c2
// CHECK:             arith.muli %[[TILE]], %c1024
// CHECK:             memref.load %[[RATE]]
// CHECK:             vector.store %{{.*}}, %[[BUFFERS]]#1
// CHECK:           } else {
// CHECK-NOT:         scf.index_switch
// CHECK:             %[[PART:.*]] = arith.cmpi ult, %{{.*}}, %c128
// CHECK:             scf.if %[[PART]] {
// CHECK:               vector.load %[[M]]
// CHECK:               nvvm.barrier id = %c1_i32 number_of_threads = %c128_i32
// CHECK:               vector.store %{{.*}}, %[[MY]]
