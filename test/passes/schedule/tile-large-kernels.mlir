// RUN: bcssl-opt %s --pass-pipeline="builtin.module(func.func(bcssl-tile-large-kernels))" | FileCheck %s

// A filter smaller than the map reaches as far as it goes.

// CHECK-LABEL: func.func @small_filter(
// CHECK:         bcssl.kernel depthwise({{.*}}) tile {height = 28 : i64, reach_height = 1 : i64, reach_width = 1 : i64, taps = 3 : i64, width = 14 : i64}
func.func @small_filter(%x: tensor<1x28x28x16xf32>, %w: tensor<3x3x16xf32>) -> tensor<1x28x28x16xf32> {
  %y = bcssl.kernel depthwise(%a = %x, %b = %w) : (tensor<1x28x28x16xf32>, tensor<3x3x16xf32>) -> tensor<1x28x28x16xf32> {
    %c = bcssl.depthwise_conv2d %a, %b : tensor<1x28x28x16xf32>, tensor<3x3x16xf32> -> tensor<1x28x28x16xf32>
    bcssl.yield %c : tensor<1x28x28x16xf32>
  }
  return %y : tensor<1x28x28x16xf32>
}

// Of 31 taps 13 can meet a map of 7, seven and one more on each side; of 51 in
// height only those of 5 rows.

// CHECK-LABEL: func.func @larger_than_the_map(
// CHECK:         bcssl.kernel depthwise({{.*}}) tile {height = 5 : i64, reach_height = 4 : i64, reach_width = 6 : i64, taps = 13 : i64, width = 7 : i64}
func.func @larger_than_the_map(%x: tensor<1x5x7x16xf32>, %w: tensor<51x31x16xf32>) -> tensor<1x5x7x16xf32> {
  %y = bcssl.kernel depthwise(%a = %x, %b = %w) : (tensor<1x5x7x16xf32>, tensor<51x31x16xf32>) -> tensor<1x5x7x16xf32> {
    %c = bcssl.depthwise_conv2d_input_grad %a, %b : tensor<1x5x7x16xf32>, tensor<51x31x16xf32> -> tensor<1x5x7x16xf32>
    bcssl.yield %c : tensor<1x5x7x16xf32>
  }
  return %y : tensor<1x5x7x16xf32>
}

// 16 outputs are cut in 8 and 8, 31 taps in 11, 11 and 9: what registers hold.

// CHECK-LABEL: func.func @equal_parts(
// CHECK:         bcssl.kernel depthwise({{.*}}) tile {height = 16 : i64, reach_height = 15 : i64, reach_width = 15 : i64, taps = 11 : i64, width = 8 : i64}
func.func @equal_parts(%x: tensor<1x16x16x16xf32>, %w: tensor<61x61x16xf32>) -> tensor<1x16x16x16xf32> {
  %y = bcssl.kernel depthwise(%a = %x, %b = %w) : (tensor<1x16x16x16xf32>, tensor<61x61x16xf32>) -> tensor<1x16x16x16xf32> {
    %c = bcssl.depthwise_conv2d %a, %b : tensor<1x16x16x16xf32>, tensor<61x61x16xf32> -> tensor<1x16x16x16xf32>
    bcssl.yield %c : tensor<1x16x16x16xf32>
  }
  return %y : tensor<1x16x16x16xf32>
}

// The filter's gradient: the height counts filter rows, few where few channels
// would leave threads without work.

// CHECK-LABEL: func.func @filter_gradient(
// CHECK:         bcssl.kernel depthwise_filter_grad({{.*}}) tile {height = 2 : i64, reach_height = 4 : i64, reach_width = 4 : i64, taps = 9 : i64, width = 8 : i64}
func.func @filter_gradient(%x: tensor<2x8x8x16xf32>, %dy: tensor<2x8x8x16xf32>) -> tensor<9x9x16xf32> {
  %dw = bcssl.kernel depthwise_filter_grad(%a = %x, %b = %dy) : (tensor<2x8x8x16xf32>, tensor<2x8x8x16xf32>) -> tensor<9x9x16xf32> {
    %c = bcssl.depthwise_conv2d_filter_grad %a, %b : tensor<2x8x8x16xf32>, tensor<2x8x8x16xf32> -> tensor<9x9x16xf32>
    bcssl.yield %c : tensor<9x9x16xf32>
  }
  return %dw : tensor<9x9x16xf32>
}

// A map of one pixel meets the centre alone.

// CHECK-LABEL: func.func @one_pixel(
// CHECK:         bcssl.kernel depthwise({{.*}}) tile {height = 1 : i64, reach_height = 0 : i64, reach_width = 0 : i64, taps = 1 : i64, width = 1 : i64}
func.func @one_pixel(%x: tensor<1x1x1x1xf32>, %w: tensor<7x7x1xf32>) -> tensor<1x1x1x1xf32> {
  %y = bcssl.kernel depthwise(%a = %x, %b = %w) : (tensor<1x1x1x1xf32>, tensor<7x7x1xf32>) -> tensor<1x1x1x1xf32> {
    %c = bcssl.depthwise_conv2d %a, %b : tensor<1x1x1x1xf32>, tensor<7x7x1xf32> -> tensor<1x1x1x1xf32>
    bcssl.yield %c : tensor<1x1x1x1xf32>
  }
  return %y : tensor<1x1x1x1xf32>
}

// Other kernels have no filter.

// CHECK-LABEL: func.func @other(
// CHECK-NOT:     tile
// CHECK:         return
func.func @other(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = bcssl.kernel rowwise(%a = %x) : (tensor<4xf32>) -> tensor<4xf32> {
    %b = arith.addf %a, %a : tensor<4xf32>
    bcssl.yield %b : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}
// CHECK-LABEL: func.func @empty()
func.func @empty() { return }
