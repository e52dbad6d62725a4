// RUN: bcssl-opt %s -split-input-file -verify-diagnostics

func.func @channel_statistics_c1(%x: tensor<2x4x4x8xf32>, %shift: tensor<4xf32>) {
  // expected-error @below {{(C1) expects one value per channel, got 4 values for 8 channels}}
  %n, %s, %q = bcssl.channel_statistics %x, %shift : tensor<2x4x4x8xf32>, tensor<4xf32> -> tensor<f32>, tensor<8xf32>, tensor<8xf32>
  return
}

// -----

func.func @batch_moments_c1(%n: tensor<f32>, %s: tensor<8xf32>, %q: tensor<8xf32>, %shift: tensor<8xf32>) {
  // expected-error @below {{(C1) expects one value per channel, got 1 values for 8 channels}}
  %mean, %variance = bcssl.batch_moments %n, %s, %q, %shift : tensor<f32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32> -> tensor<8xf32>, tensor<1xf32>
  return
}

// -----

func.func @batch_norm_c1(%x: tensor<2x8xf32>, %v: tensor<8xf32>) {
  // expected-error @below {{(C1) expects result of shape 2x8, got 1x8}}
  %0 = bcssl.batch_norm %x, %v, %v, %v, %v epsilon(1.0e-5) : tensor<2x8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32> -> tensor<1x8xf32>
  return
}

// -----

func.func @batch_norm_c2(%x: tensor<2x8xf32>, %v: tensor<8xf32>, %w: tensor<2xf32>) {
  // expected-error @below {{(C2) expects one value per channel, got 2 values for 8 channels}}
  %0 = bcssl.batch_norm %x, %v, %v, %w, %v epsilon(1.0e-5) : tensor<2x8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<2xf32>, tensor<8xf32> -> tensor<2x8xf32>
  return
}

// -----

func.func @batch_norm_c3(%x: tensor<2x8xf32>, %v: tensor<8xf32>) {
  // expected-error @below {{(C3) expects a positive epsilon, got 0}}
  %0 = bcssl.batch_norm %x, %v, %v, %v, %v epsilon(0.0) : tensor<2x8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32> -> tensor<2x8xf32>
  return
}

// -----

func.func @layer_norm_c1(%x: tensor<2x8xf32>, %v: tensor<8xf32>) {
  // expected-error @below {{(C1) expects result of shape 2x8, got 8x2}}
  %0 = bcssl.layer_norm %x, %v, %v epsilon(1.0e-6) : tensor<2x8xf32>, tensor<8xf32>, tensor<8xf32> -> tensor<8x2xf32>
  return
}

// -----

func.func @layer_norm_c2(%x: tensor<2x8xf32>, %v: tensor<2xf32>) {
  // expected-error @below {{(C2) expects one value per channel, got 2 values for 8 channels}}
  %0 = bcssl.layer_norm %x, %v, %v epsilon(1.0e-6) : tensor<2x8xf32>, tensor<2xf32>, tensor<2xf32> -> tensor<2x8xf32>
  return
}

// -----

// Not a number is no positive number.
func.func @layer_norm_c3(%x: tensor<2x8xf32>, %v: tensor<8xf32>) {
  // expected-error @below {{(C3) expects a positive epsilon, got nan}}
  %0 = bcssl.layer_norm %x, %v, %v epsilon(0x7FF8000000000000) : tensor<2x8xf32>, tensor<8xf32>, tensor<8xf32> -> tensor<2x8xf32>
  return
}

// -----

func.func @l2_normalize_c1(%x: tensor<2x8xf32>) {
  // expected-error @below {{(C1) expects result of shape 2x8, got 2x1}}
  %0 = bcssl.l2_normalize %x epsilon(1.0e-12) : tensor<2x8xf32> -> tensor<2x1xf32>
  return
}

// -----

func.func @l2_normalize_c2(%x: tensor<2x8xf32>) {
  // expected-error @below {{(C2) expects a positive epsilon, got -1.0}}
  %0 = bcssl.l2_normalize %x epsilon(-1.0) : tensor<2x8xf32> -> tensor<2x8xf32>
  return
}

// -----

func.func @weight_norm_c1(%v: tensor<5x8xf32>, %g: tensor<1x5xf32>) {
  // expected-error @below {{(C1) expects gain of shape 5x1, got 1x5}}
  %0 = bcssl.weight_norm %v, %g : tensor<5x8xf32>, tensor<1x5xf32> -> tensor<5x8xf32>
  return
}

// -----

func.func @weight_norm_c2(%v: tensor<5x8xf32>, %g: tensor<5x1xf32>) {
  // expected-error @below {{(C2) expects result of shape 5x8, got 8x5}}
  %0 = bcssl.weight_norm %v, %g : tensor<5x8xf32>, tensor<5x1xf32> -> tensor<8x5xf32>
  return
}

// -----

func.func @running_average_c1(%a: tensor<8xf32>, %v: tensor<4xf32>) {
  // expected-error @below {{(C1) expects one value per channel, got 4 values for 8 channels}}
  %0 = bcssl.running_average %a, %v momentum(0.1) correction(1.0) : tensor<8xf32>, tensor<4xf32> -> tensor<8xf32>
  return
}

// -----

func.func @running_average_c2(%a: tensor<8xf32>) {
  // expected-error @below {{(C2) expects momentum in [0, 1], got 1.5}}
  %0 = bcssl.running_average %a, %a momentum(1.5) correction(1.0) : tensor<8xf32>, tensor<8xf32> -> tensor<8xf32>
  return
}

// -----

// What count / (count - 1) gives for one row.
func.func @running_average_c3(%a: tensor<8xf32>) {
  // expected-error @below {{(C3) expects a positive correction, got INF}}
  %0 = bcssl.running_average %a, %a momentum(0.1) correction(0x7FF0000000000000) : tensor<8xf32>, tensor<8xf32> -> tensor<8xf32>
  return
}
