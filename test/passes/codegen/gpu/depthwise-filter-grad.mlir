// RUN: bcssl-opt %s --bcssl-emit-gpu-kernels --canonicalize --cse | FileCheck %s

// Three parts of two images each (the last of one), two chunks of channels and
// three groups of filter rows. Two vectors of channels, two groups of taps, three
// filter rows and two splits: 24 threads. Shared memory holds three input rows of 9 columns and
// five rows of the gradient and one of zeros, in f32.
// CHECK-LABEL: func.func @parts
// CHECK:         bcssl.kernel depthwise_filter_grad(
// CHECK-SAME:      shared_bytes = 816 : i64, symbol = "depthwise_filter_grad_0", threads = 24 : i64, tiles = 18 : i64
func.func @parts(%x: tensor<5x8x4x8xbf16>, %g: tensor<5x8x4x8xbf16>) -> tensor<3x7x5x8xf32> {
  %0 = bcssl.kernel depthwise_filter_grad(%a = %x, %b = %g) tile {channels = 4, lanes = 2, filter_rows = 3, rows = 1, taps = 3, height = 3, columns = 4, splits = 2, reach_height = 3, reach_width = 2}
      : (tensor<5x8x4x8xbf16>, tensor<5x8x4x8xbf16>) -> tensor<3x7x5x8xf32> {
    %y = bcssl.depthwise_conv2d_filter_grad %a, %b {parts = 3 : i64} : tensor<5x8x4x8xbf16>, tensor<5x8x4x8xbf16> -> tensor<3x7x5x8xf32>
    bcssl.yield %y : tensor<3x7x5x8xf32>
  }
  return %0 : tensor<3x7x5x8xf32>
}

// CHECK-LABEL:   gpu.func @depthwise_filter_grad_0(
// CHECK-SAME:      %[[X:.*]]: memref<1280xbf16>, %[[G:.*]]: memref<1280xbf16>, %[[R:.*]]: memref<840xf32>)
// CHECK-DAG:     %[[MEMORY:.*]] = memref.view {{.*}} to memref<204xf32, #gpu.address_space<workgroup>>
// CHECK-DAG:     %[[BLOCK:.*]] = gpu.block_id x upper_bound 18
// CHECK:         %[[GROUP:.*]] = arith.remui %[[BLOCK]], %c3
// CHECK:         %[[ROW:.*]] = arith.muli %[[GROUP]], %c3

// The row of zeros stands behind the others.
// CHECK:         scf.for
// CHECK:           arith.addi %{{.*}}, %c188
// CHECK-NEXT:      vector.store {{.*}}, %[[MEMORY]]

// Images, bands; rows are widened while they are copied.
// CHECK:         %[[ALL:.*]]:3 = scf.for
// CHECK:           scf.for %[[BAND:[a-z0-9]*]] = %[[BEGIN:.*]] to %[[END:.*]] step %c3 iter_args(
// CHECK:             gpu.barrier
// CHECK:             vector.load %[[X]]
// CHECK:             arith.extf
// CHECK:             vector.store {{.*}}, %[[MEMORY]]
// CHECK:             %[[ISFIRST:.*]] = arith.cmpi eq, %[[BAND]], %[[BEGIN]]
// CHECK:             arith.select %[[ISFIRST]]
// CHECK:             vector.load %[[G]]
// CHECK:             vector.store {{.*}}, %[[MEMORY]]
// CHECK:             gpu.barrier

// Every other row. Three taps of four columns: six columns of the input and four
// of the gradient are each read once.
// CHECK:             scf.for %{{.*}} = %{{.*}} to %{{.*}} step %c2 iter_args(
// CHECK-COUNT-4:       vector.load %[[MEMORY]]{{.*}}vector<2xf32>
// CHECK-COUNT-3:       vector.fma
// CHECK-COUNT-2:       vector.load %[[MEMORY]]{{.*}}vector<2xf32>
// CHECK-COUNT-3:       vector.fma
// CHECK-COUNT-2:       vector.load %[[MEMORY]]{{.*}}vector<2xf32>
// CHECK-COUNT-3:       vector.fma
// CHECK-COUNT-2:       vector.load %[[MEMORY]]{{.*}}vector<2xf32>
// CHECK-COUNT-3:       vector.fma
// CHECK-NEXT:          scf.yield

// The second split hands its sums to the first, which stores them.
// CHECK:         gpu.barrier
// CHECK:         scf.if
// CHECK:           vector.store %[[ALL]]#0, %[[MEMORY]]
// CHECK:         gpu.barrier
// CHECK:         arith.addf %[[ALL]]#0,
// CHECK:         arith.cmpi ult, %{{.*}}, %c7
// CHECK:         scf.if
// CHECK:           vector.store {{.*}}, %[[R]]
