// RUN: bcssl-opt %s --bcssl-differentiate --bcssl-expand --canonicalize --cse | FileCheck %s

// A linear layer is a contraction and a bias along the columns.

// CHECK-LABEL: func.func @linear(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<2x3x4xf32>, %[[W:[^:]*]]: tensor<5x4xf32>, %[[B:[^:]*]]: tensor<5xf32>
// CHECK-NEXT:    %[[Y:.*]] = bcssl.contract nt %[[X]], %[[W]]
// CHECK-NEXT:    %[[BIAS:.*]] = bcssl.broadcast %[[B]] dims [2]
// CHECK-NEXT:    %[[SUM:.*]] = arith.addf %[[Y]], %[[BIAS]]
// CHECK-NEXT:    return %[[SUM]]
func.func @linear(%x: tensor<2x3x4xf32>, %w: tensor<5x4xf32>, %b: tensor<5xf32>) -> tensor<2x3x5xf32> {
  %y = bcssl.linear %x, %w, %b : tensor<2x3x4xf32>, tensor<5x4xf32>, tensor<5xf32> -> tensor<2x3x5xf32>
  return %y : tensor<2x3x5xf32>
}

// A patchify convolution is a contraction of patches.

// CHECK-LABEL: func.func @patchify(
// CHECK:         %[[P:.*]] = bcssl.space_to_depth %{{.*}} block(4) : tensor<2x8x8x3xf32> -> tensor<2x2x2x48xf32>
// CHECK:         %[[W:.*]] = bcssl.reshape %{{.*}} : tensor<6x4x4x3xf32> -> tensor<6x48xf32>
// CHECK:         bcssl.contract nt %[[P]], %[[W]]
func.func @patchify(%x: tensor<2x8x8x3xf32>, %w: tensor<6x4x4x3xf32>) -> tensor<2x2x2x6xf32> {
  %y = bcssl.patchify_conv2d %x, %w : tensor<2x8x8x3xf32>, tensor<6x4x4x3xf32> -> tensor<2x2x2x6xf32>
  return %y : tensor<2x2x2x6xf32>
}

// Forward and backward of a layer norm share the row statistics: the mean and
// the variance are reduced once, then come the backward's two row sums.

// CHECK-LABEL: func.func @layer_norm(
// CHECK-COUNT-4: bcssl.reduce sum %{{.*}} dims [1] : tensor<6x4xf32> -> tensor<6xf32>
// CHECK-NOT:     dims [1] : tensor<6x4xf32> -> tensor<6xf32>
// CHECK-NOT:     math.rsqrt
// CHECK:         return
func.func @layer_norm(%x: tensor<6x4xf32>, %scale: tensor<4xf32>, %offset: tensor<4xf32>) -> (tensor<6x4xf32>, tensor<6x4xf32>, tensor<4xf32>) {
  %y = bcssl.layer_norm %x, %scale, %offset epsilon(1.0e-6) : tensor<6x4xf32>, tensor<4xf32>, tensor<4xf32> -> tensor<6x4xf32>
  %s = arith.mulf %y, %y : tensor<6x4xf32>
  %columns = bcssl.reduce sum %s dims [0] : tensor<6x4xf32> -> tensor<4xf32>
  %loss = bcssl.reduce sum %columns dims [0] : tensor<4xf32> -> tensor<f32>
  %dx, %ds = bcssl.gradient %loss wrt %x, %scale : tensor<f32> wrt tensor<6x4xf32>, tensor<4xf32> -> tensor<6x4xf32>, tensor<4xf32>
  return %y, %dx, %ds : tensor<6x4xf32>, tensor<6x4xf32>, tensor<4xf32>
}

// The loss and its gradient share the logits' row statistics and the targets:
// one maximum, one exponential, one sum of targets for all pairs of views.

