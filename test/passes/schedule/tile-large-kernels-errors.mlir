// RUN: bcssl-opt %s --pass-pipeline="builtin.module(func.func(bcssl-tile-large-kernels))" --split-input-file --verify-diagnostics

// A convolution needs the family that emits it.
func.func @family(%x: tensor<1x4x4x8xf32>, %w: tensor<3x3x8xf32>) -> tensor<1x4x4x8xf32> {
  // expected-error @below {{'bcssl.kernel' op expects no anchor in a rowwise kernel, got 1}}
  %y = bcssl.kernel rowwise(%a = %x, %b = %w) : (tensor<1x4x4x8xf32>, tensor<3x3x8xf32>) -> tensor<1x4x4x8xf32> {
    %c = bcssl.depthwise_conv2d %a, %b : tensor<1x4x4x8xf32>, tensor<3x3x8xf32> -> tensor<1x4x4x8xf32>
    bcssl.yield %c : tensor<1x4x4x8xf32>
  }
  return %y : tensor<1x4x4x8xf32>
}

// -----

// A filter that the kernel computes itself lies in no memory.
func.func @computed_filter(%x: tensor<1x4x4x8xf32>, %w: tensor<3x3x8xf32>) -> tensor<1x4x4x8xf32> {
  %y = bcssl.kernel depthwise(%a = %x, %b = %w) : (tensor<1x4x4x8xf32>, tensor<3x3x8xf32>) -> tensor<1x4x4x8xf32> {
    %e = math.exp %b : tensor<3x3x8xf32>
    // expected-error @below {{'bcssl.depthwise_conv2d' op expects inputs of the kernel as operands of the anchor}}
    %c = bcssl.depthwise_conv2d %a, %e : tensor<1x4x4x8xf32>, tensor<3x3x8xf32> -> tensor<1x4x4x8xf32>
    bcssl.yield %c : tensor<1x4x4x8xf32>
  }
  return %y : tensor<1x4x4x8xf32>
}

// -----

func.func @two_anchors(%x: tensor<1x4x4x8xf32>, %w: tensor<3x3x8xf32>) -> tensor<1x4x4x8xf32> {
  // expected-error @below {{'bcssl.kernel' op expects one anchor in a depthwise kernel, got 2}}
  %y = bcssl.kernel depthwise(%a = %x, %b = %w) : (tensor<1x4x4x8xf32>, tensor<3x3x8xf32>) -> tensor<1x4x4x8xf32> {
    %c = bcssl.depthwise_conv2d %a, %b : tensor<1x4x4x8xf32>, tensor<3x3x8xf32> -> tensor<1x4x4x8xf32>
    %d = bcssl.depthwise_conv2d %c, %b : tensor<1x4x4x8xf32>, tensor<3x3x8xf32> -> tensor<1x4x4x8xf32>
    bcssl.yield %d : tensor<1x4x4x8xf32>
  }
  return %y : tensor<1x4x4x8xf32>
}
