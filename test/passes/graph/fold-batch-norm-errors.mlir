// RUN: bcssl-opt %s --bcssl-fold-batch-norm --remarks-filter=bcssl-fold-batch-norm --verify-diagnostics

// The pass has no errors: where it does nothing, a remark says why.

!map = tensor<1x4x4x8xf32>
!filter = tensor<3x3x8xf32>
!vec = tensor<8xf32>

func.func @folds(%x: !map, %k: !filter, %mean: !vec, %variance: !vec, %scale: !vec, %offset: !vec) -> !map {
  %y = bcssl.depthwise_conv2d %x, %k : !map, !filter -> !map
  // expected-remark @below {{folded into the convolution}}
  %z = bcssl.batch_norm %y, %mean, %variance, %scale, %offset epsilon(1.0e-5) : !map, !vec, !vec, !vec, !vec -> !map
  return %z : !map
}

func.func @alone(%x: !map, %mean: !vec, %variance: !vec, %scale: !vec, %offset: !vec) -> !map {
  // expected-remark @below {{no depthwise convolution in front}}
  %z = bcssl.batch_norm %x, %mean, %variance, %scale, %offset epsilon(1.0e-5) : !map, !vec, !vec, !vec, !vec -> !map
  return %z : !map
}

func.func @two_readers(%x: !map, %k: !filter, %mean: !vec, %variance: !vec, %scale: !vec, %offset: !vec) -> (!map, !map) {
  %y = bcssl.depthwise_conv2d %x, %k : !map, !filter -> !map
  // expected-remark @below {{the convolution has another reader}}
  %z = bcssl.batch_norm %y, %mean, %variance, %scale, %offset epsilon(1.0e-5) : !map, !vec, !vec, !vec, !vec -> !map
  return %y, %z : !map, !map
}

// Statistics with the batch in them are known only behind the convolution.
func.func @computed(%x: !map, %k: !filter, %mean: !vec, %variance: !vec, %scale: !vec, %offset: !vec) -> !map {
  %y = bcssl.depthwise_conv2d %x, %k : !map, !filter -> !map
  %0 = arith.addf %mean, %offset : !vec
  // expected-remark @below {{the statistics are computed, not variables}}
  %z = bcssl.batch_norm %y, %0, %variance, %scale, %offset epsilon(1.0e-5) : !map, !vec, !vec, !vec, !vec -> !map
  return %z : !map
}