// CHECK-LABEL: func.func @cross_view(
// CHECK-COUNT-1: bcssl.cross_view_targets
// CHECK-COUNT-1: bcssl.reduce max
// CHECK-COUNT-1: math.exp
// CHECK-NOT:     bcssl.cross_view_targets
// CHECK-NOT:     bcssl.reduce max
// CHECK-NOT:     math.exp
// CHECK:         return
func.func @cross_view(%l: tensor<20x8xf32>, %p: tensor<4x8xf32>) -> (tensor<f32>, tensor<20x8xf32>) {
  %loss = bcssl.cross_view_cross_entropy %l, %p views(10) teacher_views(2) : tensor<20x8xf32>, tensor<4x8xf32> -> tensor<f32>
  %dl = bcssl.gradient %loss wrt %l : tensor<f32> wrt tensor<20x8xf32> -> tensor<20x8xf32>
  return %loss, %dl : tensor<f32>, tensor<20x8xf32>
}

// Each Sinkhorn iteration reduces columns, then rows, and writes no matrix that
// a later one reads: both sums start from the exponential.

// CHECK-LABEL: func.func @sinkhorn(
// CHECK:         %[[Q:.*]] = math.exp
// CHECK:         bcssl.reduce sum %[[Q]] dims [0]
// CHECK:         arith.mulf %[[Q]]
// CHECK:         bcssl.reduce sum %{{.*}} dims [1]
// CHECK:         arith.mulf %[[Q]]
// CHECK:         bcssl.reduce sum %{{.*}} dims [0]
// CHECK:         arith.mulf %[[Q]]
// CHECK:         bcssl.reduce sum %{{.*}} dims [1]
func.func @sinkhorn(%x: tensor<6x4xf32>) -> tensor<6x4xf32> {
  %q = bcssl.sinkhorn %x iterations(2) : tensor<6x4xf32> -> tensor<6x4xf32>
  return %q : tensor<6x4xf32>
}

// Whole tensors are reduced by rows, and then as one row.

// CHECK-LABEL: func.func @clip(
// CHECK:         %[[ROWS:.*]] = bcssl.reduce sum %{{.*}} dims [2] : tensor<3x3x8xf32> -> tensor<3x3xf32>
// CHECK:         %[[ROW:.*]] = bcssl.reshape %[[ROWS]] : tensor<3x3xf32> -> tensor<9xf32>
// CHECK:         bcssl.reduce sum %[[ROW]] dims [0] : tensor<9xf32> -> tensor<f32>
func.func @clip(%x: tensor<3x3x8xf32>) -> tensor<3x3x8xf32> {
  %y = bcssl.clip_by_norm %x max_norm(3.0) : tensor<3x3x8xf32>
  return %y : tensor<3x3x8xf32>
}

