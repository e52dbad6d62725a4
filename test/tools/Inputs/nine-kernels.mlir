// Nine kernels: more than one image holds.
func.func @features(%x0: tensor<1x8x8x16xf32> {bcssl.input = "x"},
    %w0: tensor<1x1x16xf32> {bcssl.input = "w0"},
    %w1: tensor<3x3x16xf32> {bcssl.input = "w1"},
    %w2: tensor<5x5x16xf32> {bcssl.input = "w2"},
    %w3: tensor<7x7x16xf32> {bcssl.input = "w3"},
    %w4: tensor<9x9x16xf32> {bcssl.input = "w4"},
    %w5: tensor<11x11x16xf32> {bcssl.input = "w5"},
    %w6: tensor<13x13x16xf32> {bcssl.input = "w6"},
    %w7: tensor<15x15x16xf32> {bcssl.input = "w7"},
    %w8: tensor<17x17x16xf32> {bcssl.input = "w8"})
    -> (tensor<1x8x8x16xf32> {bcssl.output = "y"}) {
  %x1 = bcssl.depthwise_conv2d %x0, %w0 : tensor<1x8x8x16xf32>, tensor<1x1x16xf32> -> tensor<1x8x8x16xf32>
  %x2 = bcssl.depthwise_conv2d %x1, %w1 : tensor<1x8x8x16xf32>, tensor<3x3x16xf32> -> tensor<1x8x8x16xf32>
  %x3 = bcssl.depthwise_conv2d %x2, %w2 : tensor<1x8x8x16xf32>, tensor<5x5x16xf32> -> tensor<1x8x8x16xf32>
  %x4 = bcssl.depthwise_conv2d %x3, %w3 : tensor<1x8x8x16xf32>, tensor<7x7x16xf32> -> tensor<1x8x8x16xf32>
  %x5 = bcssl.depthwise_conv2d %x4, %w4 : tensor<1x8x8x16xf32>, tensor<9x9x16xf32> -> tensor<1x8x8x16xf32>
  %x6 = bcssl.depthwise_conv2d %x5, %w5 : tensor<1x8x8x16xf32>, tensor<11x11x16xf32> -> tensor<1x8x8x16xf32>
  %x7 = bcssl.depthwise_conv2d %x6, %w6 : tensor<1x8x8x16xf32>, tensor<13x13x16xf32> -> tensor<1x8x8x16xf32>
  %x8 = bcssl.depthwise_conv2d %x7, %w7 : tensor<1x8x8x16xf32>, tensor<15x15x16xf32> -> tensor<1x8x8x16xf32>
  %x9 = bcssl.depthwise_conv2d %x8, %w8 : tensor<1x8x8x16xf32>, tensor<17x17x16xf32> -> tensor<1x8x8x16xf32>
  return %x9 : tensor<1x8x8x16xf32>
}
