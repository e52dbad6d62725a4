//===- Random.td - counter-based random draws ------------------*- tablegen -*-===//

#ifndef BCSSL_RANDOM_TD
#define BCSSL_RANDOM_TD

include "dialects/bcssl/Dialect.td"

def Bcssl_RandomUniformOp : Bcssl_Op<"random_uniform", [Pure]> {
  let summary = "Uniform draws in [0, 1), a function of (seed, step, stream, index)";
  let description = [{
    ```
    y[i] = (philox4x32_10(counter, key)[i mod 4] >> 8) * 2^-24
    counter = (i / 4, state[2], state[3], stream)
    key = (state[0], state[1])
    ```

    `state` holds (seed low, seed high, step low, step high) as i32 (Salmon et al.,
    "Parallel Random Numbers: As Easy as 1, 2, 3", 2011).

    Constraints:

    * (C1) `state` has 4 elements.
    * (C2) `stream` fits in 32 bits.

    Example:

    ```mlir
    %draw = bcssl.random_uniform %state stream(7) : tensor<4xi32> -> tensor<64xf32>
    ```
  }];
  let arguments = (ins Bcssl_IntVector:$state, I64Attr:$stream);
  let results = (outs Bcssl_Vector:$output);
  let assemblyFormat = [{
    $state `stream` `(` $stream `)` attr-dict
    `:` type($state) `->` type($output)
  }];
  let hasVerifier = 1;
}

#endif // BCSSL_RANDOM_TD
