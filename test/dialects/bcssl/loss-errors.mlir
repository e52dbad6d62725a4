// RUN: bcssl-opt %s -split-input-file -verify-diagnostics

func.func @sinkhorn_c1(%x: tensor<4x16xf32>) {
  // expected-error @below {{(C1) expects result of shape 4x16, got 16x4}}
  %0 = bcssl.sinkhorn %x iterations(3) : tensor<4x16xf32> -> tensor<16x4xf32>
  return
}

// -----

func.func @sinkhorn_c2(%x: tensor<4x16xf32>) {
  // expected-error @below {{(C2) expects 1 iteration or more, got 0}}
  %0 = bcssl.sinkhorn %x iterations(0) : tensor<4x16xf32> -> tensor<4x16xf32>
  return
}

// -----

// One view has no pair.
func.func @cross_view_targets_c1(%p: tensor<4x16xf32>) {
  // expected-error @below {{(C1) expects 2 views or more, of which the teacher sees 1 or more, got 1 views and 1 of the teacher}}
  %0 = bcssl.cross_view_targets %p views(1) teacher_views(1) : tensor<4x16xf32> -> tensor<4x16xf32>
  return
}

// -----

func.func @cross_view_targets_c1_teacher(%p: tensor<4x16xf32>) {
  // expected-error @below {{(C1) expects 2 views or more, of which the teacher sees 1 or more, got 2 views and 4 of the teacher}}
  %0 = bcssl.cross_view_targets %p views(2) teacher_views(4) : tensor<4x16xf32> -> tensor<2x16xf32>
  return
}

// -----

func.func @cross_view_targets_c2(%p: tensor<5x16xf32>) {
  // expected-error @below {{(C2) expects rows divisible by the teacher's 2 views, got 5}}
  %0 = bcssl.cross_view_targets %p views(4) teacher_views(2) : tensor<5x16xf32> -> tensor<10x16xf32>
  return
}

// -----

func.func @cross_view_targets_c3(%p: tensor<4x16xf32>) {
  // expected-error @below {{(C3) expects result of shape 20x16, got 4x16}}
  %0 = bcssl.cross_view_targets %p views(10) teacher_views(2) : tensor<4x16xf32> -> tensor<4x16xf32>
  return
}

// -----

func.func @cross_view_cross_entropy_c1(%logits: tensor<20x16xf32>, %p: tensor<4x16xf32>) {
  // expected-error @below {{(C1) expects 2 views or more, of which the teacher sees 1 or more, got 10 views and 0 of the teacher}}
  %0 = bcssl.cross_view_cross_entropy %logits, %p views(10) teacher_views(0) : tensor<20x16xf32>, tensor<4x16xf32> -> tensor<f32>
  return
}

// -----

func.func @cross_view_cross_entropy_c2(%logits: tensor<20x16xf32>, %p: tensor<4x16xf32>) {
  // expected-error @below {{(C2) expects rows divisible by the teacher's 3 views, got 4}}
  %0 = bcssl.cross_view_cross_entropy %logits, %p views(10) teacher_views(3) : tensor<20x16xf32>, tensor<4x16xf32> -> tensor<f32>
  return
}

// -----

func.func @cross_view_cross_entropy_c3(%logits: tensor<20x16xf32>, %p: tensor<4x8xf32>) {
  // expected-error @below {{(C3) expects logits of shape 20x8, got 20x16}}
  %0 = bcssl.cross_view_cross_entropy %logits, %p views(10) teacher_views(2) : tensor<20x16xf32>, tensor<4x8xf32> -> tensor<f32>
  return
}

// -----

func.func @one_hot_c1(%labels: tensor<4xi32>) {
  // expected-error @below {{(C1) expects one label per row, got 4 labels for 5 rows}}
  %0 = bcssl.one_hot %labels : tensor<4xi32> -> tensor<5x10xf32>
  return
}

// -----

func.func @cross_entropy_c1(%logits: tensor<4x10xf32>, %labels: tensor<10xi32>) {
  // expected-error @below {{(C1) expects one label per row, got 10 labels for 4 rows}}
  %0 = bcssl.cross_entropy %logits, %labels smoothing(0.0) : tensor<4x10xf32>, tensor<10xi32> -> tensor<f32>
  return
}

// -----

func.func @cross_entropy_c2(%logits: tensor<4x10xf32>, %labels: tensor<4xi32>) {
  // expected-error @below {{(C2) expects smoothing in [0, 1), got -1.250000e-01}}
  %0 = bcssl.cross_entropy %logits, %labels smoothing(-0.125) : tensor<4x10xf32>, tensor<4xi32> -> tensor<f32>
  return
}

// -----

// The trait says it.
func.func @cross_entropy_precision(%logits: tensor<4x10xbf16>, %labels: tensor<4xi32>) {
  // expected-error @below {{failed to verify that all of {logits, loss} have same element type}}
  %0 = bcssl.cross_entropy %logits, %labels smoothing(0.0) : tensor<4x10xbf16>, tensor<4xi32> -> tensor<f32>
  return
}

// -----

func.func @softmax_type(%x: tensor<2x8xf32>) {
  // expected-error @below {{requires the same type for all operands and results}}
  %0 = "bcssl.softmax"(%x) : (tensor<2x8xf32>) -> tensor<8x2xf32>
  return
}

// -----

func.func @softmax_element(%x: tensor<2x8xi32>) {
  // expected-error @below {{must be tensor of positive sizes}}
  %0 = bcssl.softmax %x : tensor<2x8xi32>
  return
}

// -----

func.func @log_softmax_type(%x: tensor<2x8xf32>) {
  // expected-error @below {{requires the same type for all operands and results}}
  %0 = "bcssl.log_softmax"(%x) : (tensor<2x8xf32>) -> tensor<8x2xf32>
  return
}

// -----

func.func @log_softmax_element(%x: tensor<2x8xi32>) {
  // expected-error @below {{must be tensor of positive sizes}}
  %0 = bcssl.log_softmax %x : tensor<2x8xi32>
  return
}
