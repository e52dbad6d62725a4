// RUN: bcssl-opt %s --pass-pipeline="builtin.module(func.func(bcssl-split-reductions{blocks=264}))" | FileCheck %s

// Three tiles of 128 x 128 results: 88 parts make 264 blocks.

// CHECK-LABEL: func.func @weight_gradient(
// CHECK:         %[[P:.*]] = bcssl.contract tn %{{.*}}, %{{.*}} {parts = 88 : i64} : tensor<64x56x56x96xf32>, tensor<64x56x56x384xf32> -> tensor<88x96x384xf32>
// CHECK:         %[[R:.*]] = bcssl.reshape %[[P]] : tensor<88x96x384xf32> -> tensor<88x36864xf32>
// CHECK:         %[[S:.*]] = bcssl.reduce sum %[[R]] dims [0] : tensor<88x36864xf32> -> tensor<36864xf32>
// CHECK:         %[[T:.*]] = bcssl.reshape %[[S]] : tensor<36864xf32> -> tensor<96x384xf32>
// CHECK:         return %[[T]]
func.func @weight_gradient(%dy: tensor<64x56x56x96xf32>, %x: tensor<64x56x56x384xf32>) -> tensor<96x384xf32> {
  %dw = bcssl.contract tn %dy, %x : tensor<64x56x56x96xf32>, tensor<64x56x56x384xf32> -> tensor<96x384xf32>
  return %dw : tensor<96x384xf32>
}

// Parts are summed in f32 whatever the operands are; the total is rounded.

// CHECK-LABEL: func.func @mixed(
// CHECK:         bcssl.contract tn %{{.*}} {parts = 4 : i64} : tensor<1024x8xbf16>, tensor<1024x16xbf16> -> tensor<4x8x16xf32>
// CHECK:         %[[T:.*]] = bcssl.reshape %{{.*}} : tensor<128xf32> -> tensor<8x16xf32>
// CHECK:         %[[R:.*]] = arith.truncf %[[T]] : tensor<8x16xf32> to tensor<8x16xbf16>
// CHECK:         return %[[R]]
func.func @mixed(%dy: tensor<1024x8xbf16>, %x: tensor<1024x16xbf16>) -> tensor<8x16xbf16> {
  %dw = bcssl.contract tn %dy, %x : tensor<1024x8xbf16>, tensor<1024x16xbf16> -> tensor<8x16xbf16>
  return %dw : tensor<8x16xbf16>
}

// 352 parts of 600 images have up to two images each: 300 are filled.

// CHECK-LABEL: func.func @filter_gradient(
// CHECK:         bcssl.depthwise_conv2d_filter_grad %{{.*}} {parts = 300 : i64} : {{.*}} -> tensor<300x7x7x96xf32>
// CHECK:         bcssl.reduce sum %{{.*}} dims [0] : tensor<300x4704xf32> -> tensor<4704xf32>
func.func @filter_gradient(%x: tensor<600x56x56x96xf32>, %dy: tensor<600x56x56x96xf32>) -> tensor<7x7x96xf32> {
  %dw = bcssl.depthwise_conv2d_filter_grad %x, %dy : tensor<600x56x56x96xf32>, tensor<600x56x56x96xf32> -> tensor<7x7x96xf32>
  return %dw : tensor<7x7x96xf32>
}

// One image cannot be cut, nor can few rows: 256 in a part are the least.

// CHECK-LABEL: func.func @short(
// CHECK-NOT:     parts
func.func @short(%x: tensor<1x8x8x96xf32>, %dy: tensor<511x96xf32>) -> (tensor<7x7x96xf32>, tensor<96x96xf32>) {
  %dw = bcssl.depthwise_conv2d_filter_grad %x, %x : tensor<1x8x8x96xf32>, tensor<1x8x8x96xf32> -> tensor<7x7x96xf32>
  %dm = bcssl.contract tn %dy, %dy : tensor<511x96xf32>, tensor<511x96xf32> -> tensor<96x96xf32>
  return %dw, %dm : tensor<7x7x96xf32>, tensor<96x96xf32>
}

// 576 tiles are enough.

// CHECK-LABEL: func.func @enough(
// CHECK-NOT:     parts
func.func @enough(%dy: tensor<3136x3072xf32>, %x: tensor<3136x3072xf32>) -> tensor<3072x3072xf32> {
  %dw = bcssl.contract tn %dy, %x : tensor<3136x3072xf32>, tensor<3136x3072xf32> -> tensor<3072x3072xf32>
  return %dw : tensor<3072x3072xf32>
}

// The other forms sum along columns: 2,048 terms in a part are the least, and
// parts are whole pieces of 64 terms.

// CHECK-LABEL: func.func @input_gradient(
// CHECK:         %[[P:.*]] = bcssl.contract nn %{{.*}}, %{{.*}} {parts = 16 : i64} : tensor<10x64x65536xbf16>, tensor<65536x256xbf16> -> tensor<16x10x64x256xf32>
// CHECK:         %[[R:.*]] = bcssl.reshape %[[P]] : tensor<16x10x64x256xf32> -> tensor<16x163840xf32>
// CHECK:         bcssl.reduce sum %[[R]] dims [0]
// CHECK:         bcssl.contract nt %{{.*}} {parts = 2 : i64} : tensor<16x4096xf32>, tensor<16x4096xf32> -> tensor<2x16x16xf32>
func.func @input_gradient(%x: tensor<10x64x65536xbf16>, %w: tensor<65536x256xbf16>, %a: tensor<16x4096xf32>) -> (tensor<10x64x256xf32>, tensor<16x16xf32>) {
  %y = bcssl.contract nn %x, %w : tensor<10x64x65536xbf16>, tensor<65536x256xbf16> -> tensor<10x64x256xf32>
  %z = bcssl.contract nt %a, %a : tensor<16x4096xf32>, tensor<16x4096xf32> -> tensor<16x16xf32>
  return %y, %z : tensor<10x64x256xf32>, tensor<16x16xf32>
}

// CHECK-LABEL: func.func @few_terms(
// CHECK-NOT:     parts
func.func @few_terms(%x: tensor<16x4032xf32>, %v: tensor<16x5000xf32>) -> (tensor<16x16xf32>, tensor<16x16xf32>) {
  %y = bcssl.contract nt %x, %x : tensor<16x4032xf32>, tensor<16x4032xf32> -> tensor<16x16xf32>
  %z = bcssl.contract nt %v, %v : tensor<16x5000xf32>, tensor<16x5000xf32> -> tensor<16x16xf32>
  return %y, %z : tensor<16x16xf32>, tensor<16x16xf32>
}

// What has parts keeps them.

// CHECK-LABEL: func.func @in_parts(
// CHECK:         parts = 2
// CHECK-NOT:     bcssl.reduce
func.func @in_parts(%dy: tensor<4096x8xf32>) -> tensor<2x8x8xf32> {
  %dw = bcssl.contract tn %dy, %dy {parts = 2 : i64} : tensor<4096x8xf32>, tensor<4096x8xf32> -> tensor<2x8x8xf32>
  return %dw : tensor<2x8x8xf32>
}
