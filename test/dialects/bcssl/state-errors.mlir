// RUN: bcssl-opt %s -split-input-file -verify-diagnostics

// expected-error @below {{(C1) expects zeros, ones, constant, trunc_normal, uniform or copy, got normal}}
bcssl.variable @variable_c1 : tensor<16xf32> init "normal"

// -----

// expected-error @below {{(C2) expects a finite value, for draws not negative, got -1.0}}
bcssl.variable @variable_c2 : tensor<16xf32> init "uniform" {value = -1.0}

// -----

// expected-error @below {{(C2) expects a finite value, for draws not negative, got INF}}
bcssl.variable @variable_c2_infinite : tensor<16xf32> init "constant" {value = 0x7FF0000000000000 : f64}

// -----

// expected-error @below {{(C3) expects `source` with copy and only there}}
bcssl.variable @variable_c3 : tensor<16xf32> init "copy"

// -----

bcssl.variable @other : tensor<16xf32> init "ones"
// expected-error @below {{(C3) expects `source` with copy and only there}}
bcssl.variable @variable_c3_superfluous : tensor<16xf32> init "zeros" {source = "other"}

// -----

// expected-error @below {{(C4) expects as many entries in `published_shape` as in `permutation`, got 2 and 3}}
bcssl.variable @variable_c4_length : tensor<8x16xf32> init "zeros" {published_shape = array<i64: 16, 8>, permutation = array<i64: 1, 0, -1>}

// -----

// expected-error @below {{(C4) expects as many entries in `published_shape` as in `permutation`, got 2 and 0}}
bcssl.variable @variable_c4_alone : tensor<8x16xf32> init "zeros" {published_shape = array<i64: 16, 8>}

// -----

// expected-error @below {{(C4) expects each dimension below 2 once in `permutation`, got 2}}
bcssl.variable @variable_c4_outside : tensor<8x16xf32> init "zeros" {published_shape = array<i64: 16, 8>, permutation = array<i64: 1, 2>}

// -----

// expected-error @below {{(C4) expects each dimension below 2 once in `permutation`, got 1}}
bcssl.variable @variable_c4_twice : tensor<8x8xf32> init "zeros" {published_shape = array<i64: 8, 8>, permutation = array<i64: 1, 1>}

// -----

// expected-error @below {{(C4) expects each dimension below 2 once in `permutation`, got none for 0}}
bcssl.variable @variable_c4_missing : tensor<8x16xf32> init "zeros" {published_shape = array<i64: 16>, permutation = array<i64: 1>}

// -----

// expected-error @below {{(C4) expects size 8 in `published_shape` for dimension 0, got 16}}
bcssl.variable @variable_c4_size : tensor<8x16xf32> init "zeros" {published_shape = array<i64: 16, 16>, permutation = array<i64: 1, 0>}

// -----

// expected-error @below {{(C5) expects `source` to name a variable of the same type that is not a copy, got nowhere}}
bcssl.variable @variable_c5 : tensor<16xf32> init "copy" {source = "nowhere"}

// -----

bcssl.variable @other : tensor<8xf32> init "ones"
// expected-error @below {{(C5) expects `source` to name a variable of the same type that is not a copy, got other}}
bcssl.variable @variable_c5_type : tensor<16xf32> init "copy" {source = "other"}

// -----

// expected-error @below {{(C5) expects `source` to name a variable of the same type that is not a copy, got variable_c5_self}}
bcssl.variable @variable_c5_self : tensor<16xf32> init "copy" {source = "variable_c5_self"}

// -----

func.func @gradient_c1(%loss: tensor<f32>, %w: tensor<8xf32>) {
  // expected-error @below {{(C1) expects one gradient per value and of its type, got 1 for 1}}
  %0 = bcssl.gradient %loss wrt %w : tensor<f32> wrt tensor<8xf32> -> tensor<4xf32>
  return
}

// -----

func.func @clip_by_norm_c1(%x: tensor<8xf32>) {
  // expected-error @below {{(C1) expects a positive norm, got 0}}
  %0 = bcssl.clip_by_norm %x max_norm(0.0) : tensor<8xf32>
  return
}

// -----

func.func @adamw_c1(%p: tensor<8xf32>, %m: tensor<4xf32>, %s: tensor<f32>) {
  // expected-error @below {{(C1) expects every tensor of shape 8, got 4}}
  %0:3 = bcssl.adamw %p, %p, %p, %m count %s lr %s betas(0.9, 0.999) epsilon(1.0e-8)
      : tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<4xf32>, tensor<f32>, tensor<f32> -> tensor<8xf32>, tensor<8xf32>, tensor<8xf32>
  return
}

