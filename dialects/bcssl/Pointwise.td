//===- Pointwise.td - pointwise operations and data movement ---*- tablegen -*-===//

#ifndef BCSSL_POINTWISE_TD
#define BCSSL_POINTWISE_TD

include "dialects/bcssl/Dialect.td"

class Bcssl_UnaryOp<string mnemonic, list<Trait> traits = []>
    : Bcssl_DifferentiableOp<mnemonic, !listconcat(traits, [SameOperandsAndResultType])> {
  let arguments = (ins Bcssl_Tensor:$input);
  let results = (outs Bcssl_Tensor:$output);
  let assemblyFormat = "$input attr-dict `:` type($input)";
}

def Bcssl_GeluOp : Bcssl_UnaryOp<"gelu", [DeclareOpInterfaceMethods<Bcssl_ExpandableInterface>]> {
  let summary = "Gaussian error linear unit, exact";
  let description = [{ y = x/2 * (1 + erf(x/sqrt(2))). }];
}

def Bcssl_GeluGradOp : Bcssl_Op<"gelu_grad", [Pure, SameOperandsAndResultType,
    DeclareOpInterfaceMethods<Bcssl_ExpandableInterface>]> {
  let summary = "Gradient of gelu";
  let description = [{
    dx = dy * (1/2 * (1 + erf(x/sqrt(2))) + x * exp(-x^2/2) / sqrt(2 pi)).
  }];
  let arguments = (ins Bcssl_Tensor:$input, Bcssl_Tensor:$output_grad);
  let results = (outs Bcssl_Tensor:$input_grad);
  let assemblyFormat = "$input `,` $output_grad attr-dict `:` type($input)";
}

def Bcssl_ReluOp : Bcssl_UnaryOp<"relu", [DeclareOpInterfaceMethods<Bcssl_ExpandableInterface>]> {
  let summary = "Rectified linear unit";
  let description = [{ y = max(x, 0); the derivative at 0 is 0. }];
}

def Bcssl_ReluGradOp : Bcssl_Op<"relu_grad", [Pure, SameOperandsAndResultType,
    DeclareOpInterfaceMethods<Bcssl_ExpandableInterface>]> {
  let summary = "Gradient of relu";
  let description = [{ dx = x > 0 ? dy : 0. }];
  let arguments = (ins Bcssl_Tensor:$input, Bcssl_Tensor:$output_grad);
  let results = (outs Bcssl_Tensor:$input_grad);
  let assemblyFormat = "$input `,` $output_grad attr-dict `:` type($input)";
}

def Bcssl_StopGradientOp : Bcssl_UnaryOp<"stop_gradient"> {
  let summary = "Passes a value, lets no gradient back";
}

def Bcssl_LayerScaleOp : Bcssl_DifferentiableOp<"layer_scale",
    [SameOperandsAndResultElementType, DeclareOpInterfaceMethods<Bcssl_ExpandableInterface>]> {
  let summary = "Scales each channel";
  let description = [{ y[...,c] = x[...,c] * gamma[c]. }];
  let arguments = (ins Bcssl_Rows:$input, Bcssl_Vector:$gamma);
  let results = (outs Bcssl_Rows:$output);
  let assemblyFormat = "$input `,` $gamma attr-dict `:` type($input) `,` type($gamma) `->` type($output)";
  let hasVerifier = 1;
}

def Bcssl_DropPathOp : Bcssl_DifferentiableOp<"drop_path",
    [SameOperandsAndResultElementType, DeclareOpInterfaceMethods<Bcssl_ExpandableInterface>]> {
  let summary = "Stochastic depth per sample";
  let description = [{
    y[n,...] = draw[n] >= rate ? x[n,...] / (1 - rate) : 0, draw uniform in [0, 1).
  }];
  let arguments = (ins Bcssl_Rows:$input, Bcssl_Vector:$draw, F64Attr:$rate);
  let results = (outs Bcssl_Rows:$output);
  let assemblyFormat = "$input `,` $draw `rate` `(` $rate `)` attr-dict `:` type($input) `,` type($draw) `->` type($output)";
  let hasVerifier = 1;
}

def Bcssl_GlobalAveragePoolOp : Bcssl_DifferentiableOp<"global_average_pool",
    [SameOperandsAndResultElementType, DeclareOpInterfaceMethods<Bcssl_ExpandableInterface>]> {
  let summary = "Mean over height and width";
  let description = [{ y[n,c] = mean over h,w of x[n,h,w,c]. }];
  let arguments = (ins Bcssl_FeatureMap:$input);
  let results = (outs Bcssl_Matrix:$output);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($output)";
  let hasVerifier = 1;
}

