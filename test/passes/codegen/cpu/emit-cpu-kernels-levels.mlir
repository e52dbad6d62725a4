// RUN: bcssl-opt %s --bcssl-emit-cpu-kernels=level=x86-64-v3 | FileCheck %s
// RUN: bcssl-opt %s --bcssl-emit-cpu-kernels=level=x86-64-v4 | FileCheck %s --check-prefix=V4
// RUN: not bcssl-opt %s --bcssl-emit-cpu-kernels=level=x86-64-v2 2>&1 | FileCheck %s --check-prefix=ERROR

// One tile, two register files. 16 registers of 8 floats hold 7 of the 14
// outputs of a depthwise convolution and 5 of its 9 filter columns, beside one
// input vector; 32 registers of 16 hold all of them.

// ERROR: expects the level x86-64-v3 or x86-64-v4, got 'x86-64-v2'

// CHECK-LABEL: module @kernels attributes {bcssl.level = "x86-64-v3"}
// CHECK:         func.func @depthwise_0
// CHECK:           scf.for {{.*}} -> ({{(vector<8xf32>, ){6}(vector<8xf32>)}}) {
// CHECK:         func.func @contraction_1
// CHECK:           scf.for {{.*}} -> ({{(vector<16xf32>, ){4}(vector<16xf32>)}}) {

// V4-LABEL:    module @kernels attributes {bcssl.level = "x86-64-v4"}
// V4:            func.func @depthwise_0
// V4:              scf.for {{.*}} -> ({{(vector<16xf32>, ){13}(vector<16xf32>)}}) {
// V4:            func.func @contraction_1
// V4:              scf.for {{.*}} -> ({{(vector<16xf32>, ){19}(vector<16xf32>)}}) {
func.func @depthwise(%x: tensor<1x14x14x16xf32>, %w: tensor<9x9x16xf32>) -> tensor<1x14x14x16xf32> {
  %y = bcssl.kernel depthwise(%a = %x, %b = %w) tile {width = 14 : i64, taps = 9 : i64, height = 14 : i64, reach_height = 4 : i64, reach_width = 4 : i64}
      : (tensor<1x14x14x16xf32>, tensor<9x9x16xf32>) -> tensor<1x14x14x16xf32> {
    %c = bcssl.depthwise_conv2d %a, %b : tensor<1x14x14x16xf32>, tensor<9x9x16xf32> -> tensor<1x14x14x16xf32>
    bcssl.yield %c : tensor<1x14x14x16xf32>
  }
  return %y : tensor<1x14x14x16xf32>
}

// 10 rows are two parts of 5 where 6 fit, not 6 and 4.
func.func @contraction(%x: tensor<10x8xf32>, %w: tensor<1x8x32xf32>) -> tensor<10x32xf32> {
  %y = bcssl.kernel contraction(%a = %x, %b = %w) tile {register_rows = 14 : i64, rows = 56 : i64, panels = 1 : i64}
      : (tensor<10x8xf32>, tensor<1x8x32xf32>) -> tensor<10x32xf32> {
    %c = bcssl.packed_contract %a, %b : tensor<10x8xf32>, tensor<1x8x32xf32> -> tensor<10x32xf32>
    bcssl.yield %c : tensor<10x32xf32>
  }
  return %y : tensor<10x32xf32>
}
