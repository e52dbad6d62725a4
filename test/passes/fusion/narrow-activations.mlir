// RUN: bcssl-opt %s --pass-pipeline="builtin.module(func.func(bcssl-narrow-activations{min-elements=32}))" | FileCheck %s

!x = tensor<4x8xf32>
!n = tensor<4x8xbf16>
!w = tensor<8x8xbf16>

// The kernel goes on with the f32 value, stores its rounding, and the reader
// widens it. A statistic of rows and a sum over images stay as they are.

// CHECK-LABEL: func.func @crossing(
// CHECK:         %[[A:.*]]:2 = bcssl.kernel contraction({{.*}}) -> (tensor<4x8xbf16>, tensor<1x8xf32>)
// CHECK:           %[[Y:.*]] = bcssl.contract nt
// CHECK:           bcssl.reduce_partial %[[Y]]
// CHECK:           %[[R:.*]] = arith.truncf %[[Y]]
// CHECK:           bcssl.yield %[[R]], %{{.*}} : tensor<4x8xbf16>, tensor<1x8xf32>
// CHECK:         bcssl.kernel rowwise(%[[I:.*]] = %[[A]]#0) : (tensor<4x8xbf16>) -> (tensor<4xf32>, tensor<4x8xf32>)
// CHECK:           %[[WIDE:.*]] = arith.extf %[[I]]
// CHECK:           bcssl.reduce sum %[[WIDE]] dims [1]
// CHECK:           arith.mulf %[[WIDE]], %[[WIDE]]
// CHECK:         return
func.func @crossing(%x: !n {bcssl.input = "x"}, %w: !w {bcssl.variable = "w"}) -> (tensor<4xf32>, !x, tensor<1x8xf32>) {
  %a, %p = bcssl.kernel contraction(%i = %x, %j = %w) : (!n, !w) -> (!x, tensor<1x8xf32>) {
    %y = bcssl.contract nt %i, %j : !n, !w -> !x
    %s = bcssl.reduce_partial %y rows(4) : !x -> tensor<1x8xf32>
    bcssl.yield %y, %s : !x, tensor<1x8xf32>
  }
  %b:2 = bcssl.kernel rowwise(%i = %a) : (!x) -> (tensor<4xf32>, !x) {
    %s = bcssl.reduce sum %i dims [1] : !x -> tensor<4xf32>
    %q = arith.mulf %i, %i : !x
    bcssl.yield %s, %q : tensor<4xf32>, !x
  }
  return %b#0, %b#1, %p : tensor<4xf32>, !x, tensor<1x8xf32>
}

// A value that goes into products too is stored and read once.

// CHECK-LABEL: func.func @stored_once(
// CHECK:         %[[A:.*]] = bcssl.kernel rowwise({{.*}}) : (tensor<4x8xbf16>) -> tensor<4x8xbf16>
// CHECK:           %[[R:.*]] = arith.truncf
// CHECK-NOT:       arith.truncf
// CHECK:           bcssl.yield %[[R]] : tensor<4x8xbf16>
// CHECK:         bcssl.kernel contraction(%[[I:.*]] = %[[A]], %[[J:.*]] = %{{.*}}) : (tensor<4x8xbf16>, tensor<8x8xbf16>) -> tensor<4x8xf32>
// CHECK:           %[[WIDE:.*]] = arith.extf %[[I]]
// CHECK:           bcssl.contract nt %[[I]], %[[J]]
// CHECK:           arith.addf %{{.*}}, %[[WIDE]]
func.func @stored_once(%x: !n {bcssl.input = "x"}, %w: !w {bcssl.variable = "w"}) -> !x {
  %a:2 = bcssl.kernel rowwise(%i = %x) : (!n) -> (!x, !n) {
    %f = arith.extf %i : !n to !x
    %q = arith.mulf %f, %f : !x
    %r = arith.truncf %q : !x to !n
    bcssl.yield %q, %r : !x, !n
  }
  %b = bcssl.kernel contraction(%i = %a#1, %j = %w, %k = %a#0) : (!n, !w, !x) -> !x {
    %y = bcssl.contract nt %i, %j : !n, !w -> !x
    %s = arith.addf %y, %k : !x
    bcssl.yield %s : !x
  }
  return %b : !x
}

// Reshapes and moves between two kernels go along.

