//===- State.td - variables, gradients and optimizers ----------*- tablegen -*-===//

#ifndef BCSSL_STATE_TD
#define BCSSL_STATE_TD

include "dialects/bcssl/Dialect.td"

def Bcssl_VariableOp : Bcssl_Op<"variable", [Symbol,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Declares a tensor that lives across programs";
  let description = [{
    A parameter, optimizer moment, EMA copy, BatchNorm buffer or center.
    Programs (`func.func`) take it as an argument and may return its new value;
    both carry the attribute `bcssl.variable = "name"`.

    * `initializer`: `zeros`, `ones`, `constant`, `trunc_normal`, `uniform` or
      `copy` (of the variable named by `source`).
    * `value`: the constant, the standard deviation (truncated at two of them)
      or the bound of the uniform draw.
    * `published_shape` and `permutation` give the tensor's shape in PyTorch:
      dimension i of the published tensor is dimension permutation[i] here,
      -1 stands for a dimension of size 1 that exists only there.

    Constraints:

    * (C1) `initializer` is one of the names above.
    * (C2) `value` is finite, and not negative for `trunc_normal` and `uniform`.
    * (C3) `source` is given for `copy` and only there.
    * (C4) `published_shape` and `permutation` are given together, with as many
      entries; `permutation` holds every dimension once, and the sizes agree.
    * (C5) `source` names a variable of the same type that is not a copy.

    Example:

    ```mlir
    bcssl.variable @dwconv.weight : tensor<9x9x16xf32> init "trunc_normal"
        {value = 0.02 : f64, published_shape = array<i64: 16, 1, 9, 9>, permutation = array<i64: 2, -1, 0, 1>}
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<Bcssl_AnyTensor>:$type,
                       StrAttr:$initializer, DefaultValuedAttr<F64Attr, "0.0">:$value,
                       OptionalAttr<StrAttr>:$source,
                       OptionalAttr<DenseI64ArrayAttr>:$published_shape,
                       OptionalAttr<DenseI64ArrayAttr>:$permutation);
  let assemblyFormat = "$sym_name `:` $type `init` $initializer attr-dict";
  let hasVerifier = 1;
}

def Bcssl_GradientOp : Bcssl_Op<"gradient", [Pure]> {
  let summary = "Gradients of a scalar with respect to values";
  let description = [{
    ```
    gradients[i] = d loss / d values[i]
    ```

    Replaced by `bcssl-differentiate` with the backward graph.

    Constraints:

    * (C1) There is a value, and one gradient per value, of its type.

    Example:

    ```mlir
    %dw, %db = bcssl.gradient %loss wrt %w, %b
        : tensor<f32> wrt tensor<64x16xf32>, tensor<64xf32> -> tensor<64x16xf32>, tensor<64xf32>
    ```
  }];
  let arguments = (ins Bcssl_Scalar:$loss, Variadic<Bcssl_Tensor>:$values);
  let results = (outs Variadic<Bcssl_Tensor>:$gradients);
  let assemblyFormat = [{
    $loss `wrt` $values attr-dict
    `:` type($loss) `wrt` type($values) `->` type($gradients)
  }];
  let hasVerifier = 1;
}

class Bcssl_UpdateOp<string mnemonic, list<Trait> traits = []> : Bcssl_Op<mnemonic,
    !listconcat([Pure, DeclareOpInterfaceMethods<Bcssl_ExpandableInterface>], traits)>;

def Bcssl_ClipByNormOp : Bcssl_UpdateOp<"clip_by_norm", [SameOperandsAndResultType]> {
  let summary = "Scales a tensor down to a norm";
  let description = [{
    ```
    y = x * min(1, max_norm / (sqrt(sum of x^2) + 1e-6))
    ```

    For one tensor (dino, utils.clip_gradients).

    Constraints:

    * (C1) `max_norm` is positive.

    Example:

    ```mlir
    %y = bcssl.clip_by_norm %x max_norm(3.0) : tensor<64x16xf32>
    ```
  }];
  let arguments = (ins Bcssl_Tensor:$input, F64Attr:$max_norm);
  let results = (outs Bcssl_Tensor:$output);
  let assemblyFormat = "$input `max_norm` `(` $max_norm `)` attr-dict `:` type($input)";
  let hasVerifier = 1;
}

def Bcssl_AdamWOp : Bcssl_UpdateOp<"adamw",
    [AttrSizedOperandSegments, SameOperandsAndResultElementType]> {
  let summary = "AdamW update of one tensor";
  let description = [{
    ```
    p1 = p * (1 - lr * weight_decay)
    m' = beta1 * m + (1 - beta1) * g
    v' = beta2 * v + (1 - beta2) * g^2
    p' = p1 - lr * (m' / (1 - beta1^count)) / (sqrt(v' / (1 - beta2^count)) + epsilon)
    ```

    `count` is the number of this update, from 1. Without `weight_decay` it is 0.
    Where the scalar `active` is given and 0, nothing changes.

    Constraints:

    * (C1) All tensors have the parameter's shape.
    * (C2) `beta1` and `beta2` lie in [0, 1).
    * (C3) `epsilon` is positive.

    Example:

    ```mlir
    %p1, %m1, %v1 = bcssl.adamw %p, %g, %m, %v count %n lr %lr weight_decay %wd : tensor<f32>
        betas(0.9, 0.999) epsilon(1.0e-8)
        : tensor<16xf32>, tensor<16xf32>, tensor<16xf32>, tensor<16xf32>, tensor<f32>, tensor<f32>
        -> tensor<16xf32>, tensor<16xf32>, tensor<16xf32>
    ```
  }];
  let arguments = (ins Bcssl_Tensor:$param, Bcssl_Tensor:$grad, Bcssl_Tensor:$moment1, Bcssl_Tensor:$moment2,
                       Bcssl_Scalar:$count, Bcssl_Scalar:$learning_rate,
                       Optional<Bcssl_Scalar>:$weight_decay,
                       Optional<Bcssl_Scalar>:$active, F64Attr:$beta1, F64Attr:$beta2, F64Attr:$epsilon);
  let results = (outs Bcssl_Tensor:$new_param, Bcssl_Tensor:$new_moment1, Bcssl_Tensor:$new_moment2);
  let assemblyFormat = [{
    $param `,` $grad `,` $moment1 `,` $moment2 `count` $count `lr` $learning_rate
    (`weight_decay` $weight_decay^ `:` type($weight_decay))? (`active` $active^ `:` type($active))?
    `betas` `(` $beta1 `,` $beta2 `)` `epsilon` `(` $epsilon `)` attr-dict
    `:` type($param) `,` type($grad) `,` type($moment1) `,` type($moment2) `,` type($count) `,` type($learning_rate)
    `->` type($new_param) `,` type($new_moment1) `,` type($new_moment2)
  }];
  let hasVerifier = 1;
}

def Bcssl_SgdOp : Bcssl_UpdateOp<"sgd", [SameOperandsAndResultElementType]> {
  let summary = "Stochastic gradient descent with momentum, one tensor";
  let description = [{
    ```
    g1 = g + weight_decay * p
    b' = momentum * b + g1
    p' = p - lr * b'
    ```

    PyTorch's form. Without `weight_decay` it is 0.

    Constraints:

    * (C1) All tensors have the parameter's shape.
    * (C2) `momentum` lies in [0, 1).

    Example:

    ```mlir
    %p1, %b1 = bcssl.sgd %p, %g, %b lr %lr momentum(0.9)
        : tensor<16xf32>, tensor<16xf32>, tensor<16xf32>, tensor<f32> -> tensor<16xf32>, tensor<16xf32>
    ```
  }];
  let arguments = (ins Bcssl_Tensor:$param, Bcssl_Tensor:$grad, Bcssl_Tensor:$velocity,
                       Bcssl_Scalar:$learning_rate,
                       Optional<Bcssl_Scalar>:$weight_decay, F64Attr:$momentum);
  let results = (outs Bcssl_Tensor:$new_param, Bcssl_Tensor:$new_velocity);
  let assemblyFormat = [{
    $param `,` $grad `,` $velocity `lr` $learning_rate (`weight_decay` $weight_decay^ `:` type($weight_decay))?
    `momentum` `(` $momentum `)` attr-dict
    `:` type($param) `,` type($grad) `,` type($velocity) `,` type($learning_rate) `->` type($new_param) `,` type($new_velocity)
  }];
  let hasVerifier = 1;
}

def Bcssl_LarsOp : Bcssl_UpdateOp<"lars", [SameOperandsAndResultElementType]> {
  let summary = "Layer-wise adaptive rate scaling, one tensor";
  let description = [{
    ```
    g1 = g + weight_decay * p                 for tensors of rank 2 and more,
    g1 = g1 * eta * |p| / |g1|                where both norms are positive
    g1 = g                                    for vectors
    b' = momentum * b + g1
    p' = p - lr * b'
    ```

    As in dino, utils.LARS. Without `weight_decay` it is 0.

    Constraints:

    * (C1) All tensors have the parameter's shape.
    * (C2) `momentum` lies in [0, 1).
    * (C3) `eta` is positive.

    Example:

    ```mlir
    %p1, %b1 = bcssl.lars %p, %g, %b lr %lr momentum(0.9) eta(0.001)
        : tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>, tensor<f32> -> tensor<8x4xf32>, tensor<8x4xf32>
    ```
  }];
  let arguments = (ins Bcssl_Tensor:$param, Bcssl_Tensor:$grad, Bcssl_Tensor:$velocity,
                       Bcssl_Scalar:$learning_rate,
                       Optional<Bcssl_Scalar>:$weight_decay, F64Attr:$momentum, F64Attr:$eta);
  let results = (outs Bcssl_Tensor:$new_param, Bcssl_Tensor:$new_velocity);
  let assemblyFormat = [{
    $param `,` $grad `,` $velocity `lr` $learning_rate (`weight_decay` $weight_decay^ `:` type($weight_decay))?
    `momentum` `(` $momentum `)` `eta` `(` $eta `)` attr-dict
    `:` type($param) `,` type($grad) `,` type($velocity) `,` type($learning_rate) `->` type($new_param) `,` type($new_velocity)
  }];
  let hasVerifier = 1;
}

def Bcssl_EmaOp : Bcssl_UpdateOp<"ema", [SameOperandsAndResultElementType]> {
  let summary = "Exponential moving average of one tensor";
  let description = [{
    ```
    y = momentum * average + (1 - momentum) * value
    ```

    The momentum is a scalar value.

    Constraints:

    * (C1) `average`, `value` and the result have the same shape.

    Example:

    ```mlir
    %y = bcssl.ema %average, %value momentum %m
        : tensor<8x4xf32>, tensor<8x4xf32>, tensor<f32> -> tensor<8x4xf32>
    ```
  }];
  let arguments = (ins Bcssl_Tensor:$average, Bcssl_Tensor:$value, Bcssl_Scalar:$momentum);
  let results = (outs Bcssl_Tensor:$output);
  let assemblyFormat = [{
    $average `,` $value `momentum` $momentum attr-dict
    `:` type($average) `,` type($value) `,` type($momentum) `->` type($output)
  }];
  let hasVerifier = 1;
}

#endif // BCSSL_STATE_TD
