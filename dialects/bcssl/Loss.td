//===- Loss.td - softmax, targets and losses -------------------*- tablegen -*-===//

#ifndef BCSSL_LOSS_TD
#define BCSSL_LOSS_TD

include "dialects/bcssl/Dialect.td"

class Bcssl_ExpandableLossOp<string mnemonic, list<Trait> traits = []>
    : Bcssl_DifferentiableOp<mnemonic, !listconcat(traits,
        [DeclareOpInterfaceMethods<Bcssl_ExpandableInterface>])>;

def Bcssl_SoftmaxOp : Bcssl_ExpandableLossOp<"softmax", [SameOperandsAndResultType]> {
  let summary = "Softmax over the last dimension";
  let description = [{
    ```
    y[r,k] = exp(x[r,k] - m_r) / sum over j of exp(x[r,j] - m_r)
    ```

    Here m_r is the maximum of row r.

    Example:

    ```mlir
    %y = bcssl.softmax %x : tensor<4x64xf32>
    ```
  }];
  let arguments = (ins Bcssl_Rows:$input);
  let results = (outs Bcssl_Rows:$output);
  let assemblyFormat = "$input attr-dict `:` type($input)";
}

def Bcssl_LogSoftmaxOp : Bcssl_ExpandableLossOp<"log_softmax", [SameOperandsAndResultType]> {
  let summary = "Logarithm of softmax over the last dimension";
  let description = [{
    ```
    y[r,k] = x[r,k] - m_r - log(sum over j of exp(x[r,j] - m_r))
    ```

    Here m_r is the maximum of row r.

    Example:

    ```mlir
    %y = bcssl.log_softmax %x : tensor<4x64xf32>
    ```
  }];
  let arguments = (ins Bcssl_Rows:$input);
  let results = (outs Bcssl_Rows:$output);
  let assemblyFormat = "$input attr-dict `:` type($input)";
}

def Bcssl_SinkhornOp : Bcssl_Op<"sinkhorn", [Pure, SameOperandsAndResultElementType,
    DeclareOpInterfaceMethods<Bcssl_ExpandableInterface>]> {
  let summary = "Sinkhorn-Knopp assignment of rows to prototypes";
  let description = [{
    ```
    q = exp(x - max of all x)
    iterations times:
      q[r,k] /= sum over r of q[r,k]
      q[r,k] /= sum over k of q[r,k]
    ```

    Each row of the result sums to 1. The input is the teacher's logits already
    divided by its temperature. Carries no gradient (SwAV, arXiv 2006.09882).

    Constraints:

    * (C1) The result has the input's shape.
    * (C2) `iterations` is positive.

    Example:

    ```mlir
    %q = bcssl.sinkhorn %x iterations(3) : tensor<4x64xf32> -> tensor<4x64xf32>
    ```
  }];
  let arguments = (ins Bcssl_Matrix:$input, I64Attr:$iterations);
  let results = (outs Bcssl_Matrix:$output);
  let assemblyFormat = [{
    $input `iterations` `(` $iterations `)` attr-dict
    `:` type($input) `->` type($output)
  }];
  let hasVerifier = 1;
}

def Bcssl_CrossViewTargetsOp : Bcssl_Op<"cross_view_targets",
    [Pure, SameOperandsAndResultElementType]> {
  let summary = "Sum of the teacher's rows of all other views";
  let description = [{
    With T = teacher_views and B = rows of probabilities / T:

    ```
    y[v*B+b, k] = sum over t != v of probabilities[t*B+b, k], for v < views
    ```

    Constraints:

    * (C1) There are 2 views or more, and 1 to `views` of the teacher.
    * (C2) The rows of `probabilities` are divisible by T.
    * (C3) The result has B rows per view and the columns of `probabilities`.

    Example:

    ```mlir
    %t = bcssl.cross_view_targets %p views(10) teacher_views(2)
        : tensor<4x64xf32> -> tensor<20x64xf32>
    ```
  }];
  let arguments = (ins Bcssl_Matrix:$probabilities, I64Attr:$views, I64Attr:$teacher_views);
  let results = (outs Bcssl_Matrix:$output);
  let assemblyFormat = [{
    $probabilities `views` `(` $views `)` `teacher_views` `(` $teacher_views `)` attr-dict
    `:` type($probabilities) `->` type($output)
  }];
  let hasVerifier = 1;
}

