// RUN: bcssl-opt %s --pass-pipeline="builtin.module(func.func(bcssl-mixed-precision,canonicalize))" | FileCheck %s

!map = tensor<2x4x4x8xf32>
!filter = tensor<3x3x8xf32>
!weight = tensor<4x8xf32>
!wide = tensor<2x4x4x4xf32>

// Each factor is rounded once, whoever multiplies it; sums stay in f32, and so
// does what reads them.

// CHECK-LABEL: func.func @products(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<2x4x4x8xf32>, %[[K:[^:]*]]: tensor<3x3x8xf32>, %[[W:[^:]*]]: tensor<4x8xf32>
// CHECK-DAG:     %[[XR:.*]] = arith.truncf %[[X]] : tensor<2x4x4x8xf32> to tensor<2x4x4x8xbf16>
// CHECK-DAG:     %[[KR:.*]] = arith.truncf %[[K]]
// CHECK-DAG:     %[[WR:.*]] = arith.truncf %[[W]]
// CHECK:         %[[Y:.*]] = bcssl.depthwise_conv2d %[[XR]], %[[KR]] : {{.*}} -> tensor<2x4x4x8xf32>
// CHECK:         %[[S:.*]] = arith.addf %[[Y]], %[[X]] : tensor<2x4x4x8xf32>
// CHECK:         %[[SR:.*]] = arith.truncf %[[S]]
// CHECK:         %[[Z:.*]] = bcssl.contract nt %[[SR]], %[[WR]] : {{.*}} -> tensor<2x4x4x4xf32>
// CHECK:         %[[ZR:.*]] = arith.truncf %[[Z]]
// CHECK:         bcssl.contract tn %[[ZR]], %[[SR]] : {{.*}} -> tensor<4x8xf32>
// CHECK:         %[[G:.*]] = bcssl.contract nn %[[ZR]], %[[WR]] : {{.*}} -> tensor<2x4x4x8xf32>
// CHECK:         %[[GR:.*]] = arith.truncf %[[G]]
// CHECK:         bcssl.depthwise_conv2d_input_grad %[[GR]], %[[KR]] : {{.*}} -> tensor<2x4x4x8xf32>
// CHECK:         bcssl.depthwise_conv2d_filter_grad %[[XR]], %[[GR]] : {{.*}} -> tensor<3x3x8xf32>
// CHECK-NOT:     arith.truncf
func.func @products(%x: !map, %k: !filter, %w: !weight) -> (!weight, !map, !filter) {
  %y = bcssl.depthwise_conv2d %x, %k : !map, !filter -> !map
  %s = arith.addf %y, %x : !map
  %z = bcssl.contract nt %s, %w : !map, !weight -> !wide
  %dw = bcssl.contract tn %z, %s : !wide, !map -> !weight
  %g = bcssl.contract nn %z, %w : !wide, !weight -> !map
  %dx = bcssl.depthwise_conv2d_input_grad %g, %k : !map, !filter -> !map
  %dk = bcssl.depthwise_conv2d_filter_grad %x, %g : !map, !map -> !filter
  return %dw, %dx, %dk : !weight, !map, !filter
}

// What only goes into products is moved in bf16.

// CHECK-LABEL: func.func @moved(
// CHECK:         %[[PR:.*]] = arith.truncf %{{.*}} : tensor<2x8x8x3xf32> to tensor<2x8x8x3xbf16>
// CHECK:         %[[D:.*]] = bcssl.space_to_depth %[[PR]] block(2) : tensor<2x8x8x3xbf16> -> tensor<2x4x4x12xbf16>
// CHECK:         %[[F:.*]] = bcssl.reshape %[[D]] : tensor<2x4x4x12xbf16> -> tensor<32x12xbf16>
// CHECK:         bcssl.contract nt %[[F]], %{{.*}} -> tensor<32x8xf32>
func.func @moved(%p: tensor<2x8x8x3xf32>, %w: tensor<8x12xf32>) -> tensor<32x8xf32> {
  %d = bcssl.space_to_depth %p block(2) : tensor<2x8x8x3xf32> -> tensor<2x4x4x12xf32>
  %f = bcssl.reshape %d : tensor<2x4x4x12xf32> -> tensor<32x12xf32>
  %y = bcssl.contract nt %f, %w : tensor<32x12xf32>, tensor<8x12xf32> -> tensor<32x8xf32>
  return %y : tensor<32x8xf32>
}

// Somebody adds what was moved: it is moved once, in f32.

// CHECK-LABEL: func.func @read_twice(
// CHECK:         %[[C:.*]] = bcssl.concat %{{.*}}, %{{.*}} : tensor<2x8xf32>, tensor<3x8xf32> -> tensor<5x8xf32>
// CHECK:         %[[CR:.*]] = arith.truncf %[[C]]
// CHECK:         bcssl.contract nt %[[CR]]
// CHECK:         arith.addf %[[C]]
func.func @read_twice(%a: tensor<2x8xf32>, %b: tensor<3x8xf32>, %w: tensor<8x8xf32>) -> tensor<5x8xf32> {
  %c = bcssl.concat %a, %b : tensor<2x8xf32>, tensor<3x8xf32> -> tensor<5x8xf32>
  %y = bcssl.contract nt %c, %w : tensor<5x8xf32>, tensor<8x8xf32> -> tensor<5x8xf32>
  %s = arith.addf %c, %y : tensor<5x8xf32>
  return %s : tensor<5x8xf32>
}

// A reshape costs nothing and may be read in both precisions.

// CHECK-LABEL: func.func @reshaped(
// CHECK:         %[[XR:.*]] = arith.truncf %{{.*}} : tensor<2x4x8xf32>
// CHECK-DAG:     %[[FR:.*]] = bcssl.reshape %[[XR]] : tensor<2x4x8xbf16> -> tensor<8x8xbf16>
// CHECK-DAG:     %[[F:.*]] = bcssl.reshape %{{.*}} : tensor<2x4x8xf32> -> tensor<8x8xf32>
// CHECK:         bcssl.contract nt %[[FR]]
// CHECK:         arith.addf %[[F]]
func.func @reshaped(%x: tensor<2x4x8xf32>, %w: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %f = bcssl.reshape %x : tensor<2x4x8xf32> -> tensor<8x8xf32>
  %y = bcssl.contract nt %f, %w : tensor<8x8xf32>, tensor<8x8xf32> -> tensor<8x8xf32>
  %s = arith.addf %f, %y : tensor<8x8xf32>
  return %s : tensor<8x8xf32>
}

// What was widened is narrow already.

// CHECK-LABEL: func.func @widened(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<8x8xbf16>
// CHECK-NOT:     arith.truncf %[[X]]
// CHECK:         bcssl.contract nt %[[X]]
func.func @widened(%x: tensor<8x8xbf16>, %w: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %f = arith.extf %x : tensor<8x8xbf16> to tensor<8x8xf32>
  %y = bcssl.contract nt %f, %w : tensor<8x8xf32>, tensor<8x8xf32> -> tensor<8x8xf32>
  return %y : tensor<8x8xf32>
}

// Without products nothing is rounded.

// CHECK-LABEL: func.func @sums(
// CHECK-NOT:     truncf
func.func @sums(%x: tensor<8x8xf32>) -> tensor<8xf32> {
  %s = arith.addf %x, %x : tensor<8x8xf32>
  %y = bcssl.reduce sum %s dims [0] : tensor<8x8xf32> -> tensor<8xf32>
  return %y : tensor<8xf32>
}
