// RUN: bcssl-opt %s --pass-pipeline="builtin.module(func.func(bcssl-choose-gpu-tiles))" | FileCheck %s --check-prefixes=CHECK,SM90
// RUN: bcssl-opt %s --pass-pipeline="builtin.module(func.func(bcssl-choose-gpu-tiles{chip=sm_86}))" | FileCheck %s --check-prefixes=CHECK,SM86

// CHECK-LABEL: func.func @stage
// SM90:          bcssl.kernel depthwise({{.*}} tile {bands = 7 : i64, channels = 16 : i64, height = 8 : i64, images = 1 : i64, lanes = 4 : i64, outputs = 7 : i64, reach_height = 4 : i64, reach_width = 4 : i64, rows = 2 : i64, strips = 1 : i64, width = 28 : i64}
func.func @stage(%x: tensor<64x56x56x96xbf16>, %w: tensor<9x9x96xbf16>) -> tensor<64x56x56x96xbf16> {
  %0 = bcssl.kernel depthwise(%a = %x, %b = %w) : (tensor<64x56x56x96xbf16>, tensor<9x9x96xbf16>) -> tensor<64x56x56x96xbf16> {
    %y = bcssl.depthwise_conv2d %a, %b : tensor<64x56x56x96xbf16>, tensor<9x9x96xbf16> -> tensor<64x56x56x96xbf16>
    bcssl.yield %y : tensor<64x56x56x96xbf16>
  }
  return %0 : tensor<64x56x56x96xbf16>
}

// The reach ends at the border of the map: 13 rather than 30. Threads have whole
// rows, so that no product falls off the map.
// CHECK-LABEL: func.func @clipped
// CHECK:         outputs = 14 : i64, reach_height = 13 : i64, reach_width = 13 : i64
func.func @clipped(%x: tensor<64x14x14x384xf32>, %w: tensor<61x61x384xf32>) -> tensor<64x14x14x384xf32> {
  %0 = bcssl.kernel depthwise(%a = %x, %b = %w) : (tensor<64x14x14x384xf32>, tensor<61x61x384xf32>) -> tensor<64x14x14x384xf32> {
    %y = bcssl.depthwise_conv2d_input_grad %a, %b : tensor<64x14x14x384xf32>, tensor<61x61x384xf32> -> tensor<64x14x14x384xf32>
    bcssl.yield %y : tensor<64x14x14x384xf32>
  }
  return %0 : tensor<64x14x14x384xf32>
}

// A chip with less shared memory gets smaller blocks.
// CHECK-LABEL: func.func @large
// SM90:          channels = 8 : i64, height = 56 : i64, images = 4 : i64, lanes = 4 : i64, outputs = 7 : i64, reach_height = 25 : i64, reach_width = 25 : i64, rows = 2 : i64
// SM86:          channels = 4 : i64, {{.*}}, reach_height = 25 : i64, reach_width = 25 : i64
func.func @large(%x: tensor<64x56x56x96xf32>, %w: tensor<51x51x96xf32>) -> tensor<64x56x56x96xf32> {
  %0 = bcssl.kernel depthwise(%a = %x, %b = %w) : (tensor<64x56x56x96xf32>, tensor<51x51x96xf32>) -> tensor<64x56x56x96xf32> {
    %y = bcssl.depthwise_conv2d %a, %b : tensor<64x56x56x96xf32>, tensor<51x51x96xf32> -> tensor<64x56x56x96xf32>
    bcssl.yield %y : tensor<64x56x56x96xf32>
  }
  return %0 : tensor<64x56x56x96xf32>
}