// CHECK-LABEL: func.func @mixed_reduction(
// CHECK:         %[[ROWS:.*]] = bcssl.reduce max %{{.*}} dims [3] : tensor<2x3x4x5xf32> -> tensor<2x3x4xf32>
// CHECK:         %[[ROW:.*]] = bcssl.reshape %[[ROWS]] : tensor<2x3x4xf32> -> tensor<2x12xf32>
// CHECK:         bcssl.reduce max %[[ROW]] dims [1] : tensor<2x12xf32> -> tensor<2xf32>
func.func @mixed_reduction(%x: tensor<2x3x4x5xf32>) -> tensor<2xf32> {
  %y = bcssl.reduce max %x dims [1, 2, 3] : tensor<2x3x4x5xf32> -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// The pool reduces height and width; its gradient is a channel vector a sample.

// CHECK-LABEL: func.func @pool(
// CHECK:         bcssl.reduce sum %{{.*}} dims [1, 2] : tensor<2x3x3x4xf32> -> tensor<2x4xf32>
// CHECK:         bcssl.broadcast %{{.*}} dims [0, 3] : tensor<2x4xf32> -> tensor<2x3x3x4xf32>
func.func @pool(%x: tensor<2x3x3x4xf32>) -> (tensor<f32>, tensor<2x3x3x4xf32>) {
  %y = bcssl.global_average_pool %x : tensor<2x3x3x4xf32> -> tensor<2x4xf32>
  %s = arith.mulf %y, %y : tensor<2x4xf32>
  %loss = bcssl.reduce sum %s dims [0, 1] : tensor<2x4xf32> -> tensor<f32>
  %dx = bcssl.gradient %loss wrt %x : tensor<f32> wrt tensor<2x3x3x4xf32> -> tensor<2x3x3x4xf32>
  return %loss, %dx : tensor<f32>, tensor<2x3x3x4xf32>
}

// The bias corrections are scalars, and no power or exp(x) - 1 of a library is
// needed; a frozen tensor is selected, bit for bit.

// CHECK-LABEL: func.func @adamw(
// CHECK-NOT:     math.powf
// CHECK-NOT:     math.expm1
// CHECK:         math.exp %{{.*}} : tensor<f32>
// CHECK-COUNT-3: arith.select %{{.*}} : tensor<4x4xi1>, tensor<4x4xf32>
func.func @adamw(%p: tensor<4x4xf32>, %g: tensor<4x4xf32>, %m: tensor<4x4xf32>, %v: tensor<4x4xf32>, %n: tensor<f32>, %lr: tensor<f32>, %wd: tensor<f32>, %on: tensor<f32>) -> (tensor<4x4xf32>, tensor<4x4xf32>, tensor<4x4xf32>) {
  %0:3 = bcssl.adamw %p, %g, %m, %v count %n lr %lr weight_decay %wd : tensor<f32> active %on : tensor<f32> betas(0.9, 0.999) epsilon(1.0e-8) : tensor<4x4xf32>, tensor<4x4xf32>, tensor<4x4xf32>, tensor<4x4xf32>, tensor<f32>, tensor<f32> -> tensor<4x4xf32>, tensor<4x4xf32>, tensor<4x4xf32>
  return %0#0, %0#1, %0#2 : tensor<4x4xf32>, tensor<4x4xf32>, tensor<4x4xf32>
}

// Drop path makes one factor a sample, shared with its gradient.

// CHECK-LABEL: func.func @drop_path(
// CHECK-COUNT-1: arith.cmpf oge, %{{.*}} : tensor<2xf32>
// CHECK-COUNT-1: bcssl.broadcast %{{.*}} dims [0] : tensor<2xf32> -> tensor<2x3x3x4xf32>
// CHECK-NOT:     arith.cmpf
// CHECK:         return
func.func @drop_path(%x: tensor<2x3x3x4xf32>, %draw: tensor<2xf32>, %g: tensor<4xf32>) -> (tensor<2x3x3x4xf32>, tensor<2x3x3x4xf32>) {
  %y = bcssl.drop_path %x, %draw rate(0.1) : tensor<2x3x3x4xf32>, tensor<2xf32> -> tensor<2x3x3x4xf32>
  %z = bcssl.layer_scale %y, %g : tensor<2x3x3x4xf32>, tensor<4xf32> -> tensor<2x3x3x4xf32>
  %loss = bcssl.reduce sum %z dims [0, 1, 2, 3] : tensor<2x3x3x4xf32> -> tensor<f32>
  %dx = bcssl.gradient %loss wrt %x : tensor<f32> wrt tensor<2x3x3x4xf32> -> tensor<2x3x3x4xf32>
  return %y, %dx : tensor<2x3x3x4xf32>, tensor<2x3x3x4xf32>
}

// Nothing is left to do for one rank, nor to stop after differentiation.

// CHECK-LABEL: func.func @vanish(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<3xf32>
// CHECK-NEXT:    return %[[X]]
func.func @vanish(%x: tensor<3xf32>) -> tensor<3xf32> {
  %0 = bcssl.stop_gradient %x : tensor<3xf32>
  %1 = bcssl.all_reduce %0 : tensor<3xf32>
  return %1 : tensor<3xf32>
}
