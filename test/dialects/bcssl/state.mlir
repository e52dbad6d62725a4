// RUN: bcssl-opt %s --verify-roundtrip | FileCheck %s

// CHECK: bcssl.variable @norm.weight : tensor<16xf32> init "ones"
bcssl.variable @norm.weight : tensor<16xf32> init "ones"
// CHECK: bcssl.variable @dwconv.weight : tensor<9x9x16xf32> init "trunc_normal" {permutation = array<i64: 2, -1, 0, 1>, published_shape = array<i64: 16, 1, 9, 9>, value = 2.000000e-02 : f64}
bcssl.variable @dwconv.weight : tensor<9x9x16xf32> init "trunc_normal"
    {value = 0.02, published_shape = array<i64: 16, 1, 9, 9>, permutation = array<i64: 2, -1, 0, 1>}
// CHECK: bcssl.variable @teacher.dwconv.weight : tensor<9x9x16xf32> init "copy" {source = "dwconv.weight"}
bcssl.variable @teacher.dwconv.weight : tensor<9x9x16xf32> init "copy" {source = "dwconv.weight"}

// CHECK-LABEL: @gradient
func.func @gradient(%loss: tensor<f32>, %w: tensor<8x16xf32>, %b: tensor<8xf32>) -> (tensor<8x16xf32>, tensor<8xf32>) {
  // CHECK: bcssl.gradient %{{.*}} wrt %{{.*}}, %{{.*}} : tensor<f32> wrt tensor<8x16xf32>, tensor<8xf32> -> tensor<8x16xf32>, tensor<8xf32>
  %0:2 = bcssl.gradient %loss wrt %w, %b : tensor<f32> wrt tensor<8x16xf32>, tensor<8xf32> -> tensor<8x16xf32>, tensor<8xf32>
  // CHECK: bcssl.clip_by_norm %{{.*}} max_norm(3.000000e+00) : tensor<8x16xf32>
  %1 = bcssl.clip_by_norm %0#0 max_norm(3.0) : tensor<8x16xf32>
  return %1, %0#1 : tensor<8x16xf32>, tensor<8xf32>
}

// CHECK-LABEL: @adamw
func.func @adamw(%p: tensor<8xf32>, %g: tensor<8xf32>, %m: tensor<8xf32>, %v: tensor<8xf32>, %s: tensor<f32>) -> tensor<8xf32> {
  // CHECK: bcssl.adamw %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} count %{{.*}} lr %{{.*}} betas(9.000000e-01, 0.99899999999999999) epsilon(1.000000e-08) : tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<f32>, tensor<f32> -> tensor<8xf32>, tensor<8xf32>, tensor<8xf32>
  %0:3 = bcssl.adamw %p, %g, %m, %v count %s lr %s betas(0.9, 0.999) epsilon(1.0e-8)
      : tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<f32>, tensor<f32> -> tensor<8xf32>, tensor<8xf32>, tensor<8xf32>
  // CHECK: bcssl.adamw %{{.*}} count %{{.*}} lr %{{.*}} active %{{.*}} : tensor<f32> betas(
  %1:3 = bcssl.adamw %0#0, %g, %0#1, %0#2 count %s lr %s active %s : tensor<f32> betas(0.9, 0.999) epsilon(1.0e-8)
      : tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<f32>, tensor<f32> -> tensor<8xf32>, tensor<8xf32>, tensor<8xf32>
  // CHECK: bcssl.adamw %{{.*}} count %{{.*}} lr %{{.*}} weight_decay %{{.*}} : tensor<f32> active %{{.*}} : tensor<f32> betas(
  %2:3 = bcssl.adamw %1#0, %g, %1#1, %1#2 count %s lr %s weight_decay %s : tensor<f32> active %s : tensor<f32> betas(0.9, 0.999) epsilon(1.0e-8)
      : tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<f32>, tensor<f32> -> tensor<8xf32>, tensor<8xf32>, tensor<8xf32>
  return %2#0 : tensor<8xf32>
}

// CHECK-LABEL: @momentum
func.func @momentum(%p: tensor<8x4xf32>, %g: tensor<8x4xf32>, %b: tensor<8x4xf32>, %s: tensor<f32>) -> tensor<8x4xf32> {
  // CHECK: bcssl.sgd %{{.*}}, %{{.*}}, %{{.*}} lr %{{.*}} momentum(9.000000e-01) : tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>, tensor<f32> -> tensor<8x4xf32>, tensor<8x4xf32>
  %0:2 = bcssl.sgd %p, %g, %b lr %s momentum(0.9) : tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>, tensor<f32> -> tensor<8x4xf32>, tensor<8x4xf32>
  // CHECK: bcssl.sgd %{{.*}} weight_decay %{{.*}} : tensor<f32> momentum(9.000000e-01)
  %1:2 = bcssl.sgd %0#0, %g, %0#1 lr %s weight_decay %s : tensor<f32> momentum(0.9) : tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>, tensor<f32> -> tensor<8x4xf32>, tensor<8x4xf32>
  // CHECK: bcssl.lars %{{.*}} weight_decay %{{.*}} : tensor<f32> momentum(9.000000e-01) eta(1.000000e-03) : tensor<8x4xf32>
  %2:2 = bcssl.lars %1#0, %g, %1#1 lr %s weight_decay %s : tensor<f32> momentum(0.9) eta(0.001) : tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>, tensor<f32> -> tensor<8x4xf32>, tensor<8x4xf32>
  // CHECK: bcssl.ema %{{.*}}, %{{.*}} momentum %{{.*}} : tensor<8x4xf32>, tensor<8x4xf32>, tensor<f32> -> tensor<8x4xf32>
  %3 = bcssl.ema %2#0, %2#1 momentum %s : tensor<8x4xf32>, tensor<8x4xf32>, tensor<f32> -> tensor<8x4xf32>
  return %3 : tensor<8x4xf32>
}

// CHECK-LABEL: @random_uniform
func.func @random_uniform(%state: tensor<4xi32>) -> tensor<64xf32> {
  // CHECK: bcssl.random_uniform %{{.*}} stream(7) : tensor<4xi32> -> tensor<64xf32>
  %0 = bcssl.random_uniform %state stream(7) : tensor<4xi32> -> tensor<64xf32>
  return %0 : tensor<64xf32>
}