// A tile that is there stays; every family has its own.
// CHECK-LABEL: func.func @others
// CHECK:         bcssl.kernel depthwise({{.*}} tile {outputs = 1 : i64} :
// CHECK:         bcssl.kernel rowwise(%{{[^)]*}}) tile {columns = 128 : i64
func.func @others(%x: tensor<1x4x4x8xf32>, %w: tensor<3x3x8xf32>) -> tensor<1x4x4x8xf32> {
  %0 = bcssl.kernel depthwise(%a = %x, %b = %w) tile {outputs = 1} : (tensor<1x4x4x8xf32>, tensor<3x3x8xf32>) -> tensor<1x4x4x8xf32> {
    %y = bcssl.depthwise_conv2d %a, %b : tensor<1x4x4x8xf32>, tensor<3x3x8xf32> -> tensor<1x4x4x8xf32>
    bcssl.yield %y : tensor<1x4x4x8xf32>
  }
  %1 = bcssl.kernel rowwise(%a = %0) : (tensor<1x4x4x8xf32>) -> tensor<1x4x4x8xf32> {
    %y = math.exp %a : tensor<1x4x4x8xf32>
    bcssl.yield %y : tensor<1x4x4x8xf32>
  }
  return %1 : tensor<1x4x4x8xf32>
}

// A block with partial sums has whole images, as many bands and strips as it
// takes. Awkward channels have narrower vectors.
// CHECK-LABEL: func.func @statistics
// CHECK:         bcssl.kernel depthwise({{.*}} tile {bands = 1 : i64, channels = 2 : i64, height = 15 : i64, images = 1 : i64, lanes = 2 : i64
func.func @statistics(%x: tensor<8x15x15x66xf32>, %w: tensor<9x9x66xf32>) -> tensor<8x66xf32> {
  %0 = bcssl.kernel depthwise(%a = %x, %b = %w) : (tensor<8x15x15x66xf32>, tensor<9x9x66xf32>) -> tensor<8x66xf32> {
    %y = bcssl.depthwise_conv2d %a, %b : tensor<8x15x15x66xf32>, tensor<9x9x66xf32> -> tensor<8x15x15x66xf32>
    %s = bcssl.reduce_partial %y rows(225) : tensor<8x15x15x66xf32> -> tensor<8x66xf32>
    bcssl.yield %s : tensor<8x66xf32>
  }
  return %0 : tensor<8x66xf32>
}

// CHECK-LABEL: func.func @filter_gradient
// CHECK:         bcssl.kernel depthwise_filter_grad({{.*}} tile {channels = 16 : i64, columns = 14 : i64, filter_rows = 9 : i64
func.func @filter_gradient(%x: tensor<64x28x28x192xbf16>, %g: tensor<64x28x28x192xbf16>) -> tensor<22x9x9x192xf32> {
  %0 = bcssl.kernel depthwise_filter_grad(%a = %x, %b = %g) : (tensor<64x28x28x192xbf16>, tensor<64x28x28x192xbf16>) -> tensor<22x9x9x192xf32> {
    %y = bcssl.depthwise_conv2d_filter_grad %a, %b {parts = 22 : i64} : tensor<64x28x28x192xbf16>, tensor<64x28x28x192xbf16> -> tensor<22x9x9x192xf32>
    bcssl.yield %y : tensor<22x9x9x192xf32>
  }
  return %0 : tensor<22x9x9x192xf32>
}

// Two lanes and two splits would be one block of 480 threads with 128 registers at
// most: too few for the gradients that are loaded ahead.
// CHECK-LABEL: func.func @filter_gradient_registers
// SM90:          bcssl.kernel depthwise_filter_grad({{.*}} tile {channels = 32 : i64, columns = 12 : i64, filter_rows = 15 : i64, height = 3 : i64, lanes = 4 : i64, {{.*}}rows = 1 : i64, splits = 1 : i64, taps = 15 : i64}
func.func @filter_gradient_registers(%x: tensor<512x24x24x96xbf16>, %g: tensor<512x24x24x96xbf16>) -> tensor<171x15x15x96xf32> {
  %0 = bcssl.kernel depthwise_filter_grad(%a = %x, %b = %g) : (tensor<512x24x24x96xbf16>, tensor<512x24x24x96xbf16>) -> tensor<171x15x15x96xf32> {
    %y = bcssl.depthwise_conv2d_filter_grad %a, %b {parts = 171 : i64} : tensor<512x24x24x96xbf16>, tensor<512x24x24x96xbf16> -> tensor<171x15x15x96xf32>
    bcssl.yield %y : tensor<171x15x15x96xf32>
  }
  return %0 : tensor<171x15x15x96xf32>
}
