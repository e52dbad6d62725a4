//===- Conv.td - convolutions ----------------------------------*- tablegen -*-===//

#ifndef BCSSL_CONV_TD
#define BCSSL_CONV_TD

include "dialects/bcssl/Dialect.td"

def Bcssl_DepthwiseConv2dOp : Bcssl_DifferentiableOp<"depthwise_conv2d", [SameOperandsAndResultElementType]> {
  let summary = "Depthwise convolution, stride 1, same size";
  let description = [{
    y[n,h,w,c] = sum over i,j of x[n, h+i-Kh/2, w+j-Kw/2, c] * filter[i,j,c],
    where positions outside the map count as zero.
  }];
  let arguments = (ins Bcssl_FeatureMap:$input, Bcssl_Filter:$filter);
  let results = (outs Bcssl_FeatureMap:$output);
  let assemblyFormat = "$input `,` $filter attr-dict `:` type($input) `,` type($filter) `->` type($output)";
  let hasVerifier = 1;
}

def Bcssl_DepthwiseConv2dInputGradOp : Bcssl_Op<"depthwise_conv2d_input_grad", [Pure, SameOperandsAndResultElementType]> {
  let summary = "Gradient of a depthwise convolution with respect to its input";
  let arguments = (ins Bcssl_FeatureMap:$output_grad, Bcssl_Filter:$filter);
  let results = (outs Bcssl_FeatureMap:$input_grad);
  let assemblyFormat = "$output_grad `,` $filter attr-dict `:` type($output_grad) `,` type($filter) `->` type($input_grad)";
  let hasVerifier = 1;
}

def Bcssl_DepthwiseConv2dFilterGradOp : Bcssl_Op<"depthwise_conv2d_filter_grad", [Pure, SameOperandsAndResultElementType]> {
  let summary = "Gradient of a depthwise convolution with respect to its filter";
  let arguments = (ins Bcssl_FeatureMap:$input, Bcssl_FeatureMap:$output_grad);
  let results = (outs Bcssl_Filter:$filter_grad);
  let assemblyFormat = "$input `,` $output_grad attr-dict `:` type($input) `,` type($output_grad) `->` type($filter_grad)";
  let hasVerifier = 1;
}

def Bcssl_PatchifyConv2dOp : Bcssl_DifferentiableOp<"patchify_conv2d",
    [SameOperandsAndResultElementType, DeclareOpInterfaceMethods<Bcssl_ExpandableInterface>]> {
  let summary = "Convolution whose stride equals its kernel size";
  let description = [{
    y[n,h,w,o] = bias[o] + sum over i,j,c of x[n, h*P+i, w*P+j, c] * filter[o,i,j,c].
    Expands to `space_to_depth` and `linear`.
  }];
  let arguments = (ins Bcssl_FeatureMap:$input, Bcssl_FeatureMap:$filter,
                       Optional<Bcssl_Vector>:$bias);
  let results = (outs Bcssl_FeatureMap:$output);
  let assemblyFormat = "$input `,` $filter (`,` $bias^)? attr-dict `:` type($input) `,` type($filter) (`,` type($bias)^)? `->` type($output)";
  let hasVerifier = 1;
}

def Bcssl_SpaceToDepthOp : Bcssl_DifferentiableOp<"space_to_depth", [SameOperandsAndResultElementType]> {
  let summary = "Gathers each block x block patch into the channels";
  let description = [{
    y[n,h,w,(i*block+j)*C+c] = x[n, h*block+i, w*block+j, c].
  }];
  let arguments = (ins Bcssl_FeatureMap:$input, I64Attr:$block);
  let results = (outs Bcssl_FeatureMap:$output);
  let assemblyFormat = "$input `block` `(` $block `)` attr-dict `:` type($input) `->` type($output)";
  let hasVerifier = 1;
}

def Bcssl_DepthToSpaceOp : Bcssl_DifferentiableOp<"depth_to_space", [SameOperandsAndResultElementType]> {
  let summary = "Inverse of space_to_depth";
  let arguments = (ins Bcssl_FeatureMap:$input, I64Attr:$block);
  let results = (outs Bcssl_FeatureMap:$output);
  let assemblyFormat = "$input `block` `(` $block `)` attr-dict `:` type($input) `->` type($output)";
  let hasVerifier = 1;
}

#endif // BCSSL_CONV_TD
