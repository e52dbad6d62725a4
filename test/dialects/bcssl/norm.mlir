// RUN: bcssl-opt %s --verify-roundtrip | FileCheck %s

// CHECK-LABEL: @batch_norm
func.func @batch_norm(%x: tensor<2x4x4x8xf32>, %running: tensor<8xf32>, %scale: tensor<8xf32>, %offset: tensor<8xf32>)
    -> (tensor<2x4x4x8xf32>, tensor<8xf32>) {
  // CHECK: bcssl.channel_statistics %{{.*}}, %{{.*}} : tensor<2x4x4x8xf32>, tensor<8xf32> -> tensor<f32>, tensor<8xf32>, tensor<8xf32>
  %n, %s, %q = bcssl.channel_statistics %x, %running : tensor<2x4x4x8xf32>, tensor<8xf32> -> tensor<f32>, tensor<8xf32>, tensor<8xf32>
  // CHECK: bcssl.batch_moments %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} : tensor<f32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32> -> tensor<8xf32>, tensor<8xf32>
  %mean, %variance = bcssl.batch_moments %n, %s, %q, %running : tensor<f32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32> -> tensor<8xf32>, tensor<8xf32>
  // CHECK: bcssl.batch_norm %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} epsilon(1.000000e-05) : tensor<2x4x4x8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32> -> tensor<2x4x4x8xf32>
  %y = bcssl.batch_norm %x, %mean, %variance, %scale, %offset epsilon(1.0e-5) : tensor<2x4x4x8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32> -> tensor<2x4x4x8xf32>
  // CHECK: bcssl.running_average %{{.*}}, %{{.*}} momentum(1.000000e-01) correction(1.500000e+00) : tensor<8xf32>, tensor<8xf32> -> tensor<8xf32>
  %next = bcssl.running_average %running, %mean momentum(0.1) correction(1.5) : tensor<8xf32>, tensor<8xf32> -> tensor<8xf32>
  return %y, %next : tensor<2x4x4x8xf32>, tensor<8xf32>
}

// CHECK-LABEL: @layer_norm
func.func @layer_norm(%x: tensor<2x4x4x8xf32>, %scale: tensor<8xf32>, %offset: tensor<8xf32>) -> tensor<2x4x4x8xf32> {
  // CHECK: bcssl.layer_norm %{{.*}}, %{{.*}}, %{{.*}} epsilon(9.9999999999999995E-7) : tensor<2x4x4x8xf32>, tensor<8xf32>, tensor<8xf32> -> tensor<2x4x4x8xf32>
  %0 = bcssl.layer_norm %x, %scale, %offset epsilon(1.0e-6) : tensor<2x4x4x8xf32>, tensor<8xf32>, tensor<8xf32> -> tensor<2x4x4x8xf32>
  return %0 : tensor<2x4x4x8xf32>
}

// CHECK-LABEL: @l2_normalize
func.func @l2_normalize(%x: tensor<5x8xf32>) -> tensor<5x8xf32> {
  // CHECK: bcssl.l2_normalize %{{.*}} epsilon(9.9999999999999998E-13) : tensor<5x8xf32> -> tensor<5x8xf32>
  %0 = bcssl.l2_normalize %x epsilon(1.0e-12) : tensor<5x8xf32> -> tensor<5x8xf32>
  return %0 : tensor<5x8xf32>
}

// CHECK-LABEL: @weight_norm
func.func @weight_norm(%v: tensor<5x8xf32>, %g: tensor<5x1xf32>) -> tensor<5x8xf32> {
  // CHECK: bcssl.weight_norm %{{.*}}, %{{.*}} : tensor<5x8xf32>, tensor<5x1xf32> -> tensor<5x8xf32>
  %0 = bcssl.weight_norm %v, %g : tensor<5x8xf32>, tensor<5x1xf32> -> tensor<5x8xf32>
  return %0 : tensor<5x8xf32>
}
