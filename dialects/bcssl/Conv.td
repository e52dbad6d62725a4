//===- Conv.td - convolutions ----------------------------------*- tablegen -*-===//

#ifndef BCSSL_CONV_TD
#define BCSSL_CONV_TD

include "dialects/bcssl/Dialect.td"

def Bcssl_DepthwiseConv2dOp : Bcssl_DifferentiableOp<"depthwise_conv2d"> {
  let summary = "Depthwise convolution, stride 1, same size";
  let description = [{
    ```
    y[n,h,w,c] = sum over i,j of x[n, h+i-Kh/2, w+j-Kw/2, c] * filter[i,j,c]
    ```

    Positions outside the map count as zero.

    Constraints:

    * (C1) The result has the input's shape.
    * (C2) Filter height Kh and width Kw are odd.
    * (C3) There is one filter per channel.
    * (C4) The operands have one element type; the result has it too, or f32.

    Example:

    ```mlir
    %y = bcssl.depthwise_conv2d %x, %w
        : tensor<2x8x8x16xf32>, tensor<9x9x16xf32> -> tensor<2x8x8x16xf32>
    ```
  }];
  let arguments = (ins Bcssl_FeatureMap:$input, Bcssl_Filter:$filter);
  let results = (outs Bcssl_FeatureMap:$output);
  let assemblyFormat = [{
    $input `,` $filter attr-dict
    `:` type($input) `,` type($filter) `->` type($output)
  }];
  let hasVerifier = 1;
}

def Bcssl_DepthwiseConv2dInputGradOp : Bcssl_Op<"depthwise_conv2d_input_grad", [Pure]> {
  let summary = "Gradient of a depthwise convolution with respect to its input";
  let description = [{
    ```
    dx[n,h,w,c] = sum over i,j of dy[n, h-i+Kh/2, w-j+Kw/2, c] * filter[i,j,c]
    ```

    Positions outside the map count as zero. This is the convolution with the
    filter turned by 180 degrees.

    Constraints:

    * (C1) The result has the shape of `output_grad`.
    * (C2) Filter height Kh and width Kw are odd.
    * (C3) There is one filter per channel.
    * (C4) The operands have one element type; the result has it too, or f32.

    Example:

    ```mlir
    %dx = bcssl.depthwise_conv2d_input_grad %dy, %w
        : tensor<2x8x8x16xf32>, tensor<9x9x16xf32> -> tensor<2x8x8x16xf32>
    ```
  }];
  let arguments = (ins Bcssl_FeatureMap:$output_grad, Bcssl_Filter:$filter);
  let results = (outs Bcssl_FeatureMap:$input_grad);
  let assemblyFormat = [{
    $output_grad `,` $filter attr-dict
    `:` type($output_grad) `,` type($filter) `->` type($input_grad)
  }];
  let hasVerifier = 1;
}

def Bcssl_DepthwiseConv2dFilterGradOp : Bcssl_Op<"depthwise_conv2d_filter_grad", [Pure]> {
  let summary = "Gradient of a depthwise convolution with respect to its filter";
  let description = [{
    ```
    dfilter[i,j,c] = sum over n,h,w of x[n, h+i-Kh/2, w+j-Kw/2, c] * dy[n,h,w,c]
    ```

    Positions outside the map count as zero.

    With `parts` P above 1 the result is P x Kh x Kw x C, gradients whose sum is
    that of all N images: part p sums n in [p*R, min((p+1)*R, N)), where R is
    ceil(N / P).

    Constraints:

    * (C1) `output_grad` has the input's shape.
    * (C2) Filter height Kh and width Kw are odd.
    * (C3) There is one filter per channel.
    * (C4) The operands have one element type; the result has it too, or f32.
    * (C5) `parts` is positive, and no part is empty.

    Example:

    ```mlir
    %dw = bcssl.depthwise_conv2d_filter_grad %x, %dy
        : tensor<2x8x8x16xf32>, tensor<2x8x8x16xf32> -> tensor<9x9x16xf32>
    ```
  }];
  let arguments = (ins Bcssl_FeatureMap:$input, Bcssl_FeatureMap:$output_grad,
                       DefaultValuedAttr<I64Attr, "1">:$parts);
  let results = (outs Bcssl_Rows:$filter_grad);
  let assemblyFormat = [{
    $input `,` $output_grad attr-dict
    `:` type($input) `,` type($output_grad) `->` type($filter_grad)
  }];
  let hasVerifier = 1;
}

