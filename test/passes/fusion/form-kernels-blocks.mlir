// The fusions that BC-SSL's blocks and the loss rest on, forward and backward,
// each from the operations that a model writes.
//
// RUN: bcssl-opt %s --pass-pipeline="builtin.module(bcssl-fold-batch-norm,bcssl-differentiate,canonicalize,cse,bcssl-expand,canonicalize,cse,func.func(bcssl-pack-contractions),canonicalize,cse,func.func(bcssl-form-kernels),canonicalize,cse)" | FileCheck %s

// Depthwise convolution and the sums of BatchNorm: the map is written once and
// never read for its statistics. Two images make two partial sums.

// CHECK-LABEL: func.func @depthwise_and_statistics(
// CHECK:         %[[Y:.*]]:3 = bcssl.kernel depthwise(
// CHECK-NEXT:      %[[CONV:.*]] = bcssl.depthwise_conv2d
// CHECK:           %[[SUM:.*]] = bcssl.reduce_partial %{{.*}} rows(64) : {{.*}} -> tensor<2x16xf32>
// CHECK:           %[[SQUARES:.*]] = bcssl.reduce_partial %{{.*}} rows(64) : {{.*}} -> tensor<2x16xf32>
// CHECK-NEXT:      bcssl.yield %[[CONV]], %[[SUM]], %[[SQUARES]]
// CHECK-NOT:     tensor<2x8x8x16xf32>) ->
// CHECK:         return %[[Y]]#0
func.func @depthwise_and_statistics(%x: tensor<2x8x8x16xf32>, %w: tensor<3x3x16xf32>, %shift: tensor<16xf32>) -> (tensor<2x8x8x16xf32>, tensor<16xf32>, tensor<16xf32>) {
  %y = bcssl.depthwise_conv2d %x, %w : tensor<2x8x8x16xf32>, tensor<3x3x16xf32> -> tensor<2x8x8x16xf32>
  %n, %s, %q = bcssl.channel_statistics %y, %shift : tensor<2x8x8x16xf32>, tensor<16xf32> -> tensor<f32>, tensor<16xf32>, tensor<16xf32>
  return %y, %s, %q : tensor<2x8x8x16xf32>, tensor<16xf32>, tensor<16xf32>
}

// Its backward: the gradient of the input and what flows around the block.

// CHECK-LABEL: func.func @depthwise_backward(
// CHECK:         bcssl.kernel depthwise(
// CHECK:           %[[DX:.*]] = bcssl.depthwise_conv2d_input_grad
// CHECK:           %[[ALL:.*]] = arith.addf {{.*}}%[[DX]]
// CHECK-NEXT:      bcssl.yield %[[ALL]] :
// CHECK:         bcssl.kernel depthwise_filter_grad(
// CHECK-NOT:     bcssl.kernel
// CHECK:         return
func.func @depthwise_backward(%x: tensor<2x8x8x16xf32>, %w: tensor<3x3x16xf32>, %dy: tensor<2x8x8x16xf32>, %around: tensor<2x8x8x16xf32>) -> (tensor<2x8x8x16xf32>, tensor<3x3x16xf32>) {
  %dx = bcssl.depthwise_conv2d_input_grad %dy, %w : tensor<2x8x8x16xf32>, tensor<3x3x16xf32> -> tensor<2x8x8x16xf32>
  %dw = bcssl.depthwise_conv2d_filter_grad %x, %dy : tensor<2x8x8x16xf32>, tensor<2x8x8x16xf32> -> tensor<3x3x16xf32>
  %all = arith.addf %dx, %around : tensor<2x8x8x16xf32>
  return %all, %dw : tensor<2x8x8x16xf32>, tensor<3x3x16xf32>
}

// BatchNorm is applied where LayerNorm reads: one kernel touches the map, one
// prepares a gain for each channel.

// CHECK-LABEL: func.func @batch_norm_and_layer_norm(
// CHECK-SAME:    %[[Y:[^:]*]]: tensor<2x8x8x16xf32>
// CHECK:         bcssl.kernel rowwise({{.*}} -> tensor<16xf32>
// CHECK:         %[[N:.*]] = bcssl.kernel rowwise({{.*}}%[[Y]]{{.*}} -> tensor<2x8x8x16xf32>
// CHECK-COUNT-2:   bcssl.reduce sum {{.*}} dims [3]
// CHECK-NOT:     bcssl.kernel
// CHECK:         return %[[N]]
func.func @batch_norm_and_layer_norm(%y: tensor<2x8x8x16xf32>, %mean: tensor<16xf32>, %var: tensor<16xf32>, %g: tensor<16xf32>, %b: tensor<16xf32>, %g2: tensor<16xf32>, %b2: tensor<16xf32>) -> tensor<2x8x8x16xf32> {
  %z = bcssl.batch_norm %y, %mean, %var, %g, %b epsilon(1.0e-5) : tensor<2x8x8x16xf32>, tensor<16xf32>, tensor<16xf32>, tensor<16xf32>, tensor<16xf32> -> tensor<2x8x8x16xf32>
  %l = bcssl.layer_norm %z, %g2, %b2 epsilon(1.0e-6) : tensor<2x8x8x16xf32>, tensor<16xf32>, tensor<16xf32> -> tensor<2x8x8x16xf32>
  return %l : tensor<2x8x8x16xf32>
}

