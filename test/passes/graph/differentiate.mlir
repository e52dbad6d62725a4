// RUN: bcssl-opt %s --bcssl-differentiate --canonicalize | FileCheck %s

// A value read twice gets the sum of both gradients; the backward graph is made
// of coarse operations.

// CHECK-LABEL: func.func @residual(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<2x4xf32>
// CHECK-SAME:    %[[W:[^:]*]]: tensor<4x4xf32>
// CHECK-DAG:     %[[ONES:.*]] = arith.constant dense<1.000000e+00> : tensor<2x4xf32>
// CHECK-DAG:     %[[H:.*]] = bcssl.linear %[[X]], %[[W]]
// CHECK:         %[[DH:.*]] = bcssl.gelu_grad %[[H]], %[[ONES]] : tensor<2x4xf32>
// CHECK:         %[[DX:.*]] = bcssl.contract nn %[[DH]], %[[W]]
// CHECK:         %[[DW:.*]] = bcssl.contract tn %[[DH]], %[[X]]
// CHECK:         %[[SUM:.*]] = arith.addf %[[DX]], %[[ONES]]
// CHECK:         return %[[SUM]], %[[DW]]
func.func @residual(%x: tensor<2x4xf32>, %w: tensor<4x4xf32>) -> (tensor<2x4xf32>, tensor<4x4xf32>) {
  %h = bcssl.linear %x, %w : tensor<2x4xf32>, tensor<4x4xf32> -> tensor<2x4xf32>
  %g = bcssl.gelu %h : tensor<2x4xf32>
  %y = arith.addf %x, %g : tensor<2x4xf32>
  %loss = bcssl.reduce sum %y dims [0, 1] : tensor<2x4xf32> -> tensor<f32>
  %dx, %dw = bcssl.gradient %loss wrt %x, %w : tensor<f32> wrt tensor<2x4xf32>, tensor<4x4xf32> -> tensor<2x4xf32>, tensor<4x4xf32>
  return %dx, %dw : tensor<2x4xf32>, tensor<4x4xf32>
}

// Both gradients of a depthwise convolution; the input's is not asked for and
// goes.

// CHECK-LABEL: func.func @depthwise(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<1x4x4x8xf32>
// CHECK-NOT:     depthwise_conv2d_input_grad
// CHECK:         %[[DK:.*]] = bcssl.depthwise_conv2d_filter_grad %[[X]], %{{.*}} -> tensor<9x9x8xf32>
// CHECK:         return %[[DK]]
func.func @depthwise(%x: tensor<1x4x4x8xf32>, %k: tensor<9x9x8xf32>) -> tensor<9x9x8xf32> {
  %y = bcssl.depthwise_conv2d %x, %k : tensor<1x4x4x8xf32>, tensor<9x9x8xf32> -> tensor<1x4x4x8xf32>
  %s = arith.mulf %y, %y : tensor<1x4x4x8xf32>
  %loss = bcssl.reduce sum %s dims [0, 1, 2, 3] : tensor<1x4x4x8xf32> -> tensor<f32>
  %dk = bcssl.gradient %loss wrt %k : tensor<f32> wrt tensor<9x9x8xf32> -> tensor<9x9x8xf32>
  return %dk : tensor<9x9x8xf32>
}

// BatchNorm in training: statistics are values, so that the input gathers three
// parts. All per-channel factors are made on vectors; the feature map is read
// by two column sums and by one chain of pointwise operations.

// CHECK-LABEL: func.func @batch_norm(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<2x3x3x4xf32>
// CHECK-SAME:    %[[SHIFT:[^:]*]]: tensor<4xf32>
// CHECK:         bcssl.batch_norm %[[X]]
// CHECK-COUNT-2: bcssl.reduce sum %{{.*}} dims [0, 1, 2] : tensor<2x3x3x4xf32> -> tensor<4xf32>
// CHECK-NOT:     bcssl.reduce
// CHECK:         %[[DIRECT:.*]] = arith.mulf %{{.*}} : tensor<2x3x3x4xf32>
// CHECK:         arith.subf %[[X]], %{{.*}} : tensor<2x3x3x4xf32>
// CHECK:         arith.addf %{{.*}} : tensor<2x3x3x4xf32>
// CHECK:         %[[DX:.*]] = arith.addf %[[DIRECT]], %{{.*}} : tensor<2x3x3x4xf32>
// CHECK:         return %[[DX]]
func.func @batch_norm(%x: tensor<2x3x3x4xf32>, %shift: tensor<4xf32>, %scale: tensor<4xf32>, %offset: tensor<4xf32>) -> tensor<2x3x3x4xf32> {
  %count, %sum, %squares = bcssl.channel_statistics %x, %shift : tensor<2x3x3x4xf32>, tensor<4xf32> -> tensor<f32>, tensor<4xf32>, tensor<4xf32>
  %mean, %variance = bcssl.batch_moments %count, %sum, %squares, %shift : tensor<f32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>, tensor<4xf32>
  %y = bcssl.batch_norm %x, %mean, %variance, %scale, %offset epsilon(1.0e-5) : tensor<2x3x3x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32> -> tensor<2x3x3x4xf32>
  %s = arith.mulf %y, %y : tensor<2x3x3x4xf32>
  %loss = bcssl.reduce sum %s dims [0, 1, 2, 3] : tensor<2x3x3x4xf32> -> tensor<f32>
  %dx = bcssl.gradient %loss wrt %x : tensor<f32> wrt tensor<2x3x3x4xf32> -> tensor<2x3x3x4xf32>
  return %dx : tensor<2x3x3x4xf32>
}

