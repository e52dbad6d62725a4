//===- Norm.td - normalisations --------------------------------*- tablegen -*-===//

#ifndef BCSSL_NORM_TD
#define BCSSL_NORM_TD

include "dialects/bcssl/Dialect.td"

class Bcssl_NormOp<string mnemonic> : Bcssl_DifferentiableOp<mnemonic,
    [SameOperandsAndResultElementType, DeclareOpInterfaceMethods<Bcssl_ExpandableInterface>]>;

def Bcssl_ChannelStatisticsOp : Bcssl_NormOp<"channel_statistics"> {
  let summary = "Count, sum and sum of squares of each channel about a shift";
  let description = [{
    Over all leading dimensions r, of which there are R:

    ```
    count = R
    sum[c] = sum over r of (x[r,c] - shift[c])
    square_sum[c] = sum over r of (x[r,c] - shift[c])^2
    ```

    The shift (the running mean) keeps the squares small. There is no derivative by
    it: it comes from `stop_gradient` where it depends on what is learned.

    Constraints:

    * (C1) `shift`, `sum` and `square_sum` have one value per channel.

    Example:

    ```mlir
    %n, %s, %q = bcssl.channel_statistics %x, %shift
        : tensor<2x8x8x16xf32>, tensor<16xf32> -> tensor<f32>, tensor<16xf32>, tensor<16xf32>
    ```
  }];
  let arguments = (ins Bcssl_Rows:$input, Bcssl_Vector:$shift);
  let results = (outs Bcssl_Scalar:$count, Bcssl_Vector:$sum, Bcssl_Vector:$square_sum);
  let assemblyFormat = [{
    $input `,` $shift attr-dict
    `:` type($input) `,` type($shift) `->` type($count) `,` type($sum) `,` type($square_sum)
  }];
  let extraClassDeclaration = [{
    bool leavesOutGradient(unsigned operand) { return operand == 1; }
  }];
  let hasVerifier = 1;
}

def Bcssl_BatchMomentsOp : Bcssl_NormOp<"batch_moments"> {
  let summary = "Mean and biased variance from channel statistics";
  let description = [{
    ```
    mean = shift + sum / count
    variance = max(square_sum / count - (sum / count)^2, 0)
    ```

    Rounding may leave less than nothing of a constant channel, hence the maximum;
    the derivative is that of its first operand everywhere. `count` is a constant,
    and there is no derivative by `shift` (see `channel_statistics`).

    Constraints:

    * (C1) All vectors have one value per channel.

    Example:

    ```mlir
    %mean, %variance = bcssl.batch_moments %n, %s, %q, %shift
        : tensor<f32>, tensor<16xf32>, tensor<16xf32>, tensor<16xf32>
        -> tensor<16xf32>, tensor<16xf32>
    ```
  }];
  let arguments = (ins Bcssl_Scalar:$count, Bcssl_Vector:$sum, Bcssl_Vector:$square_sum, Bcssl_Vector:$shift);
  let results = (outs Bcssl_Vector:$mean, Bcssl_Vector:$variance);
  let assemblyFormat = [{
    $count `,` $sum `,` $square_sum `,` $shift attr-dict
    `:` type($count) `,` type($sum) `,` type($square_sum) `,` type($shift)
    `->` type($mean) `,` type($variance)
  }];
  let extraClassDeclaration = [{
    bool leavesOutGradient(unsigned operand) { return operand == 3; }
  }];
  let hasVerifier = 1;
}

def Bcssl_BatchNormOp : Bcssl_NormOp<"batch_norm"> {
  let summary = "Batch normalisation with given statistics";
  let description = [{
    ```
    y[...,c] = (x[...,c] - mean[c]) / sqrt(variance[c] + epsilon) * scale[c] + offset[c]
    ```

    In training `mean` and `variance` come from `batch_moments` and carry
    gradients; in evaluation they are the running statistics.

    Constraints:

    * (C1) The result has the input's shape.
    * (C2) `mean`, `variance`, `scale` and `offset` have one value per channel.
    * (C3) `epsilon` is positive.

    Example:

    ```mlir
    %y = bcssl.batch_norm %x, %mean, %variance, %scale, %offset epsilon(1.0e-5)
        : tensor<2x8x8x16xf32>, tensor<16xf32>, tensor<16xf32>, tensor<16xf32>, tensor<16xf32>
        -> tensor<2x8x8x16xf32>
    ```
  }];
  let arguments = (ins Bcssl_Rows:$input, Bcssl_Vector:$mean, Bcssl_Vector:$variance,
                       Bcssl_Vector:$scale, Bcssl_Vector:$offset, F64Attr:$epsilon);
  let results = (outs Bcssl_Rows:$output);
  let assemblyFormat = [{
    $input `,` $mean `,` $variance `,` $scale `,` $offset `epsilon` `(` $epsilon `)` attr-dict
    `:` type($input) `,` type($mean) `,` type($variance) `,` type($scale) `,` type($offset)
    `->` type($output)
  }];
  let hasVerifier = 1;
}

