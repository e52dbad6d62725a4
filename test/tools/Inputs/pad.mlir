func.func @step(%x: tensor<10x24xf32> {bcssl.input = "x"}) -> (tensor<16x24xf32> {bcssl.output = "y"}) {
  %y = bcssl.pad %x at 0 : tensor<10x24xf32> -> tensor<16x24xf32>
  return %y : tensor<16x24xf32>
}