// -----

func.func @adamw_c2(%p: tensor<8xf32>, %s: tensor<f32>) {
  // expected-error @below {{(C2) expects beta2 in [0, 1), got 1.0}}
  %0:3 = bcssl.adamw %p, %p, %p, %p count %s lr %s betas(0.9, 1.0) epsilon(1.0e-8)
      : tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<f32>, tensor<f32> -> tensor<8xf32>, tensor<8xf32>, tensor<8xf32>
  return
}

// -----

func.func @adamw_c2_beta1(%p: tensor<8xf32>, %s: tensor<f32>) {
  // expected-error @below {{(C2) expects beta1 in [0, 1), got 1.0}}
  %0:3 = bcssl.adamw %p, %p, %p, %p count %s lr %s betas(1.0, 0.999) epsilon(1.0e-8)
      : tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<f32>, tensor<f32> -> tensor<8xf32>, tensor<8xf32>, tensor<8xf32>
  return
}

// -----

func.func @adamw_c3(%p: tensor<8xf32>, %s: tensor<f32>) {
  // expected-error @below {{(C3) expects a positive epsilon, got 0}}
  %0:3 = bcssl.adamw %p, %p, %p, %p count %s lr %s betas(0.9, 0.999) epsilon(0.0)
      : tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<f32>, tensor<f32> -> tensor<8xf32>, tensor<8xf32>, tensor<8xf32>
  return
}

// -----

func.func @sgd_c1(%p: tensor<8xf32>, %g: tensor<1x8xf32>, %s: tensor<f32>) {
  // expected-error @below {{(C1) expects every tensor of shape 8, got 1x8}}
  %0:2 = bcssl.sgd %p, %g, %p lr %s momentum(0.9) : tensor<8xf32>, tensor<1x8xf32>, tensor<8xf32>, tensor<f32> -> tensor<8xf32>, tensor<8xf32>
  return
}

// -----

func.func @sgd_c2(%p: tensor<8xf32>, %s: tensor<f32>) {
  // expected-error @below {{(C2) expects momentum in [0, 1), got -1.0}}
  %0:2 = bcssl.sgd %p, %p, %p lr %s momentum(-1.0) : tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<f32> -> tensor<8xf32>, tensor<8xf32>
  return
}

// -----

func.func @lars_c1(%p: tensor<8xf32>, %s: tensor<f32>) {
  // expected-error @below {{(C1) expects every tensor of shape 8, got 4}}
  %0:2 = bcssl.lars %p, %p, %p lr %s momentum(0.9) eta(0.001) : tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<f32> -> tensor<8xf32>, tensor<4xf32>
  return
}

// -----

func.func @lars_c2(%p: tensor<8xf32>, %s: tensor<f32>) {
  // expected-error @below {{(C2) expects momentum in [0, 1), got 1.0}}
  %0:2 = bcssl.lars %p, %p, %p lr %s momentum(1.0) eta(0.001) : tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<f32> -> tensor<8xf32>, tensor<8xf32>
  return
}

// -----

func.func @lars_c3(%p: tensor<8xf32>, %s: tensor<f32>) {
  // expected-error @below {{(C3) expects a positive eta, got 0}}
  %0:2 = bcssl.lars %p, %p, %p lr %s momentum(0.9) eta(0.0) : tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<f32> -> tensor<8xf32>, tensor<8xf32>
  return
}

// -----

func.func @ema_c1(%a: tensor<8xf32>, %v: tensor<4xf32>, %s: tensor<f32>) {
  // expected-error @below {{(C1) expects every tensor of shape 8, got 4}}
  %0 = bcssl.ema %a, %v momentum %s : tensor<8xf32>, tensor<4xf32>, tensor<f32> -> tensor<8xf32>
  return
}

// -----

func.func @random_uniform_c1(%state: tensor<2xi32>) {
  // expected-error @below {{(C1) expects state of shape 4, got 2}}
  %0 = bcssl.random_uniform %state stream(7) : tensor<2xi32> -> tensor<64xf32>
  return
}

// -----

func.func @random_uniform_c2(%state: tensor<4xi32>) {
  // expected-error @below {{(C2) expects a stream of 0 to 4294967295, got 4294967296}}
  %0 = bcssl.random_uniform %state stream(4294967296) : tensor<4xi32> -> tensor<64xf32>
  return
}

// -----

func.func @random_uniform_c2_negative(%state: tensor<4xi32>) {
  // expected-error @below {{(C2) expects a stream of 0 to 4294967295, got -1}}
  %0 = bcssl.random_uniform %state stream(-1) : tensor<4xi32> -> tensor<64xf32>
  return
}
