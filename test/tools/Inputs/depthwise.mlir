bcssl.variable @w : tensor<9x9x32xf32> init "ones"
func.func @step(%x: tensor<4x14x14x32xf32> {bcssl.input = "x"}, %w: tensor<9x9x32xf32> {bcssl.variable = "w"})
    -> (tensor<4x14x14x32xf32> {bcssl.output = "y"}) {
  %y = bcssl.depthwise_conv2d %x, %w : tensor<4x14x14x32xf32>, tensor<9x9x32xf32> -> tensor<4x14x14x32xf32>
  %z = bcssl.gelu %y : tensor<4x14x14x32xf32>
  return %z : tensor<4x14x14x32xf32>
}
