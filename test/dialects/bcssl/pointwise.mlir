// RUN: bcssl-opt %s --verify-roundtrip | FileCheck %s

// CHECK-LABEL: @activations
func.func @activations(%x: tensor<2x8xf32>, %dy: tensor<2x8xf32>) -> tensor<2x8xf32> {
  // CHECK: bcssl.gelu %{{.*}} : tensor<2x8xf32>
  %0 = bcssl.gelu %x : tensor<2x8xf32>
  // CHECK: bcssl.gelu_grad %{{.*}}, %{{.*}} : tensor<2x8xf32>
  %1 = bcssl.gelu_grad %0, %dy : tensor<2x8xf32>
  // CHECK: bcssl.relu %{{.*}} : tensor<2x8xf32>
  %2 = bcssl.relu %1 : tensor<2x8xf32>
  // CHECK: bcssl.relu_grad %{{.*}}, %{{.*}} : tensor<2x8xf32>
  %3 = bcssl.relu_grad %2, %dy : tensor<2x8xf32>
  // CHECK: bcssl.stop_gradient %{{.*}} : tensor<2x8xf32>
  %4 = bcssl.stop_gradient %3 : tensor<2x8xf32>
  return %4 : tensor<2x8xf32>
}

// CHECK-LABEL: @residual_branch
func.func @residual_branch(%x: tensor<2x4x4x8xf32>, %gamma: tensor<8xf32>, %draw: tensor<2xf32>) -> tensor<2x8xf32> {
  // CHECK: bcssl.layer_scale %{{.*}}, %{{.*}} : tensor<2x4x4x8xf32>, tensor<8xf32> -> tensor<2x4x4x8xf32>
  %0 = bcssl.layer_scale %x, %gamma : tensor<2x4x4x8xf32>, tensor<8xf32> -> tensor<2x4x4x8xf32>
  // CHECK: bcssl.drop_path %{{.*}}, %{{.*}} rate(1.000000e-01) : tensor<2x4x4x8xf32>, tensor<2xf32> -> tensor<2x4x4x8xf32>
  %1 = bcssl.drop_path %0, %draw rate(0.1) : tensor<2x4x4x8xf32>, tensor<2xf32> -> tensor<2x4x4x8xf32>
  // CHECK: bcssl.global_average_pool %{{.*}} : tensor<2x4x4x8xf32> -> tensor<2x8xf32>
  %2 = bcssl.global_average_pool %1 : tensor<2x4x4x8xf32> -> tensor<2x8xf32>
  return %2 : tensor<2x8xf32>
}
