// RUN: bcssl-opt %s --verify-roundtrip | FileCheck %s

// CHECK-LABEL: @depthwise_conv2d
func.func @depthwise_conv2d(%x: tensor<2x8x8x16xf32>, %w: tensor<9x7x16xf32>) -> tensor<2x8x8x16xf32> {
  // CHECK: bcssl.depthwise_conv2d %{{.*}}, %{{.*}} : tensor<2x8x8x16xf32>, tensor<9x7x16xf32> -> tensor<2x8x8x16xf32>
  %0 = bcssl.depthwise_conv2d %x, %w : tensor<2x8x8x16xf32>, tensor<9x7x16xf32> -> tensor<2x8x8x16xf32>
  return %0 : tensor<2x8x8x16xf32>
}

// CHECK-LABEL: @depthwise_conv2d_gradients
func.func @depthwise_conv2d_gradients(%x: tensor<2x8x8x16xbf16>, %dy: tensor<2x8x8x16xbf16>, %w: tensor<9x9x16xbf16>)
    -> (tensor<2x8x8x16xbf16>, tensor<9x9x16xbf16>) {
  // CHECK: bcssl.depthwise_conv2d_input_grad %{{.*}}, %{{.*}} : tensor<2x8x8x16xbf16>, tensor<9x9x16xbf16> -> tensor<2x8x8x16xbf16>
  %0 = bcssl.depthwise_conv2d_input_grad %dy, %w : tensor<2x8x8x16xbf16>, tensor<9x9x16xbf16> -> tensor<2x8x8x16xbf16>
  // CHECK: bcssl.depthwise_conv2d_filter_grad %{{.*}}, %{{.*}} : tensor<2x8x8x16xbf16>, tensor<2x8x8x16xbf16> -> tensor<9x9x16xbf16>
  %1 = bcssl.depthwise_conv2d_filter_grad %x, %dy : tensor<2x8x8x16xbf16>, tensor<2x8x8x16xbf16> -> tensor<9x9x16xbf16>
  return %0, %1 : tensor<2x8x8x16xbf16>, tensor<9x9x16xbf16>
}

// CHECK-LABEL: @patchify_conv2d
func.func @patchify_conv2d(%x: tensor<2x8x12x3xf32>, %w: tensor<16x4x4x3xf32>, %b: tensor<16xf32>)
    -> (tensor<2x2x3x16xf32>, tensor<2x2x3x16xf32>) {
  // CHECK: bcssl.patchify_conv2d %{{.*}}, %{{.*}} : tensor<2x8x12x3xf32>, tensor<16x4x4x3xf32> -> tensor<2x2x3x16xf32>
  %0 = bcssl.patchify_conv2d %x, %w : tensor<2x8x12x3xf32>, tensor<16x4x4x3xf32> -> tensor<2x2x3x16xf32>
  // CHECK: bcssl.patchify_conv2d %{{.*}}, %{{.*}}, %{{.*}} : tensor<2x8x12x3xf32>, tensor<16x4x4x3xf32>, tensor<16xf32> -> tensor<2x2x3x16xf32>
  %1 = bcssl.patchify_conv2d %x, %w, %b : tensor<2x8x12x3xf32>, tensor<16x4x4x3xf32>, tensor<16xf32> -> tensor<2x2x3x16xf32>
  return %0, %1 : tensor<2x2x3x16xf32>, tensor<2x2x3x16xf32>
}

// CHECK-LABEL: @space_and_depth
func.func @space_and_depth(%x: tensor<2x8x12x3xf32>) -> tensor<2x8x12x3xf32> {
  // CHECK: bcssl.space_to_depth %{{.*}} block(4) : tensor<2x8x12x3xf32> -> tensor<2x2x3x48xf32>
  %0 = bcssl.space_to_depth %x block(4) : tensor<2x8x12x3xf32> -> tensor<2x2x3x48xf32>
  // CHECK: bcssl.depth_to_space %{{.*}} block(4) : tensor<2x2x3x48xf32> -> tensor<2x8x12x3xf32>
  %1 = bcssl.depth_to_space %0 block(4) : tensor<2x2x3x48xf32> -> tensor<2x8x12x3xf32>
  return %1 : tensor<2x8x12x3xf32>
}