// The backward of LayerNorm: the gradient of the rows and the partial sums of
// both parameters' gradients in the two kernels that read the rows.

// CHECK-LABEL: func.func @layer_norm_backward(
// CHECK:         bcssl.kernel rowwise(
// CHECK:           bcssl.reduce_partial
// CHECK:         bcssl.kernel rowwise({{.*}} -> (tensor<2x8x8x16xf32>, tensor<64x16xf32>) {
// CHECK:           bcssl.reduce_partial
// CHECK-NOT:     bcssl.kernel rowwise
// CHECK:         return
func.func @layer_norm_backward(%x: tensor<2x8x8x16xf32>, %g: tensor<16xf32>, %b: tensor<16xf32>, %dy: tensor<2x8x8x16xf32>) -> (tensor<2x8x8x16xf32>, tensor<16xf32>, tensor<16xf32>) {
  %y = bcssl.layer_norm %x, %g, %b epsilon(1.0e-6) : tensor<2x8x8x16xf32>, tensor<16xf32>, tensor<16xf32> -> tensor<2x8x8x16xf32>
  %p = arith.mulf %y, %dy : tensor<2x8x8x16xf32>
  %loss = bcssl.reduce sum %p dims [0, 1, 2, 3] : tensor<2x8x8x16xf32> -> tensor<f32>
  %d:3 = bcssl.gradient %loss wrt %x, %g, %b : tensor<f32> wrt tensor<2x8x8x16xf32>, tensor<16xf32>, tensor<16xf32> -> tensor<2x8x8x16xf32>, tensor<16xf32>, tensor<16xf32>
  return %d#0, %d#1, %d#2 : tensor<2x8x8x16xf32>, tensor<16xf32>, tensor<16xf32>
}

// Contraction, bias and GELU.

// CHECK-LABEL: func.func @expand(
// CHECK:         bcssl.kernel movement(
// CHECK-NEXT:      bcssl.pack nt
// CHECK:         %[[Z:.*]] = bcssl.kernel contraction(
// CHECK:           bcssl.packed_contract
// CHECK:           arith.addf
// CHECK:           math.erf
// CHECK-NOT:     bcssl.kernel
// CHECK:         return %[[Z]]
func.func @expand(%x: tensor<2x8x8x16xf32>, %w: tensor<64x16xf32>, %b: tensor<64xf32>) -> tensor<2x8x8x64xf32> {
  %y = bcssl.linear %x, %w, %b : tensor<2x8x8x16xf32>, tensor<64x16xf32>, tensor<64xf32> -> tensor<2x8x8x64xf32>
  %z = bcssl.gelu %y : tensor<2x8x8x64xf32>
  return %z : tensor<2x8x8x64xf32>
}

// Its backward: the forward kernel stores GELU's derivative beside GELU; the
// contraction that gives the gradient of GELU's result multiplies by it and sums
// the bias's gradient. 128 rows in runs of 56 make three partial sums.

// CHECK-LABEL: func.func @expand_backward(
// CHECK:         %[[G:.*]]:2 = bcssl.kernel contraction({{.*}} -> (tensor<2x8x8x64xf32>, tensor<2x8x8x64xf32>) {
// CHECK:           bcssl.packed_contract
// CHECK:           math.erf
// CHECK:           math.exp
// CHECK:         bcssl.kernel contraction({{.*}}%[[G]]#1{{.*}} -> (tensor<2x8x8x64xf32>, tensor<3x64xf32>) {
// CHECK:           %[[DH:.*]] = bcssl.packed_contract
// CHECK-NEXT:      %[[DY:.*]] = arith.mulf %[[DH]]
// CHECK-NEXT:      bcssl.reduce_partial %[[DY]] rows(56)
// CHECK-NOT:     math.
// CHECK:         return
func.func @expand_backward(%x: tensor<2x8x8x16xf32>, %w: tensor<64x16xf32>, %b: tensor<64xf32>, %v: tensor<16x64xf32>, %dz: tensor<2x8x8x16xf32>) -> (tensor<64x16xf32>, tensor<64xf32>, tensor<16x64xf32>) {
  %y = bcssl.linear %x, %w, %b : tensor<2x8x8x16xf32>, tensor<64x16xf32>, tensor<64xf32> -> tensor<2x8x8x64xf32>
  %h = bcssl.gelu %y : tensor<2x8x8x64xf32>
  %z = bcssl.linear %h, %v : tensor<2x8x8x64xf32>, tensor<16x64xf32> -> tensor<2x8x8x16xf32>
  %p = arith.mulf %z, %dz : tensor<2x8x8x16xf32>
  %loss = bcssl.reduce sum %p dims [0, 1, 2, 3] : tensor<2x8x8x16xf32> -> tensor<f32>
  %d:3 = bcssl.gradient %loss wrt %w, %b, %v : tensor<f32> wrt tensor<64x16xf32>, tensor<64xf32>, tensor<16x64xf32> -> tensor<64x16xf32>, tensor<64xf32>, tensor<16x64xf32>
  return %d#0, %d#1, %d#2 : tensor<64x16xf32>, tensor<64xf32>, tensor<16x64xf32>
}

