//===- Pointwise.td - activations, scaling and pooling ----------*- tablegen -*-===//

#ifndef BCSSL_POINTWISE_TD
#define BCSSL_POINTWISE_TD

include "dialects/bcssl/Dialect.td"

class Bcssl_UnaryOp<string mnemonic, list<Trait> traits = []>
    : Bcssl_DifferentiableOp<mnemonic, !listconcat(traits, [SameOperandsAndResultType])> {
  let arguments = (ins Bcssl_Tensor:$input);
  let results = (outs Bcssl_Tensor:$output);
  let assemblyFormat = "$input attr-dict `:` type($input)";
}

def Bcssl_GeluOp : Bcssl_UnaryOp<"gelu",
    [DeclareOpInterfaceMethods<Bcssl_ExpandableInterface>]> {
  let summary = "Gaussian error linear unit, exact";
  let description = [{
    ```
    y = x/2 * (1 + erf(x/sqrt(2)))
    ```

    Example:

    ```mlir
    %y = bcssl.gelu %x : tensor<2x8x8x16xf32>
    ```
  }];
}

def Bcssl_GeluGradOp : Bcssl_Op<"gelu_grad", [Pure, SameOperandsAndResultType,
    DeclareOpInterfaceMethods<Bcssl_ExpandableInterface>]> {
  let summary = "Gradient of gelu";
  let description = [{
    ```
    dx = dy * (1/2 * (1 + erf(x/sqrt(2))) + x * exp(-x^2/2) / sqrt(2 pi))
    ```

    Example:

    ```mlir
    %dx = bcssl.gelu_grad %x, %dy : tensor<2x8x8x16xf32>
    ```
  }];
  let arguments = (ins Bcssl_Tensor:$input, Bcssl_Tensor:$output_grad);
  let results = (outs Bcssl_Tensor:$input_grad);
  let assemblyFormat = "$input `,` $output_grad attr-dict `:` type($input)";
}

def Bcssl_ReluOp : Bcssl_UnaryOp<"relu",
    [DeclareOpInterfaceMethods<Bcssl_ExpandableInterface>]> {
  let summary = "Rectified linear unit";
  let description = [{
    ```
    y = max(x, 0)
    ```

    The derivative at 0 is 0.

    Example:

    ```mlir
    %y = bcssl.relu %x : tensor<2x8x8x16xf32>
    ```
  }];
}

def Bcssl_ReluGradOp : Bcssl_Op<"relu_grad", [Pure, SameOperandsAndResultType,
    DeclareOpInterfaceMethods<Bcssl_ExpandableInterface>]> {
  let summary = "Gradient of relu";
  let description = [{
    ```
    dx = x > 0 ? dy : 0
    ```

    Example:

    ```mlir
    %dx = bcssl.relu_grad %x, %dy : tensor<2x8x8x16xf32>
    ```
  }];
  let arguments = (ins Bcssl_Tensor:$input, Bcssl_Tensor:$output_grad);
  let results = (outs Bcssl_Tensor:$input_grad);
  let assemblyFormat = "$input `,` $output_grad attr-dict `:` type($input)";
}

def Bcssl_StopGradientOp : Bcssl_UnaryOp<"stop_gradient"> {
  let summary = "Passes a value, lets no gradient back";
  let description = [{
    ```
    y = x
    ```

    The gradient of x is none. Does not fold to its operand, since
    differentiation would then not see it.

    Example:

    ```mlir
    %y = bcssl.stop_gradient %x : tensor<4x64xf32>
    ```
  }];
}

def Bcssl_LayerScaleOp : Bcssl_DifferentiableOp<"layer_scale",
    [SameOperandsAndResultElementType, DeclareOpInterfaceMethods<Bcssl_ExpandableInterface>]> {
  let summary = "Scales each channel";
  let description = [{
    ```
    y[...,c] = x[...,c] * gamma[c]
    ```

    Constraints:

    * (C1) The result has the input's shape.
    * (C2) `gamma` has one value per channel.

    Example:

    ```mlir
    %y = bcssl.layer_scale %x, %gamma
        : tensor<2x8x8x16xf32>, tensor<16xf32> -> tensor<2x8x8x16xf32>
    ```
  }];
  let arguments = (ins Bcssl_Rows:$input, Bcssl_Vector:$gamma);
  let results = (outs Bcssl_Rows:$output);
  let assemblyFormat = [{
    $input `,` $gamma attr-dict
    `:` type($input) `,` type($gamma) `->` type($output)
  }];
  let hasVerifier = 1;
}

def Bcssl_DropPathOp : Bcssl_DifferentiableOp<"drop_path",
    [SameOperandsAndResultElementType, DeclareOpInterfaceMethods<Bcssl_ExpandableInterface>]> {
  let summary = "Stochastic depth per sample";
  let description = [{
    ```
    y[n,...] = draw[n] >= rate ? x[n,...] / (1 - rate) : 0
    ```

    The draws are uniform in [0, 1).

    Constraints:

    * (C1) The result has the input's shape.
    * (C2) There is one draw per sample.
    * (C3) `rate` lies in [0, 1).

    Example:

    ```mlir
    %y = bcssl.drop_path %x, %draw rate(0.1)
        : tensor<2x8x8x16xf32>, tensor<2xf32> -> tensor<2x8x8x16xf32>
    ```
  }];
  let arguments = (ins Bcssl_Rows:$input, Bcssl_Vector:$draw, F64Attr:$rate);
  let results = (outs Bcssl_Rows:$output);
  let assemblyFormat = [{
    $input `,` $draw `rate` `(` $rate `)` attr-dict
    `:` type($input) `,` type($draw) `->` type($output)
  }];
  let hasVerifier = 1;
}

def Bcssl_GlobalAveragePoolOp : Bcssl_DifferentiableOp<"global_average_pool",
    [SameOperandsAndResultElementType, DeclareOpInterfaceMethods<Bcssl_ExpandableInterface>]> {
  let summary = "Mean over height and width";
  let description = [{
    ```
    y[n,c] = mean over h,w of x[n,h,w,c]
    ```

    Constraints:

    * (C1) The result is samples x channels.

    Example:

    ```mlir
    %y = bcssl.global_average_pool %x : tensor<2x8x8x16xf32> -> tensor<2x16xf32>
    ```
  }];
  let arguments = (ins Bcssl_FeatureMap:$input);
  let results = (outs Bcssl_Matrix:$output);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($output)";
  let hasVerifier = 1;
}

#endif // BCSSL_POINTWISE_TD
