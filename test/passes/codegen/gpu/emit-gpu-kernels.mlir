// RUN: bcssl-opt %s --bcssl-emit-gpu-kernels --canonicalize --cse | FileCheck %s

// Six rows in blocks of four: the second block's last threads have no row. A
// row of six outputs is two threads of three, eight channels are two vectors:
// 4 x 2 x 2 threads. Shared memory holds 6 x 8 x 8 inputs and 3 x 3 x 8 taps.
// CHECK-LABEL: func.func @forward
// CHECK:         bcssl.kernel depthwise(
// CHECK-SAME:      shared_bytes = 1824 : i64, symbol = "depthwise_0", threads = 16 : i64, tiles = 4 : i64
func.func @forward(%x: tensor<2x6x6x8xf32>, %w: tensor<3x3x8xf32>) -> tensor<2x6x6x8xf32> {
  %0 = bcssl.kernel depthwise(%a = %x, %b = %w) tile {height = 4, width = 6, channels = 8, outputs = 3, reach_height = 1, reach_width = 1}
      : (tensor<2x6x6x8xf32>, tensor<3x3x8xf32>) -> tensor<2x6x6x8xf32> {
    %y = bcssl.depthwise_conv2d %a, %b : tensor<2x6x6x8xf32>, tensor<3x3x8xf32> -> tensor<2x6x6x8xf32>
    bcssl.yield %y : tensor<2x6x6x8xf32>
  }
  return %0 : tensor<2x6x6x8xf32>
}

// The same text and types again: the same function.
// CHECK-LABEL: func.func @again
// CHECK:         symbol = "depthwise_0"
func.func @again(%x: tensor<2x6x6x8xf32>, %w: tensor<3x3x8xf32>) -> tensor<2x6x6x8xf32> {
  %0 = bcssl.kernel depthwise(%c = %x, %d = %w) tile {height = 4, width = 6, channels = 8, outputs = 3, reach_height = 1, reach_width = 1}
      : (tensor<2x6x6x8xf32>, tensor<3x3x8xf32>) -> tensor<2x6x6x8xf32> {
    %y = bcssl.depthwise_conv2d %c, %d : tensor<2x6x6x8xf32>, tensor<3x3x8xf32> -> tensor<2x6x6x8xf32>
    bcssl.yield %y : tensor<2x6x6x8xf32>
  }
  return %0 : tensor<2x6x6x8xf32>
}

// CHECK-LABEL: func.func @input_gradient
// CHECK:         symbol = "depthwise_1"
func.func @input_gradient(%x: tensor<1x5x5x6xbf16>, %w: tensor<3x3x6xbf16>, %s: tensor<6xf32>) -> tensor<1x5x5x6xf32> {
  %0 = bcssl.kernel depthwise(%a = %x, %b = %w, %c = %s) tile {height = 5, width = 6, channels = 8, lanes = 2, outputs = 3, reach_height = 1, reach_width = 1}
      : (tensor<1x5x5x6xbf16>, tensor<3x3x6xbf16>, tensor<6xf32>) -> tensor<1x5x5x6xf32> {
    %y = bcssl.depthwise_conv2d_input_grad %a, %b : tensor<1x5x5x6xbf16>, tensor<3x3x6xbf16> -> tensor<1x5x5x6xbf16>
    %z = arith.extf %y : tensor<1x5x5x6xbf16> to tensor<1x5x5x6xf32>
    %t = bcssl.broadcast %c dims [3] : tensor<6xf32> -> tensor<1x5x5x6xf32>
    %m = arith.mulf %z, %t : tensor<1x5x5x6xf32>
    bcssl.yield %m : tensor<1x5x5x6xf32>
  }
  return %0 : tensor<1x5x5x6xf32>
}

// The symbol is external, so that the launch gives it its size.
// CHECK-LABEL: gpu.module @kernels [#nvvm.target<O = 3, chip = "sm_90a", features = "+ptx80">]
// CHECK:         memref.global @dynamic_shared : memref<0xi8, #gpu.address_space<workgroup>> {alignment = 1024 : i64}
// CHECK:         gpu.func @depthwise_0(%[[X:.*]]: memref<576xf32>, %[[W:.*]]: memref<72xf32>, %[[Y:.*]]: memref<576xf32>)
// CHECK-SAME:      kernel attributes {bcssl.products = 36 : i64, nvvm.reqntid = array<i32: 16, 1, 1>}
// CHECK-DAG:     %[[THREAD:.*]] = gpu.thread_id x upper_bound 16
// CHECK-DAG:     %[[BLOCK:.*]] = gpu.block_id x upper_bound 4
// CHECK-DAG:     %[[INPUT:.*]] = memref.view {{.*}} to memref<384xf32, #gpu.address_space<workgroup>>
// CHECK-DAG:     %[[FILTER:.*]] = memref.view {{.*}}[%c1536][] {{.*}} to memref<72xf32, #gpu.address_space<workgroup>>

