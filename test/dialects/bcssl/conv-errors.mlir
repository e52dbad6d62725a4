// RUN: bcssl-opt %s -split-input-file -verify-diagnostics

func.func @depthwise_conv2d_c1(%x: tensor<2x8x8x16xf32>, %w: tensor<3x3x16xf32>) {
  // expected-error @below {{(C1) expects result of shape 2x8x8x16, got 2x6x6x16}}
  %0 = bcssl.depthwise_conv2d %x, %w : tensor<2x8x8x16xf32>, tensor<3x3x16xf32> -> tensor<2x6x6x16xf32>
  return
}

// -----

func.func @depthwise_conv2d_c2(%x: tensor<2x8x8x16xf32>, %w: tensor<3x4x16xf32>) {
  // expected-error @below {{(C2) expects odd filter sizes, got 3x4}}
  %0 = bcssl.depthwise_conv2d %x, %w : tensor<2x8x8x16xf32>, tensor<3x4x16xf32> -> tensor<2x8x8x16xf32>
  return
}

// -----

func.func @depthwise_conv2d_c3(%x: tensor<2x8x8x96xf32>, %w: tensor<3x3x64xf32>) {
  // expected-error @below {{(C3) expects one filter per channel, got 64 filters for 96 channels}}
  %0 = bcssl.depthwise_conv2d %x, %w : tensor<2x8x8x96xf32>, tensor<3x3x64xf32> -> tensor<2x8x8x96xf32>
  return
}

// -----

// The type says it: every size is known.
func.func @depthwise_conv2d_dynamic(%x: tensor<?x8x8x16xf32>, %w: tensor<3x3x16xf32>) {
  // expected-error @below {{operand #0 must be 4D tensor of positive sizes}}
  %0 = bcssl.depthwise_conv2d %x, %w : tensor<?x8x8x16xf32>, tensor<3x3x16xf32> -> tensor<?x8x8x16xf32>
  return
}

// -----

// The type says it: no tensor is empty.
func.func @depthwise_conv2d_empty(%x: tensor<0x8x8x16xf32>, %w: tensor<3x3x16xf32>) {
  // expected-error @below {{operand #0 must be 4D tensor of positive sizes}}
  %0 = bcssl.depthwise_conv2d %x, %w : tensor<0x8x8x16xf32>, tensor<3x3x16xf32> -> tensor<0x8x8x16xf32>
  return
}

// -----

// The trait says it: precision changes only in `cast`.
func.func @depthwise_conv2d_mixed(%x: tensor<2x8x8x16xf32>, %w: tensor<3x3x16xbf16>) {
  // expected-error @below {{(C4) expects operands of one element type and a result of it or of f32}}
  %0 = bcssl.depthwise_conv2d %x, %w : tensor<2x8x8x16xf32>, tensor<3x3x16xbf16> -> tensor<2x8x8x16xf32>
  return
}

// -----

func.func @depthwise_conv2d_input_grad_c1(%dy: tensor<2x8x8x16xf32>, %w: tensor<3x3x16xf32>) {
  // expected-error @below {{(C1) expects result of shape 2x8x8x16, got 2x8x9x16}}
  %0 = bcssl.depthwise_conv2d_input_grad %dy, %w : tensor<2x8x8x16xf32>, tensor<3x3x16xf32> -> tensor<2x8x9x16xf32>
  return
}

// -----

func.func @depthwise_conv2d_input_grad_c2(%dy: tensor<2x8x8x16xf32>, %w: tensor<2x3x16xf32>) {
  // expected-error @below {{(C2) expects odd filter sizes, got 2x3}}
  %0 = bcssl.depthwise_conv2d_input_grad %dy, %w : tensor<2x8x8x16xf32>, tensor<2x3x16xf32> -> tensor<2x8x8x16xf32>
  return
}

// -----

func.func @depthwise_conv2d_input_grad_c3(%dy: tensor<2x8x8x16xf32>, %w: tensor<3x3x8xf32>) {
  // expected-error @below {{(C3) expects one filter per channel, got 8 filters for 16 channels}}
  %0 = bcssl.depthwise_conv2d_input_grad %dy, %w : tensor<2x8x8x16xf32>, tensor<3x3x8xf32> -> tensor<2x8x8x16xf32>
  return
}

// -----

func.func @depthwise_conv2d_filter_grad_c1(%x: tensor<2x8x8x16xf32>, %dy: tensor<1x8x8x16xf32>) {
  // expected-error @below {{(C1) expects output gradient of shape 2x8x8x16, got 1x8x8x16}}
  %0 = bcssl.depthwise_conv2d_filter_grad %x, %dy : tensor<2x8x8x16xf32>, tensor<1x8x8x16xf32> -> tensor<3x3x16xf32>
  return
}

// -----