// DINO's loss: one pass against the summed targets, no pass per pair.

// CHECK-LABEL: func.func @cross_view(
// CHECK-SAME:    %[[L:[^:]*]]: tensor<20x8xf32>, %[[P:[^:]*]]: tensor<4x8xf32>
// CHECK-COUNT-1: bcssl.cross_view_targets %[[P]]
// CHECK-NOT:     bcssl.cross_view_targets
// CHECK:         return
func.func @cross_view(%l: tensor<20x8xf32>, %p: tensor<4x8xf32>) -> tensor<20x8xf32> {
  %loss = bcssl.cross_view_cross_entropy %l, %p views(10) teacher_views(2) : tensor<20x8xf32>, tensor<4x8xf32> -> tensor<f32>
  %dl = bcssl.gradient %loss wrt %l : tensor<f32> wrt tensor<20x8xf32> -> tensor<20x8xf32>
  return %dl : tensor<20x8xf32>
}

// A slice's gradient is padded with zeros; a concatenation's is sliced.

// CHECK-LABEL: func.func @slices(
// CHECK:         bcssl.pad %{{.*}} at 2 : tensor<1x3xf32> -> tensor<4x3xf32>
// CHECK:         bcssl.slice %{{.*}} from 3 : tensor<4x3xf32> -> tensor<1x3xf32>
func.func @slices(%a: tensor<3x3xf32>, %b: tensor<1x3xf32>) -> tensor<1x3xf32> {
  %c = bcssl.concat %a, %b : tensor<3x3xf32>, tensor<1x3xf32> -> tensor<4x3xf32>
  %e = math.exp %c : tensor<4x3xf32>
  %s = bcssl.slice %e from 2 : tensor<4x3xf32> -> tensor<1x3xf32>
  %loss = bcssl.reduce sum %s dims [0, 1] : tensor<1x3xf32> -> tensor<f32>
  %db = bcssl.gradient %loss wrt %b : tensor<f32> wrt tensor<1x3xf32> -> tensor<1x3xf32>
  return %db : tensor<1x3xf32>
}

// Nothing flows into a value that the loss does not depend on, nor back through
// stop_gradient: both get zeros.

// CHECK-LABEL: func.func @zeros(
// CHECK-DAG:     %[[ZEROS2:.*]] = arith.constant dense<0.000000e+00> : tensor<2xf32>
// CHECK-DAG:     %[[ZEROS3:.*]] = arith.constant dense<0.000000e+00> : tensor<3xf32>
// CHECK:         return %[[ZEROS3]], %[[ZEROS2]]
func.func @zeros(%x: tensor<3xf32>, %unused: tensor<2xf32>) -> (tensor<3xf32>, tensor<2xf32>) {
  %0 = bcssl.stop_gradient %x : tensor<3xf32>
  %loss = bcssl.reduce sum %0 dims [0] : tensor<3xf32> -> tensor<f32>
  %dx, %du = bcssl.gradient %loss wrt %x, %unused : tensor<f32> wrt tensor<3xf32>, tensor<2xf32> -> tensor<3xf32>, tensor<2xf32>
  return %dx, %du : tensor<3xf32>, tensor<2xf32>
}

// An operation without a derivative does no harm off the way: behind
// stop_gradient, or where no wanted value reaches it.

// CHECK-LABEL: func.func @off_the_way(
// CHECK:         %[[Q:.*]] = bcssl.sinkhorn
// CHECK:         return %[[Q]]
func.func @off_the_way(%x: tensor<2x3xf32>, %t: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %q = bcssl.sinkhorn %t iterations(3) : tensor<2x3xf32> -> tensor<2x3xf32>
  %0 = bcssl.stop_gradient %x : tensor<2x3xf32>
  %1 = bcssl.sinkhorn %0 iterations(3) : tensor<2x3xf32> -> tensor<2x3xf32>
  %2 = arith.mulf %q, %x : tensor<2x3xf32>
  %3 = arith.addf %1, %2 : tensor<2x3xf32>
  %loss = bcssl.reduce sum %3 dims [0, 1] : tensor<2x3xf32> -> tensor<f32>
  %dx = bcssl.gradient %loss wrt %x : tensor<f32> wrt tensor<2x3xf32> -> tensor<2x3xf32>
  return %dx : tensor<2x3xf32>
}

// A value in the middle: the way goes on behind it only for what is asked.

// CHECK-LABEL: func.func @middle(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<3xf32>
// CHECK:         %[[Y:.*]] = math.exp %[[X]]
// CHECK:         %[[DY:.*]] = arith.addf %[[Y]], %[[Y]]
// CHECK:         return %[[DY]]
func.func @middle(%x: tensor<3xf32>) -> tensor<3xf32> {
  %y = math.exp %x : tensor<3xf32>
  %s = arith.mulf %y, %y : tensor<3xf32>
  %loss = bcssl.reduce sum %s dims [0] : tensor<3xf32> -> tensor<f32>
  %dy = bcssl.gradient %loss wrt %y : tensor<f32> wrt tensor<3xf32> -> tensor<3xf32>
  return %dy : tensor<3xf32>
}