// The filter, then the input with its border, zeros off the map: four pieces a
// thread, all of them loaded before the first is stored.
// CHECK:         scf.for %{{.*}} = %[[THREAD]] to %c18 step %c16 {
// CHECK:           %[[TAP:.*]] = vector.load %[[W]][%{{.*}}] {alignment = 16 : i64}
// CHECK:           vector.store %[[TAP]], %[[FILTER]][%{{.*}}] {alignment = 16 : i64}
// CHECK:         scf.for %{{.*}} = %[[THREAD]] to %{{.*}} step %c64 {
// CHECK:           %[[INSIDE:.*]] = arith.cmpi ult, %{{.*}}, %c6
// CHECK:           %[[PIECE:.*]] = scf.if %[[INSIDE]] -> (vector<4xf32>) {
// CHECK:             vector.load %[[X]][%{{.*}}] {alignment = 16 : i64}
// CHECK-COUNT-3:   vector.load %[[X]][%{{.*}}] {alignment = 16 : i64}
// CHECK:           vector.store %[[PIECE]], %[[INPUT]][%{{.*}}] {alignment = 16 : i64}
// CHECK-COUNT-3:   vector.store {{.*}}, %[[INPUT]]
// CHECK:         gpu.barrier

// Three taps times three outputs; five columns of the input are each read once.
// CHECK:         %[[HASROW:.*]] = arith.cmpi ult, %{{.*}}, %c6
// CHECK:         scf.if %[[HASROW]] {
// CHECK:           %[[FIRST:.*]] = arith.maxsi
// CHECK:           %[[END:.*]] = arith.minsi
// CHECK:           %[[SUMS:.*]]:3 = scf.for %{{.*}} = %[[FIRST]] to %[[END]] step %c1 iter_args(
// CHECK:             vector.load %[[FILTER]]
// CHECK:             vector.load %[[INPUT]]
// CHECK-NEXT:        vector.fma
// CHECK:             vector.load %[[INPUT]]
// CHECK-NEXT:        vector.fma
// CHECK:             vector.load %[[INPUT]]
// CHECK-NEXT:        vector.fma
// CHECK:             vector.load %[[FILTER]]
// CHECK-COUNT-2:     vector.fma
// CHECK:             vector.load %[[INPUT]]
// CHECK-NEXT:        vector.fma
// CHECK:             vector.load %[[FILTER]]
// CHECK-COUNT-2:     vector.fma
// CHECK:             vector.load %[[INPUT]]
// CHECK-NEXT:        vector.fma
// CHECK-NEXT:        scf.yield
// CHECK-NOT:       scf.if
// CHECK:           vector.store %[[SUMS]]#0, %[[Y]][%{{.*}}] {alignment = 16 : i64}
// CHECK:           vector.store %[[SUMS]]#1, %[[Y]]
// CHECK:           vector.store %[[SUMS]]#2, %[[Y]]

// Six channels in bf16: vectors of two. The filter is turned while it is
// copied, and f32 in shared memory.
// CHECK-LABEL:   gpu.func @depthwise_1(
// CHECK-SAME:      %[[X:.*]]: memref<150xbf16>, %[[W:.*]]: memref<54xbf16>, %[[S:.*]]: memref<6xf32>, %[[Y:.*]]: memref<150xf32>
// CHECK:         scf.for
// CHECK:           arith.subi %c2,
// CHECK:           arith.subi %c2,
// CHECK:           vector.load %[[W]][%{{.*}}] {alignment = 4 : i64} : memref<54xbf16>, vector<2xbf16>
// CHECK:           arith.extf
// CHECK:         vector.load %[[X]][%{{.*}}] {alignment = 4 : i64} : memref<150xbf16>, vector<2xbf16>
// CHECK:         gpu.barrier
// CHECK:         vector.load {{.*}} {alignment = 8 : i64} {{.*}}, vector<2xf32>
// CHECK:         vector.load {{.*}} {alignment = 4 : i64} {{.*}}, vector<2xbf16>
// CHECK-NEXT:    arith.extf

// The last channels of the block and the sixth of five outputs are off the map.
// CHECK:         %[[SCALE:.*]] = vector.load %[[S]]
// CHECK:         arith.mulf %{{.*}}, %[[SCALE]] : vector<2xf32>
// CHECK:         %[[HASCOLUMN:.*]] = arith.cmpi ult, %{{.*}}, %c5
// CHECK:         scf.if %[[HASCOLUMN]] {
// CHECK:           vector.store
