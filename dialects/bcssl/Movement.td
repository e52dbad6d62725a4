//===- Movement.td - broadcasts, reductions and data movement --*- tablegen -*-===//

#ifndef BCSSL_MOVEMENT_TD
#define BCSSL_MOVEMENT_TD

include "dialects/bcssl/Dialect.td"

def Bcssl_BroadcastOp : Bcssl_DifferentiableOp<"broadcast",
    [SameOperandsAndResultElementType]> {
  let summary = "Repeats a tensor along new dimensions";
  let description = [{
    ```
    y[i_0, ..., i_r-1] = x[i_dims[0], i_dims[1], ...]
    ```

    Dimension i of the operand becomes dimension dims[i] of the result; the
    result is constant along all others. `dims` is an increasing run of
    neighbouring dimensions, so that an operand's index is a quotient and a
    remainder of the result's row: [] (scalar), [rank-1] (channel vector),
    [0..rank-2] (one value a row), [0] (one value a sample), [1..rank-1]
    (one block for every leading index). The last dimension may stand apart from
    the run: [0, rank-1] (a channel vector a sample).

    Constraints:

    * (C1) `dims` has one entry per dimension of the operand.
    * (C2) `dims` is an increasing run of neighbours among the result's dimensions,
      but for the last dimension, which may follow after a gap.
    * (C3) The result's size in dims[i] is the operand's in i.

    Example:

    ```mlir
    %y = bcssl.broadcast %x dims [3] : tensor<16xf32> -> tensor<2x8x8x16xf32>
    ```
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
    ```
    y[i, k] = sum over j of x[i, j, k], or the maximum
    ```

    Here j runs over the dimensions `dims`, i over those before, k over those
    behind. Reduces by `sum` or `max`; the dimensions vanish from the result.
    A maximum has no gradient.

    Constraints:

    * (C1) `dims` has an entry.
    * (C2) `dims` is an increasing run of neighbours among the input's dimensions.
    * (C3) The result has the input's sizes in all other dimensions.

    Example:

    ```mlir
    %y = bcssl.reduce sum %x dims [0, 1, 2] : tensor<2x8x8x16xf32> -> tensor<16xf32>
    ```
  }];
  let arguments = (ins Bcssl_Tensor:$input, Bcssl_ReduceKindAttr:$kind, DenseI64ArrayAttr:$dims);
  let results = (outs Bcssl_Tensor:$output);
  let assemblyFormat = [{
    $kind $input `dims` $dims attr-dict
    `:` type($input) `->` type($output)
  }];
  let hasVerifier = 1;
}

def Bcssl_ReshapeOp : Bcssl_DifferentiableOp<"reshape", [SameOperandsAndResultElementType]> {
  let summary = "Same elements in row-major order, other shape";
  let description = [{
    ```
    y = x, with the elements in row-major order under another shape
    ```

    Constraints:

    * (C1) The result has as many elements as the operand.

    Example:

    ```mlir
    %y = bcssl.reshape %x : tensor<2x8x8x16xf32> -> tensor<128x16xf32>
    ```
  }];
  let arguments = (ins Bcssl_AnyTensor:$input);
  let results = (outs Bcssl_AnyTensor:$output);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($output)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Bcssl_ConcatOp : Bcssl_DifferentiableOp<"concat", [SameOperandsAndResultElementType]> {
  let summary = "Joins tensors along the first dimension";
  let description = [{
    ```
    y[offset_k + i, ...] = x_k[i, ...]
    ```

    offset_k is the sum of the first sizes of the operands before k.

    Constraints:

    * (C1) Every operand has the result's sizes beyond the first dimension.
    * (C2) The result's first size is the sum of the operands'.

    Example:

    ```mlir
    %y = bcssl.concat %a, %b : tensor<4x64xf32>, tensor<16x64xf32> -> tensor<20x64xf32>
    ```
  }];
  let arguments = (ins Variadic<Bcssl_Rows>:$inputs);
  let results = (outs Bcssl_Rows:$output);
  let assemblyFormat = "$inputs attr-dict `:` type($inputs) `->` type($output)";
  let hasVerifier = 1;
}

def Bcssl_SliceOp : Bcssl_DifferentiableOp<"slice", [SameOperandsAndResultElementType]> {
  let summary = "Takes a run of the first dimension";
  let description = [{
    ```
    y[i,...] = x[offset+i,...]
    ```

    The result's shape gives the length.

    Constraints:

    * (C1) The result has the input's sizes beyond the first dimension.
    * (C2) The run lies within the input's first dimension.

    Example:

    ```mlir
    %y = bcssl.slice %x from 4 : tensor<20x64xf32> -> tensor<16x64xf32>
    ```
  }];
  let arguments = (ins Bcssl_Rows:$input, I64Attr:$offset);
  let results = (outs Bcssl_Rows:$output);
  let assemblyFormat = "$input `from` $offset attr-dict `:` type($input) `->` type($output)";
  let hasVerifier = 1;
}

def Bcssl_PadOp : Bcssl_Op<"pad", [Pure, SameOperandsAndResultElementType]> {
  let summary = "Places a tensor into zeros along the first dimension";
  let description = [{
    ```
    y[offset+i,...] = x[i,...], zero elsewhere
    ```

    The gradient of `slice`.

    Constraints:

    * (C1) The operand has the result's sizes beyond the first dimension.
    * (C2) The run lies within the result's first dimension.

    Example:

    ```mlir
    %y = bcssl.pad %x at 4 : tensor<16x64xf32> -> tensor<20x64xf32>
    ```
  }];
  let arguments = (ins Bcssl_Rows:$input, I64Attr:$offset);
  let results = (outs Bcssl_Rows:$output);
  let assemblyFormat = "$input `at` $offset attr-dict `:` type($input) `->` type($output)";
  let hasVerifier = 1;
}

def Bcssl_CastOp : Bcssl_DifferentiableOp<"cast", [SameOperandsAndResultShape]> {
  let summary = "Changes the precision";
  let description = [{
    ```
    y = x in the result's element type
    ```

    Rounds to nearest, ties to even.

    Example:

    ```mlir
    %y = bcssl.cast %x : tensor<4x64xf32> -> tensor<4x64xbf16>
    ```
  }];
  let arguments = (ins Bcssl_Tensor:$input);
  let results = (outs Bcssl_Tensor:$output);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($output)";
  let hasFolder = 1;
}

#endif // BCSSL_MOVEMENT_TD