// CHECK-LABEL: func.func @moved(
// CHECK:         bcssl.kernel contraction({{.*}}) -> tensor<2x2x2x8xbf16>
// CHECK:         bcssl.kernel movement({{.*}}) : (tensor<2x2x2x8xbf16>) -> tensor<2x4x4x2xbf16>
// CHECK:           bcssl.depth_to_space %{{.*}} block(2) : tensor<2x2x2x8xbf16> -> tensor<2x4x4x2xbf16>
// CHECK:         %[[V:.*]] = bcssl.reshape %{{.*}} : tensor<2x4x4x2xbf16> -> tensor<32x2xbf16>
// CHECK:         bcssl.kernel rowwise({{.*}} = %[[V]]) : (tensor<32x2xbf16>) -> tensor<32x2xf32>
func.func @moved(%x: tensor<2x2x2x8xbf16> {bcssl.input = "x"}, %w: !w {bcssl.variable = "w"}) -> tensor<32x2xf32> {
  %a = bcssl.kernel contraction(%i = %x, %j = %w) : (tensor<2x2x2x8xbf16>, !w) -> tensor<2x2x2x8xf32> {
    %y = bcssl.contract nt %i, %j : tensor<2x2x2x8xbf16>, !w -> tensor<2x2x2x8xf32>
    bcssl.yield %y : tensor<2x2x2x8xf32>
  }
  %b = bcssl.kernel movement(%i = %a) : (tensor<2x2x2x8xf32>) -> tensor<2x4x4x2xf32> {
    %y = bcssl.depth_to_space %i block(2) : tensor<2x2x2x8xf32> -> tensor<2x4x4x2xf32>
    bcssl.yield %y : tensor<2x4x4x2xf32>
  }
  %v = bcssl.reshape %b : tensor<2x4x4x2xf32> -> tensor<32x2xf32>
  %c = bcssl.kernel rowwise(%i = %v) : (tensor<32x2xf32>) -> tensor<32x2xf32> {
    %y = arith.mulf %i, %i : tensor<32x2xf32>
    bcssl.yield %y : tensor<32x2xf32>
  }
  return %c : tensor<32x2xf32>
}

// The columnwise sum takes its input from memory, so that the move before it
// and the product before that stay.

// CHECK-LABEL: func.func @columns(
// CHECK:         bcssl.kernel contraction({{.*}}) -> tensor<2x2x2x8xf32>
// CHECK:         bcssl.kernel movement({{.*}}) -> tensor<2x4x4x2xf32>
// CHECK:         bcssl.kernel columnwise({{.*}}) : (tensor<2x4x4x2xf32>)
func.func @columns(%x: tensor<2x2x2x8xbf16> {bcssl.input = "x"}, %w: !w {bcssl.variable = "w"}) -> tensor<2x2xf32> {
  %a = bcssl.kernel contraction(%i = %x, %j = %w) : (tensor<2x2x2x8xbf16>, !w) -> tensor<2x2x2x8xf32> {
    %y = bcssl.contract nt %i, %j : tensor<2x2x2x8xbf16>, !w -> tensor<2x2x2x8xf32>
    bcssl.yield %y : tensor<2x2x2x8xf32>
  }
  %b = bcssl.kernel movement(%i = %a) : (tensor<2x2x2x8xf32>) -> tensor<2x4x4x2xf32> {
    %y = bcssl.depth_to_space %i block(2) : tensor<2x2x2x8xf32> -> tensor<2x4x4x2xf32>
    bcssl.yield %y : tensor<2x4x4x2xf32>
  }
  %c = bcssl.kernel columnwise(%i = %b) : (tensor<2x4x4x2xf32>) -> tensor<2x2xf32> {
    %y = bcssl.reduce sum %i dims [1, 2] : tensor<2x4x4x2xf32> -> tensor<2x2xf32>
    bcssl.yield %y : tensor<2x2xf32>
  }
  return %c : tensor<2x2xf32>
}

// Logits and probabilities stay: a maximum is taken of them.