def Bcssl_BroadcastOp : Bcssl_DifferentiableOp<"broadcast", [SameOperandsAndResultElementType]> {
  let summary = "Repeats a tensor along new dimensions";
  let description = [{
    Dimension i of the operand becomes dimension dims[i] of the result; the
    result is constant along all others. `dims` is an increasing run of
    neighbouring dimensions, so that an operand's index is a quotient and a
    remainder of the result's row: [] (scalar), [rank-1] (channel vector),
    [0..rank-2] (one value a row), [0] (one value a sample), [1..rank-1]
    (one block for every leading index).
  }];
  let arguments = (ins Bcssl_AnyTensor:$input, DenseI64ArrayAttr:$dims);
  let results = (outs Bcssl_AnyTensor:$output);
  let assemblyFormat = "$input `dims` $dims attr-dict `:` type($input) `->` type($output)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Bcssl_ReduceKind : I32EnumAttr<"ReduceKind", "how values are combined", [
    I32EnumAttrCase<"Sum", 0, "sum">, I32EnumAttrCase<"Max", 1, "max">]> {
  let cppNamespace = "::bcssl";
  let genSpecializedAttr = 0;
}
def Bcssl_ReduceKindAttr : EnumAttr<Bcssl_Dialect, Bcssl_ReduceKind, "kind">;

def Bcssl_ReduceOp : Bcssl_DifferentiableOp<"reduce", [SameOperandsAndResultElementType]> {
  let summary = "Combines a tensor along neighbouring dimensions";
  let description = [{
    Reduces the dimensions `dims` (an increasing run of neighbours); they
    vanish from the result. A maximum has no gradient.
  }];
  let arguments = (ins Bcssl_Tensor:$input, Bcssl_ReduceKindAttr:$kind, DenseI64ArrayAttr:$dims);
  let results = (outs Bcssl_Tensor:$output);
  let assemblyFormat = "$kind $input `dims` $dims attr-dict `:` type($input) `->` type($output)";
  let hasVerifier = 1;
}

def Bcssl_ReshapeOp : Bcssl_DifferentiableOp<"reshape", [SameOperandsAndResultElementType]> {
  let summary = "Same elements in row-major order, other shape";
  let arguments = (ins Bcssl_AnyTensor:$input);
  let results = (outs Bcssl_AnyTensor:$output);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($output)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Bcssl_ConcatOp : Bcssl_DifferentiableOp<"concat", [SameOperandsAndResultElementType]> {
  let summary = "Joins tensors along the first dimension";
  let arguments = (ins Variadic<Bcssl_Rows>:$inputs);
  let results = (outs Bcssl_Rows:$output);
  let assemblyFormat = "$inputs attr-dict `:` type($inputs) `->` type($output)";
  let hasVerifier = 1;
}

def Bcssl_SliceOp : Bcssl_DifferentiableOp<"slice", [SameOperandsAndResultElementType]> {
  let summary = "Takes a run of the first dimension";
  let description = [{ y[i,...] = x[offset+i,...]; the result's shape gives the length. }];
  let arguments = (ins Bcssl_Rows:$input, I64Attr:$offset);
  let results = (outs Bcssl_Rows:$output);
  let assemblyFormat = "$input `from` $offset attr-dict `:` type($input) `->` type($output)";
  let hasVerifier = 1;
}

def Bcssl_PadOp : Bcssl_Op<"pad", [Pure, SameOperandsAndResultElementType]> {
  let summary = "Places a tensor into zeros along the first dimension";
  let description = [{ The gradient of `slice`: y[offset+i,...] = x[i,...], zero elsewhere. }];
  let arguments = (ins Bcssl_Rows:$input, I64Attr:$offset);
  let results = (outs Bcssl_Rows:$output);
  let assemblyFormat = "$input `at` $offset attr-dict `:` type($input) `->` type($output)";
  let hasVerifier = 1;
}

def Bcssl_CastOp : Bcssl_DifferentiableOp<"cast", [SameOperandsAndResultShape]> {
  let summary = "Changes the precision";
  let arguments = (ins Bcssl_Tensor:$input);
  let results = (outs Bcssl_Tensor:$output);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($output)";
  let hasFolder = 1;
}

#endif // BCSSL_POINTWISE_TD
