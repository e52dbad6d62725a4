// RUN: bcssl-opt %s --verify-roundtrip | FileCheck %s

// CHECK-LABEL: @broadcast
func.func @broadcast(%s: tensor<f32>, %c: tensor<8xf32>, %r: tensor<2x4xf32>, %v: tensor<2x8xf32>, %m: tensor<2x4x8xi1>)
    -> tensor<3x2x4x8xi1> {
  // CHECK: bcssl.broadcast %{{.*}} dims [] : tensor<f32> -> tensor<2x4x8xf32>
  %0 = bcssl.broadcast %s dims [] : tensor<f32> -> tensor<2x4x8xf32>
  // CHECK: bcssl.broadcast %{{.*}} dims [2] : tensor<8xf32> -> tensor<2x4x8xf32>
  %1 = bcssl.broadcast %c dims [2] : tensor<8xf32> -> tensor<2x4x8xf32>
  // CHECK: bcssl.broadcast %{{.*}} dims [0, 1] : tensor<2x4xf32> -> tensor<2x4x8xf32>
  %2 = bcssl.broadcast %r dims [0, 1] : tensor<2x4xf32> -> tensor<2x4x8xf32>
  // CHECK: bcssl.broadcast %{{.*}} dims [0, 2] : tensor<2x8xf32> -> tensor<2x4x8xf32>
  %4 = bcssl.broadcast %v dims [0, 2] : tensor<2x8xf32> -> tensor<2x4x8xf32>
  // CHECK: bcssl.broadcast %{{.*}} dims [1, 2, 3] : tensor<2x4x8xi1> -> tensor<3x2x4x8xi1>
  %3 = bcssl.broadcast %m dims [1, 2, 3] : tensor<2x4x8xi1> -> tensor<3x2x4x8xi1>
  return %3 : tensor<3x2x4x8xi1>
}

// CHECK-LABEL: @reduce
func.func @reduce(%x: tensor<2x4x8xf32>) -> tensor<f32> {
  // CHECK: bcssl.reduce sum %{{.*}} dims [0, 1] : tensor<2x4x8xf32> -> tensor<8xf32>
  %0 = bcssl.reduce sum %x dims [0, 1] : tensor<2x4x8xf32> -> tensor<8xf32>
  // CHECK: bcssl.reduce max %{{.*}} dims [0] : tensor<8xf32> -> tensor<f32>
  %1 = bcssl.reduce max %0 dims [0] : tensor<8xf32> -> tensor<f32>
  return %1 : tensor<f32>
}

// CHECK-LABEL: @movement
func.func @movement(%x: tensor<2x4x8xf32>, %y: tensor<3x32xf32>) -> tensor<6x32xbf16> {
  // CHECK: bcssl.reshape %{{.*}} : tensor<2x4x8xf32> -> tensor<2x32xf32>
  %0 = bcssl.reshape %x : tensor<2x4x8xf32> -> tensor<2x32xf32>
  // CHECK: bcssl.concat %{{.*}}, %{{.*}} : tensor<2x32xf32>, tensor<3x32xf32> -> tensor<5x32xf32>
  %1 = bcssl.concat %0, %y : tensor<2x32xf32>, tensor<3x32xf32> -> tensor<5x32xf32>
  // CHECK: bcssl.slice %{{.*}} from 1 : tensor<5x32xf32> -> tensor<4x32xf32>
  %2 = bcssl.slice %1 from 1 : tensor<5x32xf32> -> tensor<4x32xf32>
  // CHECK: bcssl.pad %{{.*}} at 2 : tensor<4x32xf32> -> tensor<6x32xf32>
  %3 = bcssl.pad %2 at 2 : tensor<4x32xf32> -> tensor<6x32xf32>
  // CHECK: bcssl.cast %{{.*}} : tensor<6x32xf32> -> tensor<6x32xbf16>
  %4 = bcssl.cast %3 : tensor<6x32xf32> -> tensor<6x32xbf16>
  return %4 : tensor<6x32xbf16>
}
