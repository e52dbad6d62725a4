module attributes {bcssl.properties = {model = "double"}} {
bcssl.variable @w : tensor<4xf32> init "ones"
func.func private @declared()
func.func @step(%x: tensor<4xf32> {bcssl.input = "x"}, %w: tensor<4xf32> {bcssl.variable = "w"})
    -> (tensor<4xf32> {bcssl.output = "y"}) {
  %y = arith.mulf %x, %w : tensor<4xf32>
  return %y : tensor<4xf32>
}
}
