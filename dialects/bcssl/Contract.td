//===- Contract.td - linear layers and matrix products ---------*- tablegen -*-===//

#ifndef BCSSL_CONTRACT_TD
#define BCSSL_CONTRACT_TD

include "dialects/bcssl/Dialect.td"

def Bcssl_ContractForm : I32EnumAttr<"ContractForm", "which operand is transposed", [
    I32EnumAttrCase<"NT", 0, "nt">, I32EnumAttrCase<"NN", 1, "nn">,
    I32EnumAttrCase<"TN", 2, "tn">]> {
  let cppNamespace = "::bcssl";
  let genSpecializedAttr = 0;
}
def Bcssl_ContractFormAttr : EnumAttr<Bcssl_Dialect, Bcssl_ContractForm, "form">;

def Bcssl_ContractOp : Bcssl_DifferentiableOp<"contract"> {
  let summary = "Matrix product over flattened leading dimensions";
  let description = [{
    With every leading dimension of a tensor flattened into rows:

    ```
    nt: y[m,n] = sum over k of lhs[m,k] * rhs[n,k]   (forward of a linear layer)
    nn: y[m,k] = sum over n of lhs[m,n] * rhs[n,k]   (gradient of its input)
    tn: y[n,k] = sum over m of lhs[m,n] * rhs[m,k]   (gradient of its weight)
    ```

    With `parts` P above 1 there are P results whose sum is the product: of a sum
    over M terms, result p has the terms in [p*R, min((p+1)*R, M)), where R is
    ceil(M / P). Few results of long sums are computed so on a GPU.

    Constraints:

    * (C1) In `nt` and `nn`, `rhs` is a matrix.
    * (C2) The sizes along the sum are equal.
    * (C3) In `nt` and `nn` the result keeps the leading dimensions of `lhs`; in
      `tn` it is a matrix. P results have a dimension in front.
    * (C4) The operands have one element type; the result has it too, or f32.
    * (C5) `parts` is positive, and no part is empty.

    Example:

    ```mlir
    %y = bcssl.contract nt %x, %w
        : tensor<2x8x8x16xf32>, tensor<64x16xf32> -> tensor<2x8x8x64xf32>
    ```
  }];
  let arguments = (ins Bcssl_Rows:$lhs, Bcssl_Rows:$rhs, Bcssl_ContractFormAttr:$form,
                       DefaultValuedAttr<I64Attr, "1">:$parts);
  let results = (outs Bcssl_Rows:$output);
  let assemblyFormat = [{
    $form $lhs `,` $rhs attr-dict
    `:` type($lhs) `,` type($rhs) `->` type($output)
  }];
  let hasVerifier = 1;
}

def Bcssl_LinearOp : Bcssl_DifferentiableOp<"linear",
    [SameOperandsAndResultElementType, DeclareOpInterfaceMethods<Bcssl_ExpandableInterface>]> {
  let summary = "Linear layer over the last dimension";
  let description = [{
    ```
    y[...,o] = bias[o] + sum over i of x[...,i] * weight[o,i]
    ```

    Constraints:

    * (C1) `weight` has one column per input channel.
    * (C2) The result has the input's leading dimensions and one channel per row
      of `weight`.
    * (C3) `bias` has one value per channel of the result.

    Example:

    ```mlir
    %y = bcssl.linear %x, %w, %b
        : tensor<4x16xf32>, tensor<64x16xf32>, tensor<64xf32> -> tensor<4x64xf32>
    ```
  }];
  let arguments = (ins Bcssl_Rows:$input, Bcssl_Matrix:$weight, Optional<Bcssl_Vector>:$bias);
  let results = (outs Bcssl_Rows:$output);
  let assemblyFormat = [{
    $input `,` $weight (`,` $bias^)? attr-dict
    `:` type($input) `,` type($weight) (`,` type($bias)^)? `->` type($output)
  }];
  let hasVerifier = 1;
}

#endif // BCSSL_CONTRACT_TD
