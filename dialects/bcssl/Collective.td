//===- Collective.td - operations over all ranks ---------------*- tablegen -*-===//

#ifndef BCSSL_COLLECTIVE_TD
#define BCSSL_COLLECTIVE_TD

include "dialects/bcssl/Dialect.td"

def Bcssl_AllReduceOp : Bcssl_DifferentiableOp<"all_reduce", [SameOperandsAndResultType]> {
  let summary = "Sum over all ranks, in rank order";
  let description = [{
    ```
    y = sum over ranks of x, in the order of the ranks
    ```

    With one rank the identity, and folded away. The gradient of a sum over
    ranks is the sum of the gradients over ranks.

    Example:

    ```mlir
    %y = bcssl.all_reduce %x : tensor<16xf32>
    ```
  }];
  let arguments = (ins Bcssl_Tensor:$input);
  let results = (outs Bcssl_Tensor:$output);
  let assemblyFormat = "$input attr-dict `:` type($input)";
}

#endif // BCSSL_COLLECTIVE_TD