def Bcssl_LayerNormOp : Bcssl_NormOp<"layer_norm"> {
  let summary = "Layer normalisation over the last dimension";
  let description = [{
    ```
    y[r,c] = (x[r,c] - mean_r) / sqrt(var_r + epsilon) * scale[c] + offset[c]
    ```

    Mean and biased variance are over the last dimension.

    Constraints:

    * (C1) The result has the input's shape.
    * (C2) `scale` and `offset` have one value per channel.
    * (C3) `epsilon` is positive.

    Example:

    ```mlir
    %y = bcssl.layer_norm %x, %scale, %offset epsilon(1.0e-6)
        : tensor<2x8x8x16xf32>, tensor<16xf32>, tensor<16xf32> -> tensor<2x8x8x16xf32>
    ```
  }];
  let arguments = (ins Bcssl_Rows:$input, Bcssl_Vector:$scale, Bcssl_Vector:$offset, F64Attr:$epsilon);
  let results = (outs Bcssl_Rows:$output);
  let assemblyFormat = [{
    $input `,` $scale `,` $offset `epsilon` `(` $epsilon `)` attr-dict
    `:` type($input) `,` type($scale) `,` type($offset) `->` type($output)
  }];
  let hasVerifier = 1;
}

def Bcssl_L2NormalizeOp : Bcssl_NormOp<"l2_normalize"> {
  let summary = "Divides each row by its Euclidean norm";
  let description = [{
    ```
    y[r,c] = x[r,c] / max(sqrt(sum over j of x[r,j]^2), epsilon)
    ```

    Constraints:

    * (C1) The result has the input's shape.
    * (C2) `epsilon` is positive.

    Example:

    ```mlir
    %y = bcssl.l2_normalize %x epsilon(1.0e-12) : tensor<4x64xf32> -> tensor<4x64xf32>
    ```
  }];
  let arguments = (ins Bcssl_Rows:$input, F64Attr:$epsilon);
  let results = (outs Bcssl_Rows:$output);
  let assemblyFormat = [{
    $input `epsilon` `(` $epsilon `)` attr-dict
    `:` type($input) `->` type($output)
  }];
  let hasVerifier = 1;
}

def Bcssl_WeightNormOp : Bcssl_NormOp<"weight_norm"> {
  let summary = "Weight normalisation: direction and gain of each row";
  let description = [{
    ```
    w[o,i] = gain[o] * direction[o,i] / sqrt(sum over j of direction[o,j]^2)
    ```

    Constraints:

    * (C1) `gain` is a column with one value per row of `direction`.
    * (C2) The result has the shape of `direction`.

    Example:

    ```mlir
    %w = bcssl.weight_norm %v, %g : tensor<64x16xf32>, tensor<64x1xf32> -> tensor<64x16xf32>
    ```
  }];
  let arguments = (ins Bcssl_Matrix:$direction, Bcssl_Matrix:$gain);
  let results = (outs Bcssl_Matrix:$output);
  let assemblyFormat = [{
    $direction `,` $gain attr-dict
    `:` type($direction) `,` type($gain) `->` type($output)
  }];
  let hasVerifier = 1;
}

def Bcssl_RunningAverageOp : Bcssl_Op<"running_average",
    [Pure, SameOperandsAndResultElementType,
    DeclareOpInterfaceMethods<Bcssl_ExpandableInterface>]> {
  let summary = "Running average of a batch statistic";
  let description = [{
    ```
    y = (1 - momentum) * average + momentum * value * correction
    ```

    BatchNorm's running variance is unbiased: correction = count / (count - 1).

    Constraints:

    * (C1) `average`, `value` and the result have one value per channel.
    * (C2) `momentum` lies in [0, 1].
    * (C3) `correction` is positive and finite.

    Example:

    ```mlir
    %next = bcssl.running_average %average, %mean momentum(0.1) correction(1.0)
        : tensor<16xf32>, tensor<16xf32> -> tensor<16xf32>
    ```
  }];
  let arguments = (ins Bcssl_Vector:$average, Bcssl_Vector:$value, F64Attr:$momentum, F64Attr:$correction);
  let results = (outs Bcssl_Vector:$output);
  let assemblyFormat = [{
    $average `,` $value `momentum` `(` $momentum `)` `correction` `(` $correction `)` attr-dict
    `:` type($average) `,` type($value) `->` type($output)
  }];
  let hasVerifier = 1;
}

#endif // BCSSL_NORM_TD
