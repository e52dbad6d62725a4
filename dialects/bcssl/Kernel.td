//===- Kernel.td - regions that become one kernel --------------*- tablegen -*-===//

#ifndef BCSSL_KERNEL_TD
#define BCSSL_KERNEL_TD

include "dialects/bcssl/Dialect.td"

def Bcssl_KernelFamily : I32EnumAttr<"KernelFamily", "which generator emits a kernel", [
    I32EnumAttrCase<"Depthwise", 0, "depthwise">,
    I32EnumAttrCase<"DepthwiseFilterGrad", 1, "depthwise_filter_grad">,
    I32EnumAttrCase<"Contraction", 2, "contraction">,
    I32EnumAttrCase<"Rowwise", 3, "rowwise">,
    I32EnumAttrCase<"Columnwise", 4, "columnwise">,
    I32EnumAttrCase<"Movement", 5, "movement">]> {
  let cppNamespace = "::bcssl";
  let genSpecializedAttr = 0;
}
def Bcssl_KernelFamilyAttr : EnumAttr<Bcssl_Dialect, Bcssl_KernelFamily, "family">;

def Bcssl_KernelOp : Bcssl_Op<"kernel",
    [IsolatedFromAbove, SingleBlock, RecursiveMemoryEffects]> {
  let summary = "A group of operations that become one kernel";
  let description = [{
    One iteration space of rows (all leading dimensions) by columns (the last
    dimension). The body holds at most one anchor (a convolution or a
    contraction) and pointwise operations, broadcasts and reductions around
    it. `tile` holds the family's tile configuration.

    The body may hold kernels instead, which need nothing of each other: they
    share a launch on a GPU, and the kernel around them has the family of the
    first (`bcssl-merge-kernels`).

    Constraints:

    * (C1) The body has one block argument per input, of its type.
    * (C2) The body ends with `bcssl.yield`.
    * (C3) The body yields one value per result, of its type.

    Example:

    ```mlir
    %r:2 = bcssl.kernel depthwise(%a = %x, %b = %w)
        tile {height = 8 : i64, reach_height = 4 : i64, reach_width = 4 : i64, taps = 9 : i64, width = 8 : i64}
        : (tensor<2x8x8x16xf32>, tensor<9x9x16xf32>) -> (tensor<2x8x8x16xf32>, tensor<2x16xf32>) {
      %y = bcssl.depthwise_conv2d %a, %b
          : tensor<2x8x8x16xf32>, tensor<9x9x16xf32> -> tensor<2x8x8x16xf32>
      %s = bcssl.reduce_partial %y rows(64) : tensor<2x8x8x16xf32> -> tensor<2x16xf32>
      bcssl.yield %y, %s : tensor<2x8x8x16xf32>, tensor<2x16xf32>
    }
    ```
  }];
  let arguments = (ins Variadic<Bcssl_AnyTensor>:$inputs, Bcssl_KernelFamilyAttr:$family,
                       OptionalAttr<DictionaryAttr>:$tile);
  let results = (outs Variadic<Bcssl_AnyTensor>:$outputs);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
}

def Bcssl_YieldOp : Bcssl_Op<"yield", [Pure, Terminator, HasParent<"KernelOp">]> {
  let summary = "Ends a kernel's body with its results";
  let description = [{
    Names the values that become the results of the `bcssl.kernel` around it.

    Example:

    ```mlir
    bcssl.yield %y, %s : tensor<2x8x8x16xf32>, tensor<2x16xf32>
    ```
  }];
  let arguments = (ins Variadic<Bcssl_AnyTensor>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
}

def Bcssl_ReducePartialOp : Bcssl_Op<"reduce_partial",
    [Pure, SameOperandsAndResultElementType]> {
  let summary = "Sums of each run of rows";
  let description = [{
    With all leading dimensions flattened into R rows:

    ```
    y[t,c] = sum over r in [t*rows, min((t+1)*rows, R)) of x[r,c]
    ```

    The first step of a column reduction whose order does not depend on the
    number of threads; `reduce` over y's rows is the second.

    Constraints:

    * (C1) `rows` is positive.
    * (C2) The result is ceil(R / rows) x C.

    Example:

    ```mlir
    %y = bcssl.reduce_partial %x rows(32) : tensor<2x8x8x16xf32> -> tensor<4x16xf32>
    ```
  }];
  let arguments = (ins Bcssl_Rows:$input, I64Attr:$rows);
  let results = (outs Bcssl_Matrix:$output);
  let assemblyFormat = [{
    $input `rows` `(` $rows `)` attr-dict
    `:` type($input) `->` type($output)
  }];
  let hasVerifier = 1;
}

def Bcssl_PackOp : Bcssl_Op<"pack", [Pure, SameOperandsAndResultElementType]> {
  let summary = "Arranges the right operand of a contraction in panels";
  let description = [{
    ```
    y[p,k,j] = rhs'[k, p*width+j], zero beyond the last column
    ```

    Here rhs' is rhs (form `nn`: [K,N]) or its transpose (form `nt`: rhs is
    [N,K]). The result's last size is the width.

    Constraints:

    * (C1) The form is `nn` or `nt`.
    * (C2) The result is ceil(N / width) x K x width.

    Example:

    ```mlir
    %p = bcssl.pack nt %w : tensor<24x16xf32> -> tensor<2x16x16xf32>
    ```
  }];
  let arguments = (ins Bcssl_Matrix:$input, Bcssl_ContractFormAttr:$form);
  let results = (outs Bcssl_Filter:$output);
  let assemblyFormat = "$form $input attr-dict `:` type($input) `->` type($output)";
  let hasVerifier = 1;
}

def Bcssl_PackedContractOp : Bcssl_Op<"packed_contract",
    [Pure, SameOperandsAndResultElementType]> {
  let summary = "Contraction with a packed right operand";
  let description = [{
    ```
    y[m,n] = sum over k of lhs[m,k] * packed[n / width, k, n mod width]
    ```

    The leading dimensions of `lhs` are flattened into rows; the last size of
    `packed` is the width.

    Constraints:

    * (C1) The sizes along the sum are equal.
    * (C2) The result has the leading dimensions of `lhs`.
    * (C3) `packed` has as many panels as the result's columns fill.

    Example:

    ```mlir
    %y = bcssl.packed_contract %x, %p
        : tensor<2x5x16xf32>, tensor<2x16x16xf32> -> tensor<2x5x24xf32>
    ```
  }];
  let arguments = (ins Bcssl_Rows:$lhs, Bcssl_Filter:$packed);
  let results = (outs Bcssl_Rows:$output);
  let assemblyFormat = [{
    $lhs `,` $packed attr-dict
    `:` type($lhs) `,` type($packed) `->` type($output)
  }];
  let hasVerifier = 1;
}

#endif // BCSSL_KERNEL_TD