def Bcssl_PatchifyConv2dOp : Bcssl_DifferentiableOp<"patchify_conv2d",
    [SameOperandsAndResultElementType, DeclareOpInterfaceMethods<Bcssl_ExpandableInterface>]> {
  let summary = "Convolution whose stride equals its kernel size";
  let description = [{
    ```
    y[n,h,w,o] = bias[o] + sum over i,j,c of x[n, h*P+i, w*P+j, c] * filter[o,i,j,c]
    ```

    Expands to `space_to_depth` and `linear`.

    Constraints:

    * (C1) The filter is square, P x P.
    * (C2) The filter's last size is the number of input channels.
    * (C3) The input's height and width are divisible by P.
    * (C4) The result is N x H/P x W/P x (number of filters).
    * (C5) `bias` has one value per filter.

    Example:

    ```mlir
    %y = bcssl.patchify_conv2d %x, %w, %b
        : tensor<2x32x32x3xf32>, tensor<16x4x4x3xf32>, tensor<16xf32> -> tensor<2x8x8x16xf32>
    ```
  }];
  let arguments = (ins Bcssl_FeatureMap:$input, Bcssl_FeatureMap:$filter,
                       Optional<Bcssl_Vector>:$bias);
  let results = (outs Bcssl_FeatureMap:$output);
  let assemblyFormat = [{
    $input `,` $filter (`,` $bias^)? attr-dict
    `:` type($input) `,` type($filter) (`,` type($bias)^)? `->` type($output)
  }];
  let hasVerifier = 1;
}

def Bcssl_SpaceToDepthOp : Bcssl_DifferentiableOp<"space_to_depth",
    [SameOperandsAndResultElementType]> {
  let summary = "Gathers each block x block patch into the channels";
  let description = [{
    ```
    y[n, h, w, (i*block+j)*C+c] = x[n, h*block+i, w*block+j, c]
    ```

    Constraints:

    * (C1) `block` is positive and at most 2^30.
    * (C2) The input's height and width are divisible by `block`.
    * (C3) The result is N x H/block x W/block x block^2*C.

    Example:

    ```mlir
    %y = bcssl.space_to_depth %x block(4) : tensor<2x32x32x3xf32> -> tensor<2x8x8x48xf32>
    ```
  }];
  let arguments = (ins Bcssl_FeatureMap:$input, I64Attr:$block);
  let results = (outs Bcssl_FeatureMap:$output);
  let assemblyFormat = [{
    $input `block` `(` $block `)` attr-dict
    `:` type($input) `->` type($output)
  }];
  let hasVerifier = 1;
}

def Bcssl_DepthToSpaceOp : Bcssl_DifferentiableOp<"depth_to_space",
    [SameOperandsAndResultElementType]> {
  let summary = "Inverse of space_to_depth";
  let description = [{
    ```
    y[n, h*block+i, w*block+j, c] = x[n, h, w, (i*block+j)*C+c]
    ```

    Constraints:

    * (C1) `block` is positive and at most 2^30.
    * (C2) The input's channels are divisible by block^2.
    * (C3) The result is N x H*block x W*block x C, C = channels / block^2.

    Example:

    ```mlir
    %y = bcssl.depth_to_space %x block(4) : tensor<2x8x8x48xf32> -> tensor<2x32x32x3xf32>
    ```
  }];
  let arguments = (ins Bcssl_FeatureMap:$input, I64Attr:$block);
  let results = (outs Bcssl_FeatureMap:$output);
  let assemblyFormat = [{
    $input `block` `(` $block `)` attr-dict
    `:` type($input) `->` type($output)
  }];
  let hasVerifier = 1;
}

#endif // BCSSL_CONV_TD