def Bcssl_CrossViewCrossEntropyOp : Bcssl_ExpandableLossOp<"cross_view_cross_entropy",
    [SameOperandsAndResultElementType]> {
  let summary = "DINO's loss over all pairs of a teacher view and another student view";
  let description = [{
    With V views, T teacher views, B samples, logits already divided by the
    student's temperature:

    ```
    loss = mean over pairs (t, v != t) of mean over b of
           -sum over k of probabilities[t*B+b, k] * log_softmax(logits[v*B+b])[k]
    ```

    There are T V - T pairs (main_dino.py, DINOLoss). Linear in the targets, so
    one pass over V rows against summed targets replaces the pairs.

    The targets are the teacher's: there is no derivative by `probabilities`, which
    come from `stop_gradient` where they depend on what is learned.

    Constraints:

    * (C1) There are 2 views or more, and 1 to `views` of the teacher.
    * (C2) The rows of `probabilities` are divisible by T.
    * (C3) `logits` has B rows per view and the columns of `probabilities`.

    Example:

    ```mlir
    %loss = bcssl.cross_view_cross_entropy %z, %p views(10) teacher_views(2)
        : tensor<20x64xf32>, tensor<4x64xf32> -> tensor<f32>
    ```
  }];
  let arguments = (ins Bcssl_Matrix:$logits, Bcssl_Matrix:$probabilities, I64Attr:$views, I64Attr:$teacher_views);
  let results = (outs Bcssl_Scalar:$loss);
  let assemblyFormat = [{
    $logits `,` $probabilities `views` `(` $views `)` `teacher_views` `(` $teacher_views `)` attr-dict
    `:` type($logits) `,` type($probabilities) `->` type($loss)
  }];
  let extraClassDeclaration = [{
    bool leavesOutGradient(unsigned operand) { return operand == 1; }
  }];
  let hasVerifier = 1;
}

def Bcssl_OneHotOp : Bcssl_Op<"one_hot", [Pure]> {
  let summary = "1 in the labelled column, 0 elsewhere";
  let description = [{
    ```
    y[b,k] = labels[b] == k
    ```

    Constraints:

    * (C1) There is one label per row of the result.

    Example:

    ```mlir
    %y = bcssl.one_hot %labels : tensor<4xi32> -> tensor<4x10xf32>
    ```
  }];
  let arguments = (ins Bcssl_IntVector:$labels);
  let results = (outs Bcssl_Matrix:$output);
  let assemblyFormat = "$labels attr-dict `:` type($labels) `->` type($output)";
  let hasVerifier = 1;
}

def Bcssl_CrossEntropyOp : Bcssl_ExpandableLossOp<"cross_entropy",
    [AllElementTypesMatch<["logits", "loss"]>]> {
  let summary = "Cross-entropy with class labels, mean over the batch";
  let description = [{
    ```
    loss = mean over b of -sum over k of t[b,k] * log_softmax(logits[b])[k]
    t = (1 - smoothing) * one_hot(labels) + smoothing / K
    ```

    Constraints:

    * (C1) There is one label per row of `logits`.
    * (C2) `smoothing` lies in [0, 1).

    Example:

    ```mlir
    %loss = bcssl.cross_entropy %z, %labels smoothing(0.1)
        : tensor<4x10xf32>, tensor<4xi32> -> tensor<f32>
    ```
  }];
  let arguments = (ins Bcssl_Matrix:$logits, Bcssl_IntVector:$labels, F64Attr:$smoothing);
  let results = (outs Bcssl_Scalar:$loss);
  let assemblyFormat = [{
    $logits `,` $labels `smoothing` `(` $smoothing `)` attr-dict
    `:` type($logits) `,` type($labels) `->` type($loss)
  }];
  let hasVerifier = 1;
}

#endif // BCSSL_LOSS_TD
