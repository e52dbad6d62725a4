bcssl.variable @dwconv.weight : tensor<9x9x16xf32> init "trunc_normal" {value = 0.02}
bcssl.variable @bn.running_mean : tensor<16xf32> init "zeros"
bcssl.variable @bn.weight : tensor<16xf32> init "ones"
bcssl.variable @bn.bias : tensor<16xf32> init "zeros"
bcssl.variable @norm.weight : tensor<16xf32> init "ones"
bcssl.variable @norm.bias : tensor<16xf32> init "zeros"
bcssl.variable @pwconv1.weight : tensor<64x16xf32> init "trunc_normal" {value = 0.02}
bcssl.variable @pwconv1.bias : tensor<64xf32> init "zeros"
bcssl.variable @pwconv2.weight : tensor<16x64xf32> init "trunc_normal" {value = 0.02}
bcssl.variable @pwconv2.bias : tensor<16xf32> init "zeros"
bcssl.variable @gamma : tensor<16xf32> init "constant" {value = 1.0e-6}

func.func @step(
    %x: tensor<2x8x8x16xf32> {bcssl.input = "x"}, %draw: tensor<2xf32> {bcssl.input = "draw"},
    %dwconv: tensor<9x9x16xf32> {bcssl.variable = "dwconv.weight"},
    %shift: tensor<16xf32> {bcssl.variable = "bn.running_mean"},
    %bn_weight: tensor<16xf32> {bcssl.variable = "bn.weight"}, %bn_bias: tensor<16xf32> {bcssl.variable = "bn.bias"},
    %norm_weight: tensor<16xf32> {bcssl.variable = "norm.weight"}, %norm_bias: tensor<16xf32> {bcssl.variable = "norm.bias"},
    %w1: tensor<64x16xf32> {bcssl.variable = "pwconv1.weight"}, %b1: tensor<64xf32> {bcssl.variable = "pwconv1.bias"},
    %w2: tensor<16x64xf32> {bcssl.variable = "pwconv2.weight"}, %b2: tensor<16xf32> {bcssl.variable = "pwconv2.bias"},
    %gamma: tensor<16xf32> {bcssl.variable = "gamma"})
    -> (tensor<f32> {bcssl.output = "loss"}, tensor<9x9x16xf32> {bcssl.variable = "dwconv.weight"}) {
  %0 = bcssl.depthwise_conv2d %x, %dwconv : tensor<2x8x8x16xf32>, tensor<9x9x16xf32> -> tensor<2x8x8x16xf32>
  %count, %sum, %squares = bcssl.channel_statistics %0, %shift
      : tensor<2x8x8x16xf32>, tensor<16xf32> -> tensor<f32>, tensor<16xf32>, tensor<16xf32>
  %mean, %variance = bcssl.batch_moments %count, %sum, %squares, %shift
      : tensor<f32>, tensor<16xf32>, tensor<16xf32>, tensor<16xf32> -> tensor<16xf32>, tensor<16xf32>
  %1 = bcssl.batch_norm %0, %mean, %variance, %bn_weight, %bn_bias epsilon(1.0e-5)
      : tensor<2x8x8x16xf32>, tensor<16xf32>, tensor<16xf32>, tensor<16xf32>, tensor<16xf32> -> tensor<2x8x8x16xf32>
  %2 = bcssl.layer_norm %1, %norm_weight, %norm_bias epsilon(1.0e-6)
      : tensor<2x8x8x16xf32>, tensor<16xf32>, tensor<16xf32> -> tensor<2x8x8x16xf32>
  %3 = bcssl.linear %2, %w1, %b1 : tensor<2x8x8x16xf32>, tensor<64x16xf32>, tensor<64xf32> -> tensor<2x8x8x64xf32>
  %4 = bcssl.gelu %3 : tensor<2x8x8x64xf32>
  %5 = bcssl.linear %4, %w2, %b2 : tensor<2x8x8x64xf32>, tensor<16x64xf32>, tensor<16xf32> -> tensor<2x8x8x16xf32>
  %6 = bcssl.layer_scale %5, %gamma : tensor<2x8x8x16xf32>, tensor<16xf32> -> tensor<2x8x8x16xf32>
  %7 = bcssl.drop_path %6, %draw rate(0.1) : tensor<2x8x8x16xf32>, tensor<2xf32> -> tensor<2x8x8x16xf32>
  %y = arith.addf %x, %7 : tensor<2x8x8x16xf32>
  %square = arith.mulf %y, %y : tensor<2x8x8x16xf32>
  %loss = bcssl.reduce sum %square dims [0, 1, 2, 3] : tensor<2x8x8x16xf32> -> tensor<f32>
  %d = bcssl.gradient %loss wrt %dwconv : tensor<f32> wrt tensor<9x9x16xf32> -> tensor<9x9x16xf32>
  %rate = arith.constant dense<1.0e-3> : tensor<9x9x16xf32>
  %change = arith.mulf %d, %rate : tensor<9x9x16xf32>
  %next = arith.subf %dwconv, %change : tensor<9x9x16xf32>
  return %loss, %next : tensor<f32>, tensor<9x9x16xf32>
}