func.func @depthwise_conv2d_filter_grad_c2(%x: tensor<2x8x8x16xf32>) {
  // expected-error @below {{(C2) expects odd filter sizes, got 8x3}}
  %0 = bcssl.depthwise_conv2d_filter_grad %x, %x : tensor<2x8x8x16xf32>, tensor<2x8x8x16xf32> -> tensor<8x3x16xf32>
  return
}

// -----

func.func @depthwise_conv2d_filter_grad_c3(%x: tensor<2x8x8x16xf32>) {
  // expected-error @below {{(C3) expects one filter per channel, got 1 filters for 16 channels}}
  %0 = bcssl.depthwise_conv2d_filter_grad %x, %x : tensor<2x8x8x16xf32>, tensor<2x8x8x16xf32> -> tensor<3x3x1xf32>
  return
}

// -----

func.func @patchify_conv2d_c1(%x: tensor<2x8x12x3xf32>, %w: tensor<16x4x2x3xf32>) {
  // expected-error @below {{(C1) expects a square filter, got 4x2}}
  %0 = bcssl.patchify_conv2d %x, %w : tensor<2x8x12x3xf32>, tensor<16x4x2x3xf32> -> tensor<2x2x3x16xf32>
  return
}

// -----

func.func @patchify_conv2d_c2(%x: tensor<2x8x12x3xf32>, %w: tensor<16x4x4x1xf32>) {
  // expected-error @below {{(C2) expects the filter's last size to be the input's channels, got 1 for 3 channels}}
  %0 = bcssl.patchify_conv2d %x, %w : tensor<2x8x12x3xf32>, tensor<16x4x4x1xf32> -> tensor<2x2x3x16xf32>
  return
}

// -----

func.func @patchify_conv2d_c3(%x: tensor<2x8x10x3xf32>, %w: tensor<16x4x4x3xf32>) {
  // expected-error @below {{(C3) expects height and width divisible by 4, got 8x10}}
  %0 = bcssl.patchify_conv2d %x, %w : tensor<2x8x10x3xf32>, tensor<16x4x4x3xf32> -> tensor<2x2x2x16xf32>
  return
}

// -----

func.func @patchify_conv2d_c4(%x: tensor<2x8x12x3xf32>, %w: tensor<16x4x4x3xf32>) {
  // expected-error @below {{(C4) expects result of shape 2x2x3x16, got 2x2x3x8}}
  %0 = bcssl.patchify_conv2d %x, %w : tensor<2x8x12x3xf32>, tensor<16x4x4x3xf32> -> tensor<2x2x3x8xf32>
  return
}

// -----

func.func @patchify_conv2d_c5(%x: tensor<2x8x12x3xf32>, %w: tensor<16x4x4x3xf32>, %b: tensor<3xf32>) {
  // expected-error @below {{(C5) expects one value per channel, got 3 values for 16 channels}}
  %0 = bcssl.patchify_conv2d %x, %w, %b : tensor<2x8x12x3xf32>, tensor<16x4x4x3xf32>, tensor<3xf32> -> tensor<2x2x3x16xf32>
  return
}

// -----

func.func @space_to_depth_c1(%x: tensor<2x8x12x3xf32>) {
  // expected-error @below {{(C1) expects a block of 1 to 1073741824, got 0}}
  %0 = bcssl.space_to_depth %x block(0) : tensor<2x8x12x3xf32> -> tensor<2x2x3x48xf32>
  return
}

// -----

func.func @space_to_depth_c2(%x: tensor<2x8x12x3xf32>) {
  // expected-error @below {{(C2) expects height and width divisible by 8, got 8x12}}
  %0 = bcssl.space_to_depth %x block(8) : tensor<2x8x12x3xf32> -> tensor<2x1x1x192xf32>
  return
}

// -----

func.func @space_to_depth_c3(%x: tensor<2x8x12x3xf32>) {
  // expected-error @below {{(C3) expects result of shape 2x2x3x48, got 2x2x3x12}}
  %0 = bcssl.space_to_depth %x block(4) : tensor<2x8x12x3xf32> -> tensor<2x2x3x12xf32>
  return
}

// -----

func.func @depth_to_space_c1(%x: tensor<2x2x3x48xf32>) {
  // expected-error @below {{(C1) expects a block of 1 to 1073741824, got -4}}
  %0 = bcssl.depth_to_space %x block(-4) : tensor<2x2x3x48xf32> -> tensor<2x8x12x3xf32>
  return
}

// -----

func.func @depth_to_space_c2(%x: tensor<2x2x3x40xf32>) {
  // expected-error @below {{(C2) expects channels divisible by 16, got 40}}
  %0 = bcssl.depth_to_space %x block(4) : tensor<2x2x3x40xf32> -> tensor<2x8x12x3xf32>
  return
}

// -----

func.func @depth_to_space_c3(%x: tensor<2x2x3x48xf32>) {
  // expected-error @below {{(C3) expects result of shape 2x8x12x3, got 2x8x8x3}}
  %0 = bcssl.depth_to_space %x block(4) : tensor<2x2x3x48xf32> -> tensor<2x8x8x3xf32>
  return
}
