func.func @step(%x: tensor<256x128xf32> {bcssl.input = "x"}, %w: tensor<128x128xf32> {bcssl.input = "w"})
    -> (tensor<256x128xf32> {bcssl.output = "y"}) {
  %y = bcssl.contract nt %x, %w : tensor<256x128xf32>, tensor<128x128xf32> -> tensor<256x128xf32>
  return %y : tensor<256x128xf32>
}
