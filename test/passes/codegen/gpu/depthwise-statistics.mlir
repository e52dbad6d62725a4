// RUN: bcssl-opt %s --bcssl-emit-gpu-kernels --canonicalize --cse | FileCheck %s

// A block goes down both images in bands of two rows, in a ring of four: the
// second band brings the two rows that the first has not left there.
// CHECK-LABEL: func.func @statistics
// CHECK:         bcssl.kernel depthwise(
// CHECK-SAME:      shared_bytes = 592 : i64, symbol = "depthwise_0", threads = 4 : i64, tiles = 2 : i64
func.func @statistics(%x: tensor<2x6x4x8xf32>, %w: tensor<3x3x8xf32>) -> (tensor<2x6x4x8xf32>, tensor<2x8xf32>) {
  %0:2 = bcssl.kernel depthwise(%a = %x, %b = %w) tile {height = 2, width = 4, channels = 4, rows = 1, outputs = 2, bands = 3, images = 2, reach_height = 1, reach_width = 1}
      : (tensor<2x6x4x8xf32>, tensor<3x3x8xf32>) -> (tensor<2x6x4x8xf32>, tensor<2x8xf32>) {
    %y = bcssl.depthwise_conv2d %a, %b : tensor<2x6x4x8xf32>, tensor<3x3x8xf32> -> tensor<2x6x4x8xf32>
    %s = bcssl.reduce_partial %y rows(24) : tensor<2x6x4x8xf32> -> tensor<2x8xf32>
    bcssl.yield %y, %s : tensor<2x6x4x8xf32>, tensor<2x8xf32>
  }
  return %0#0, %0#1 : tensor<2x6x4x8xf32>, tensor<2x8xf32>
}

// The sums of one image are registers of a loop over bands.
// CHECK-LABEL:   gpu.func @depthwise_0(
// CHECK-SAME:      %[[X:.*]]: memref<384xf32>, %{{.*}}: memref<72xf32>, %[[Y:.*]]: memref<384xf32>, %[[S:.*]]: memref<16xf32>)
// CHECK-DAG:     %[[RING:.*]] = memref.view {{.*}} to memref<96xf32, #gpu.address_space<workgroup>>
// CHECK-DAG:     %[[SCRATCH:.*]] = memref.view {{.*}}[%c528][] {{.*}} to memref<16xf32, #gpu.address_space<workgroup>>
// CHECK:         scf.for %{{.*}} = %{{.*}} to %{{.*}} step %c1 {
// CHECK:           %[[SUM:.*]] = scf.for %[[BAND:[a-z0-9]*]] = %c0 to %c3 step %c1 iter_args(%[[BEFORE:.*]] = %{{.*}}) -> (vector<4xf32>) {
// CHECK:             gpu.barrier
// CHECK:             %[[ISFIRST:.*]] = arith.cmpi eq, %[[BAND]], %c0
// CHECK:             arith.select %[[ISFIRST]]
// CHECK:             arith.remui %{{.*}}, %c4_i32
// CHECK:             vector.store {{.*}}, %[[RING]]
// CHECK:             gpu.barrier
// CHECK:             %[[OUTPUTS:.*]]:2 = scf.for
// CHECK:             vector.store %[[OUTPUTS]]#0, %[[Y]]
// CHECK:             %[[ONE:.*]] = arith.addf %[[BEFORE]], %[[OUTPUTS]]#0
// CHECK:             vector.store %[[OUTPUTS]]#1, %[[Y]]
// CHECK:             %[[TWO:.*]] = arith.addf %[[ONE]], %[[OUTPUTS]]#1
// CHECK:             scf.yield %[[TWO]]

// Then four threads' sums become two, and one, in this order.
// CHECK:           vector.store %[[SUM]], %[[SCRATCH]]
// CHECK:           gpu.barrier
// CHECK:           %[[HALF:.*]] = scf.if
// CHECK:             vector.load %[[SCRATCH]]
// CHECK:             arith.addf %[[SUM]],
// CHECK:           gpu.barrier
// CHECK:           vector.store %[[HALF]], %[[SCRATCH]]
// CHECK:           gpu.barrier
// CHECK:           %[[ALL:.*]] = scf.if
// CHECK:           gpu.barrier
// CHECK:           scf.if
// CHECK:             vector.store %[[ALL]], %[[S]]
