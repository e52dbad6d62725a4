// RUN: bcssl-opt %s --bcssl-fold-batch-norm | FileCheck %s

// Running statistics: the filter is scaled, one offset a channel is left.

// CHECK-LABEL: func.func @evaluation(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<1x4x4x8xf32>, %[[K:[^:]*]]: tensor<3x3x8xf32>, %[[MEAN:[^:]*]]: tensor<8xf32>
// CHECK-SAME:    , %[[VAR:[^:]*]]: tensor<8xf32>, %[[SCALE:[^:]*]]: tensor<8xf32>, %[[OFFSET:[^:]*]]: tensor<8xf32>
// CHECK:         %[[INVERSE:.*]] = math.rsqrt %{{.*}} : tensor<8xf32>
// CHECK:         %[[GAIN:.*]] = arith.mulf %[[SCALE]], %[[INVERSE]]
// CHECK:         %[[TAPS:.*]] = bcssl.broadcast %[[GAIN]] dims [2] : tensor<8xf32> -> tensor<3x3x8xf32>
// CHECK:         %[[FILTER:.*]] = arith.mulf %[[K]], %[[TAPS]]
// CHECK:         %[[SHARE:.*]] = arith.mulf %[[MEAN]], %[[GAIN]]
// CHECK:         %[[REST:.*]] = arith.subf %[[OFFSET]], %[[SHARE]]
// CHECK:         %[[Y:.*]] = bcssl.depthwise_conv2d %[[X]], %[[FILTER]]
// CHECK-NOT:     bcssl.depthwise_conv2d
// CHECK:         %[[ALL:.*]] = bcssl.broadcast %[[REST]] dims [3]
// CHECK:         %[[SUM:.*]] = arith.addf %[[Y]], %[[ALL]]
// CHECK-NOT:     bcssl.batch_norm
// CHECK:         return %[[SUM]]
func.func @evaluation(%x: tensor<1x4x4x8xf32>, %k: tensor<3x3x8xf32>, %mean: tensor<8xf32>, %variance: tensor<8xf32>, %scale: tensor<8xf32>, %offset: tensor<8xf32>) -> tensor<1x4x4x8xf32> {
  %y = bcssl.depthwise_conv2d %x, %k : tensor<1x4x4x8xf32>, tensor<3x3x8xf32> -> tensor<1x4x4x8xf32>
  %z = bcssl.batch_norm %y, %mean, %variance, %scale, %offset epsilon(1.0e-5) : tensor<1x4x4x8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32> -> tensor<1x4x4x8xf32>
  return %z : tensor<1x4x4x8xf32>
}

// Statistics of the batch are known only after the convolution.

// CHECK-LABEL: func.func @training(
// CHECK:         bcssl.batch_norm
func.func @training(%x: tensor<1x4x4x8xf32>, %k: tensor<3x3x8xf32>, %shift: tensor<8xf32>, %scale: tensor<8xf32>, %offset: tensor<8xf32>) -> tensor<1x4x4x8xf32> {
  %y = bcssl.depthwise_conv2d %x, %k : tensor<1x4x4x8xf32>, tensor<3x3x8xf32> -> tensor<1x4x4x8xf32>
  %count, %sum, %squares = bcssl.channel_statistics %y, %shift : tensor<1x4x4x8xf32>, tensor<8xf32> -> tensor<f32>, tensor<8xf32>, tensor<8xf32>
  %mean, %variance = bcssl.batch_moments %count, %sum, %squares, %shift : tensor<f32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32> -> tensor<8xf32>, tensor<8xf32>
  %z = bcssl.batch_norm %y, %mean, %variance, %scale, %offset epsilon(1.0e-5) : tensor<1x4x4x8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32> -> tensor<1x4x4x8xf32>
  return %z : tensor<1x4x4x8xf32>
}

// The convolution has another reader, so that folding would compute it twice.

// CHECK-LABEL: func.func @two_readers(
// CHECK:         bcssl.batch_norm
func.func @two_readers(%x: tensor<1x4x4x8xf32>, %k: tensor<3x3x8xf32>, %mean: tensor<8xf32>, %variance: tensor<8xf32>, %scale: tensor<8xf32>, %offset: tensor<8xf32>) -> (tensor<1x4x4x8xf32>, tensor<1x4x4x8xf32>) {
  %y = bcssl.depthwise_conv2d %x, %k : tensor<1x4x4x8xf32>, tensor<3x3x8xf32> -> tensor<1x4x4x8xf32>
  %z = bcssl.batch_norm %y, %mean, %variance, %scale, %offset epsilon(1.0e-5) : tensor<1x4x4x8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32> -> tensor<1x4x4x8xf32>
  return %y, %z : tensor<1x4x4x8xf32>, tensor<1x4x4x8xf32>
}

// No convolution in front.

// CHECK-LABEL: func.func @alone(
// CHECK:         bcssl.batch_norm
func.func @alone(%x: tensor<1x4x4x8xf32>, %mean: tensor<8xf32>, %variance: tensor<8xf32>, %scale: tensor<8xf32>, %offset: tensor<8xf32>) -> tensor<1x4x4x8xf32> {
  %z = bcssl.batch_norm %x, %mean, %variance, %scale, %offset epsilon(1.0e-5) : tensor<1x4x4x8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32> -> tensor<1x4x4x8xf32>
  return %z : tensor<1x4x4x8xf32>
}