// Contraction, bias, layer scale, drop path and residual: one kernel besides
// the packed weight and one factor for each sample.

// CHECK-LABEL: func.func @shrink(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<2x8x8x16xf32>
// CHECK:         bcssl.kernel rowwise({{.*}} -> tensor<2xf32>
// CHECK:         %[[R:.*]] = bcssl.kernel contraction({{.*}}%[[X]]
// CHECK:           bcssl.packed_contract
// CHECK:           arith.addf
// CHECK:           arith.mulf
// CHECK:           arith.mulf
// CHECK:           arith.addf
// CHECK-NOT:     bcssl.kernel
// CHECK:         return %[[R]]
func.func @shrink(%x: tensor<2x8x8x16xf32>, %h: tensor<2x8x8x64xf32>, %w: tensor<16x64xf32>, %b: tensor<16xf32>, %g: tensor<16xf32>, %draw: tensor<2xf32>) -> tensor<2x8x8x16xf32> {
  %y = bcssl.linear %h, %w, %b : tensor<2x8x8x64xf32>, tensor<16x64xf32>, tensor<16xf32> -> tensor<2x8x8x16xf32>
  %z = bcssl.layer_scale %y, %g : tensor<2x8x8x16xf32>, tensor<16xf32> -> tensor<2x8x8x16xf32>
  %d = bcssl.drop_path %z, %draw rate(0.1) : tensor<2x8x8x16xf32>, tensor<2xf32> -> tensor<2x8x8x16xf32>
  %r = arith.addf %x, %d : tensor<2x8x8x16xf32>
  return %r : tensor<2x8x8x16xf32>
}

// In evaluation BatchNorm is in the filter; its offset and the activation stand
// behind the convolution.

// CHECK-LABEL: func.func @evaluation(
// CHECK:         %[[L:.*]] = bcssl.kernel depthwise(
// CHECK:           bcssl.depthwise_conv2d
// CHECK:           arith.addf
// CHECK:           math.erf
// CHECK-NOT:     bcssl.kernel
// CHECK:         return %[[L]]
func.func @evaluation(%x: tensor<2x8x8x16xf32>, %w: tensor<3x3x16xf32>, %mean: tensor<16xf32>, %var: tensor<16xf32>, %g: tensor<16xf32>, %b: tensor<16xf32>) -> tensor<2x8x8x16xf32> {
  %y = bcssl.depthwise_conv2d %x, %w : tensor<2x8x8x16xf32>, tensor<3x3x16xf32> -> tensor<2x8x8x16xf32>
  %z = bcssl.batch_norm %y, %mean, %var, %g, %b epsilon(1.0e-5) : tensor<2x8x8x16xf32>, tensor<16xf32>, tensor<16xf32>, tensor<16xf32>, tensor<16xf32> -> tensor<2x8x8x16xf32>
  %l = bcssl.gelu %z : tensor<2x8x8x16xf32>
  return %l : tensor<2x8x8x16xf32>
}

// The loss of ten views against two teachers: forward and gradient in the one
// kernel that reads the logits, against targets summed once, instead of 18
// passes over pairs.

// CHECK-LABEL: func.func @loss(
// CHECK-SAME:    %[[Z:[^:]*]]: tensor<20x64xf32>
// CHECK:         bcssl.kernel rowwise(
// CHECK:           bcssl.cross_view_targets
// CHECK:         bcssl.kernel rowwise({{.*}}%[[Z]]{{.*}} -> (tensor<20xf32>, tensor<20x64xf32>) {
// CHECK:           bcssl.reduce max
// CHECK:           math.exp
// CHECK:           math.log
// CHECK:         bcssl.kernel rowwise({{.*}} : (tensor<20xf32>) -> tensor<f32> {
// CHECK-NOT:     bcssl.kernel
// CHECK:         return
func.func @loss(%z: tensor<20x64xf32>, %p: tensor<4x64xf32>) -> (tensor<f32>, tensor<20x64xf32>) {
  %loss = bcssl.cross_view_cross_entropy %z, %p views(10) teacher_views(2) : tensor<20x64xf32>, tensor<4x64xf32> -> tensor<f32>
  %d = bcssl.gradient %loss wrt %z : tensor<f32> wrt tensor<20x64xf32> -> tensor<20x64xf32>
  return %loss, %d : tensor<f32>, tensor<20x64xf32>
}
