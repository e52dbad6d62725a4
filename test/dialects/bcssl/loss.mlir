// RUN: bcssl-opt %s --verify-roundtrip | FileCheck %s

// CHECK-LABEL: @softmax
func.func @softmax(%x: tensor<4x16xf32>) -> tensor<4x16xf32> {
  // CHECK: bcssl.softmax %{{.*}} : tensor<4x16xf32>
  %0 = bcssl.softmax %x : tensor<4x16xf32>
  // CHECK: bcssl.log_softmax %{{.*}} : tensor<4x16xf32>
  %1 = bcssl.log_softmax %0 : tensor<4x16xf32>
  // CHECK: bcssl.sinkhorn %{{.*}} iterations(3) : tensor<4x16xf32> -> tensor<4x16xf32>
  %2 = bcssl.sinkhorn %1 iterations(3) : tensor<4x16xf32> -> tensor<4x16xf32>
  return %2 : tensor<4x16xf32>
}

// CHECK-LABEL: @cross_view
func.func @cross_view(%logits: tensor<20x16xf32>, %p: tensor<4x16xf32>) -> (tensor<20x16xf32>, tensor<f32>) {
  // CHECK: bcssl.cross_view_targets %{{.*}} views(10) teacher_views(2) : tensor<4x16xf32> -> tensor<20x16xf32>
  %0 = bcssl.cross_view_targets %p views(10) teacher_views(2) : tensor<4x16xf32> -> tensor<20x16xf32>
  // CHECK: bcssl.cross_view_cross_entropy %{{.*}}, %{{.*}} views(10) teacher_views(2) : tensor<20x16xf32>, tensor<4x16xf32> -> tensor<f32>
  %1 = bcssl.cross_view_cross_entropy %logits, %p views(10) teacher_views(2) : tensor<20x16xf32>, tensor<4x16xf32> -> tensor<f32>
  return %0, %1 : tensor<20x16xf32>, tensor<f32>
}

// CHECK-LABEL: @labels
func.func @labels(%logits: tensor<4x10xf32>, %labels: tensor<4xi32>) -> (tensor<4x10xf32>, tensor<f32>) {
  // CHECK: bcssl.one_hot %{{.*}} : tensor<4xi32> -> tensor<4x10xf32>
  %0 = bcssl.one_hot %labels : tensor<4xi32> -> tensor<4x10xf32>
  // CHECK: bcssl.cross_entropy %{{.*}}, %{{.*}} smoothing(1.000000e-01) : tensor<4x10xf32>, tensor<4xi32> -> tensor<f32>
  %1 = bcssl.cross_entropy %logits, %labels smoothing(0.1) : tensor<4x10xf32>, tensor<4xi32> -> tensor<f32>
  return %0, %1 : tensor<4x10xf32>, tensor<f32>
}
