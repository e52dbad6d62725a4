// RUN: bcssl-opt %s --bcssl-differentiate --split-input-file --verify-diagnostics

// The teacher's assignment has no derivative; without stop_gradient that is a
// mistake of the model.
func.func @sinkhorn(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  // expected-error @below {{'bcssl.sinkhorn' op has no derivative, but lies between a loss and a value to differentiate by}}
  %q = bcssl.sinkhorn %x iterations(3) : tensor<2x3xf32> -> tensor<2x3xf32>
  %loss = bcssl.reduce sum %q dims [0, 1] : tensor<2x3xf32> -> tensor<f32>
  // expected-note @below {{the gradient is taken here}}
  %dx = bcssl.gradient %loss wrt %x : tensor<f32> wrt tensor<2x3xf32> -> tensor<2x3xf32>
  return %dx : tensor<2x3xf32>
}

// -----

// So with the teacher's probabilities,
func.func @probabilities(%x: tensor<4x3xf32>) -> tensor<4x3xf32> {
  %p = bcssl.softmax %x : tensor<4x3xf32>
  // expected-error @below {{'bcssl.cross_view_cross_entropy' op has no derivative by operand 1, which depends on a value to differentiate by: put bcssl.stop_gradient before it}}
  %loss = bcssl.cross_view_cross_entropy %x, %p views(2) teacher_views(2) : tensor<4x3xf32>, tensor<4x3xf32> -> tensor<f32>
  // expected-note @below {{the gradient is taken here}}
  %dx = bcssl.gradient %loss wrt %x : tensor<f32> wrt tensor<4x3xf32> -> tensor<4x3xf32>
  return %dx : tensor<4x3xf32>
}

// -----

// and with the shift of statistics.
func.func @statistics_shift(%x: tensor<4x3xf32>) -> tensor<4x3xf32> {
  %shift = bcssl.reduce sum %x dims [0] : tensor<4x3xf32> -> tensor<3xf32>
  // expected-error @below {{'bcssl.channel_statistics' op has no derivative by operand 1}}
  %n, %s, %q = bcssl.channel_statistics %x, %shift : tensor<4x3xf32>, tensor<3xf32> -> tensor<f32>, tensor<3xf32>, tensor<3xf32>
  %loss = bcssl.reduce sum %q dims [0] : tensor<3xf32> -> tensor<f32>
  // expected-note @below {{the gradient is taken here}}
  %dx = bcssl.gradient %loss wrt %x : tensor<f32> wrt tensor<4x3xf32> -> tensor<4x3xf32>
  return %dx : tensor<4x3xf32>
}

// -----

func.func @moments_shift(%x: tensor<3xf32>, %n: tensor<f32>, %s: tensor<3xf32>, %q: tensor<3xf32>) -> tensor<3xf32> {
  // expected-error @below {{'bcssl.batch_moments' op has no derivative by operand 3}}
  %mean, %variance = bcssl.batch_moments %n, %s, %q, %x : tensor<f32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32> -> tensor<3xf32>, tensor<3xf32>
  %loss = bcssl.reduce sum %mean dims [0] : tensor<3xf32> -> tensor<f32>
  // expected-note @below {{the gradient is taken here}}
  %dx = bcssl.gradient %loss wrt %x : tensor<f32> wrt tensor<3xf32> -> tensor<3xf32>
  return %dx : tensor<3xf32>
}

// -----

// Of the two kinds of reduction only the sum has a derivative.
func.func @maximum(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  // expected-error @below {{'bcssl.reduce' op has no derivative}}
  %m = bcssl.reduce max %x dims [1] : tensor<2x3xf32> -> tensor<2xf32>
  %loss = bcssl.reduce sum %m dims [0] : tensor<2xf32> -> tensor<f32>
  // expected-note @below {{the gradient is taken here}}
  %dx = bcssl.gradient %loss wrt %x : tensor<f32> wrt tensor<2x3xf32> -> tensor<2x3xf32>
  return %dx : tensor<2x3xf32>
}

// -----

// A function of math without a rule.
func.func @cosine(%x: tensor<3xf32>) -> tensor<3xf32> {
  // expected-error @below {{'math.cos' op has no derivative}}
  %c = math.cos %x : tensor<3xf32>
  %loss = bcssl.reduce sum %c dims [0] : tensor<3xf32> -> tensor<f32>
  // expected-note @below {{the gradient is taken here}}
  %dx = bcssl.gradient %loss wrt %x : tensor<f32> wrt tensor<3xf32> -> tensor<3xf32>
  return %dx : tensor<3xf32>
}

// -----

// The first gradient's graph holds gelu_grad, which has no derivative itself.
func.func @second_order(%x: tensor<3xf32>) -> tensor<3xf32> {
  // expected-error @below {{'bcssl.gelu_grad' op has no derivative}}
  %y = bcssl.gelu %x : tensor<3xf32>
  %loss = bcssl.reduce sum %y dims [0] : tensor<3xf32> -> tensor<f32>
  %dx = bcssl.gradient %loss wrt %x : tensor<f32> wrt tensor<3xf32> -> tensor<3xf32>
  %norm = bcssl.reduce sum %dx dims [0] : tensor<3xf32> -> tensor<f32>
  // expected-note @below {{the gradient is taken here}}
  %ddx = bcssl.gradient %norm wrt %x : tensor<f32> wrt tensor<3xf32> -> tensor<3xf32>
  return %ddx : tensor<3xf32>
}

// -----

// The loss is computed outside of the branch in which its gradient is taken.
func.func @another_block(%x: tensor<3xf32>, %wanted: i1) -> tensor<3xf32> {
  %loss = bcssl.reduce sum %x dims [0] : tensor<3xf32> -> tensor<f32>
  %dx = scf.if %wanted -> tensor<3xf32> {
    // expected-error @below {{'bcssl.gradient' op expects the loss and the values in the block of the gradient}}
    %d = bcssl.gradient %loss wrt %x : tensor<f32> wrt tensor<3xf32> -> tensor<3xf32>
    scf.yield %d : tensor<3xf32>
  } else {
    scf.yield %x : tensor<3xf32>
  }
  return %dx : tensor<3xf32>
}