// CHECK-LABEL: func.func @softmax(
// CHECK-NOT:     arith.truncf
// CHECK:         return
func.func @softmax(%x: !n {bcssl.input = "x"}, %w: !w {bcssl.variable = "w"}) -> !x {
  %a = bcssl.kernel contraction(%i = %x, %j = %w) : (!n, !w) -> !x {
    %c = arith.constant dense<10.0> : !x
    %y = bcssl.contract nt %i, %j : !n, !w -> !x
    %l = arith.mulf %y, %c : !x
    bcssl.yield %l : !x
  }
  %m = bcssl.kernel rowwise(%i = %a) : (!x) -> !x {
    %s = bcssl.reduce max %i dims [1] : !x -> tensor<4xf32>
    %b = bcssl.broadcast %s dims [0] : tensor<4xf32> -> !x
    %d = arith.subf %i, %b : !x
    %e = math.exp %d : !x
    bcssl.yield %e : !x
  }
  %p = bcssl.kernel rowwise(%i = %m) : (!x) -> !x {
    %l = math.log %i : !x
    bcssl.yield %l : !x
  }
  return %p : !x
}

// Gradients of weights and what follows from them stay: they are sums over
// images. So do statistics of rows, however many there are.

// CHECK-LABEL: func.func @sums(
// CHECK-NOT:     arith.truncf
// CHECK:         return
func.func @sums(%x: tensor<8x4x8xbf16> {bcssl.input = "x"}, %v: tensor<8x8xf32> {bcssl.variable = "v"}) -> (tensor<8x8xf32>, tensor<8x4xf32>) {
  %a = bcssl.kernel contraction(%i = %x) : (tensor<8x4x8xbf16>) -> tensor<8x8xf32> {
    %y = bcssl.contract tn %i, %i : tensor<8x4x8xbf16>, tensor<8x4x8xbf16> -> tensor<8x8xf32>
    bcssl.yield %y : tensor<8x8xf32>
  }
  %b = bcssl.kernel rowwise(%i = %a, %j = %v) : (tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<8x8xf32> {
    %y = arith.addf %i, %j : tensor<8x8xf32>
    bcssl.yield %y : tensor<8x8xf32>
  }
  %c = bcssl.kernel rowwise(%i = %b) : (tensor<8x8xf32>) -> tensor<8x8xf32> {
    %y = arith.mulf %i, %i : tensor<8x8xf32>
    bcssl.yield %y : tensor<8x8xf32>
  }
  %r = bcssl.kernel rowwise(%i = %x) : (tensor<8x4x8xbf16>) -> tensor<8x4xf32> {
    %f = arith.extf %i : tensor<8x4x8xbf16> to tensor<8x4x8xf32>
    %y = bcssl.reduce sum %f dims [2] : tensor<8x4x8xf32> -> tensor<8x4xf32>
    bcssl.yield %y : tensor<8x4xf32>
  }
  %s = bcssl.kernel rowwise(%i = %r) : (tensor<8x4xf32>) -> tensor<8x4xf32> {
    %y = arith.mulf %i, %i : tensor<8x4xf32>
    bcssl.yield %y : tensor<8x4xf32>
  }
  return %c, %s : tensor<8x8xf32>, tensor<8x4xf32>
}

// Few elements are not worth it.

// CHECK-LABEL: func.func @small(
// CHECK:         bcssl.kernel contraction({{.*}}) -> tensor<3x8xf32>
func.func @small(%x: tensor<3x8xbf16> {bcssl.input = "x"}, %w: !w {bcssl.variable = "w"}) -> tensor<3x8xf32> {
  %a = bcssl.kernel contraction(%i = %x, %j = %w) : (tensor<3x8xbf16>, !w) -> tensor<3x8xf32> {
    %y = bcssl.contract nt %i, %j : tensor<3x8xbf16>, !w -> tensor<3x8xf32>
    bcssl.yield %y : tensor<3x8xf32>
  }
  %b = bcssl.kernel rowwise(%i = %a) : (tensor<3x8xf32>) -> tensor<3x8xf32> {
    %y = arith.mulf %i, %i : tensor<3x8xf32>
    bcssl.yield %y : tensor<3x8xf32>
  }
  return %b : tensor<3x8xf32>
}

// A program in f32 stays one.

// CHECK-LABEL: func.func @single(
// CHECK-NOT:     bf16
// CHECK:         return
func.func @single(%x: !x {bcssl.input = "x"}, %w: tensor<8x8xf32> {bcssl.variable = "w"}) -> !x {
  %a = bcssl.kernel contraction(%i = %x, %j = %w) : (!x, tensor<8x8xf32>) -> !x {
    %y = bcssl.contract nt %i, %j : !x, tensor<8x8xf32> -> !x
    bcssl.yield %y : !x
  }
  %b = bcssl.kernel rowwise(%i = %a) : (!x) -> !x {
    %y = arith.mulf %i, %i : !x
    bcssl.yield %y : !x
  }
  return %b : !x
}
