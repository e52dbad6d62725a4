// RUN: bcssl-opt %s --pass-pipeline="builtin.module(func.func(bcssl-merge-kernels{most-bytes=8192}))" --split-input-file | FileCheck %s
// RUN: bcssl-opt %s --pass-pipeline="builtin.module(func.func(bcssl-merge-kernels{most-bytes=8192 spare-bytes=0}))" --split-input-file | FileCheck %s --check-prefix=TIGHT

// Updates of two parameters, whatever their shapes: one launch. An operand of
// both is one operand.

// CHECK-LABEL: func.func @updates(
// CHECK-SAME:    %[[A:.*]]: tensor<8xf32>, %[[B:.*]]: tensor<2x4xf32>, %[[RATE:.*]]: tensor<f32>)
// CHECK:         %[[R:.*]]:2 = bcssl.kernel rowwise(%[[X:.*]] = %[[A]], %[[Y:.*]] = %[[RATE]], %[[Z:.*]] = %[[B]])
// CHECK-SAME:      -> (tensor<8xf32>, tensor<2x4xf32>) {
// CHECK-NEXT:      %[[P:.*]] = bcssl.kernel rowwise(%{{.*}} = %[[X]], %{{.*}} = %[[Y]])
// CHECK:           %[[Q:.*]] = bcssl.kernel rowwise(%{{.*}} = %[[Z]], %{{.*}} = %[[Y]])
// CHECK:           bcssl.yield %[[P]], %[[Q]]
// CHECK:         return %[[R]]#0, %[[R]]#1
func.func @updates(%a: tensor<8xf32>, %b: tensor<2x4xf32>, %rate: tensor<f32>) -> (tensor<8xf32>, tensor<2x4xf32>) {
  %0 = bcssl.kernel rowwise(%x = %a, %r = %rate) : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32> {
    %t = bcssl.broadcast %r dims [] : tensor<f32> -> tensor<8xf32>
    %y = arith.mulf %x, %t : tensor<8xf32>
    bcssl.yield %y : tensor<8xf32>
  }
  %1 = bcssl.kernel rowwise(%x = %b, %r = %rate) : (tensor<2x4xf32>, tensor<f32>) -> tensor<2x4xf32> {
    %t = bcssl.broadcast %r dims [] : tensor<f32> -> tensor<2x4xf32>
    %y = arith.mulf %x, %t : tensor<2x4xf32>
    bcssl.yield %y : tensor<2x4xf32>
  }
  return %0, %1 : tensor<8xf32>, tensor<2x4xf32>
}

// -----

// Two chains become two launches, one for each step: the second steps wait
// until both first ones are there. Reshapes stand behind what they are of.

// CHECK-LABEL: func.func @chains(
// CHECK:         %[[FIRST:.*]]:2 = bcssl.kernel rowwise(
// CHECK-COUNT-2:   math.sqrt
// CHECK:         %[[FLAT:.*]] = bcssl.reshape %[[FIRST]]#0
// CHECK:         %[[SECOND:.*]]:2 = bcssl.kernel rowwise(%{{.*}} = %[[FLAT]], %{{.*}} = %[[FIRST]]#1)
// CHECK-COUNT-2:   math.exp
// CHECK:         return %[[SECOND]]#0, %[[SECOND]]#1
func.func @chains(%a: tensor<2x4xf32>, %b: tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>) {
  %0 = bcssl.kernel rowwise(%x = %a) : (tensor<2x4xf32>) -> tensor<2x4xf32> {
    %y = math.sqrt %x : tensor<2x4xf32>
    bcssl.yield %y : tensor<2x4xf32>
  }
  %1 = bcssl.reshape %0 : tensor<2x4xf32> -> tensor<8xf32>
  %2 = bcssl.kernel rowwise(%x = %1) : (tensor<8xf32>) -> tensor<8xf32> {
    %y = math.exp %x : tensor<8xf32>
    bcssl.yield %y : tensor<8xf32>
  }
  %3 = bcssl.kernel rowwise(%x = %b) : (tensor<8xf32>) -> tensor<8xf32> {
    %y = math.sqrt %x : tensor<8xf32>
    bcssl.yield %y : tensor<8xf32>
  }
  %4 = bcssl.kernel rowwise(%x = %3) : (tensor<8xf32>) -> tensor<8xf32> {
    %y = math.exp %x : tensor<8xf32>
    bcssl.yield %y : tensor<8xf32>
  }
  return %2, %4 : tensor<8xf32>, tensor<8xf32>
}

// -----

// A contraction needs the first kernel, so that what waits is launched in front
// of it; the sum of another family comes along. What comes later is alone.

// CHECK-LABEL: func.func @needed(
// CHECK:         %[[R:.*]]:2 = bcssl.kernel columnwise(
// CHECK-NEXT:      bcssl.kernel columnwise(
// CHECK:           bcssl.kernel rowwise(
// CHECK-NEXT:        math.exp
// CHECK:         bcssl.kernel contraction(%{{.*}} = %[[R]]#1
// CHECK:         bcssl.kernel rowwise(
// CHECK-NEXT:      math.sqrt
func.func @needed(%a: tensor<8x8xf32>, %b: tensor<8x8xf32>) -> (tensor<8x8xf32>, tensor<8xf32>, tensor<8x8xf32>) {
  %s = bcssl.kernel columnwise(%x = %b) : (tensor<8x8xf32>) -> tensor<8xf32> {
    %y = bcssl.reduce sum %x dims [0] : tensor<8x8xf32> -> tensor<8xf32>
    bcssl.yield %y : tensor<8xf32>
  }
  %0 = bcssl.kernel rowwise(%x = %a) : (tensor<8x8xf32>) -> tensor<8x8xf32> {
    %y = math.exp %x : tensor<8x8xf32>
    bcssl.yield %y : tensor<8x8xf32>
  }
  %1 = bcssl.kernel contraction(%x = %0, %w = %b) : (tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<8x8xf32> {
    %y = bcssl.contract nt %x, %w : tensor<8x8xf32>, tensor<8x8xf32> -> tensor<8x8xf32>
    bcssl.yield %y : tensor<8x8xf32>
  }
  %2 = bcssl.kernel rowwise(%x = %a) : (tensor<8x8xf32>) -> tensor<8x8xf32> {
    %y = math.sqrt %x : tensor<8x8xf32>
    bcssl.yield %y : tensor<8x8xf32>
  }
  return %1, %s, %2 : tensor<8x8xf32>, tensor<8xf32>, tensor<8x8xf32>
}

// -----

// More than 8192 bytes; blocks of 512 threads, half of which would have nothing
// to do in the others; a tile that somebody has chosen.

// CHECK-LABEL: func.func @alone(
// CHECK-NOT:     (tensor<{{.*}}) -> (
// CHECK:         return
func.func @alone(%a: tensor<8xf32>, %b: tensor<1200xf32>, %c: tensor<2000x1xf32>) -> (tensor<8xf32>, tensor<1200xf32>, tensor<1xf32>, tensor<8xf32>) {
  %0 = bcssl.kernel rowwise(%x = %a) : (tensor<8xf32>) -> tensor<8xf32> {
    %y = math.exp %x : tensor<8xf32>
    bcssl.yield %y : tensor<8xf32>
  }
  %1 = bcssl.kernel rowwise(%x = %b) : (tensor<1200xf32>) -> tensor<1200xf32> {
    %y = math.exp %x : tensor<1200xf32>
    bcssl.yield %y : tensor<1200xf32>
  }
  %2 = bcssl.kernel columnwise(%x = %c) : (tensor<2000x1xf32>) -> tensor<1xf32> {
    %y = bcssl.reduce sum %x dims [0] : tensor<2000x1xf32> -> tensor<1xf32>
    bcssl.yield %y : tensor<1xf32>
  }
  %3 = bcssl.kernel rowwise(%x = %a) tile {flat = true} : (tensor<8xf32>) -> tensor<8xf32> {
    %y = math.sqrt %x : tensor<8xf32>
    bcssl.yield %y : tensor<8xf32>
  }
  return %0, %1, %2, %3 : tensor<8xf32>, tensor<1200xf32>, tensor<1xf32>, tensor<8xf32>
}

// -----

// The variable's new value replaces the old one in its place: its other reader,
// which would wait for the end of the program, comes before.

// CHECK-LABEL: func.func @variable(
// CHECK:         bcssl.kernel rowwise(
// CHECK-NEXT:      math.sqrt
// CHECK:         bcssl.kernel rowwise(
// CHECK-NEXT:      arith.addf
bcssl.variable @v : tensor<8xf32> init "zeros"
func.func @variable(%v: tensor<8xf32> {bcssl.variable = "v"}, %x: tensor<8xf32> {bcssl.input = "x"})
    -> (tensor<8xf32> {bcssl.variable = "v"}, tensor<8xf32> {bcssl.output = "y"}) {
  %y = bcssl.kernel rowwise(%a = %v) : (tensor<8xf32>) -> tensor<8xf32> {
    %s = math.sqrt %a : tensor<8xf32>
    bcssl.yield %s : tensor<8xf32>
  }
  %new = bcssl.kernel rowwise(%a = %v, %b = %x) : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32> {
    %s = arith.addf %a, %b : tensor<8xf32>
    bcssl.yield %s : tensor<8xf32>
  }
  return %new, %y : tensor<8xf32>, tensor<8xf32>
}

// -----

// No more than two maps live at once. While the third contraction runs, the
// first map would be one more: the sum that reads it is not held back until the
// end, where it could share the root's launch, unless there are bytes to spare.

// TIGHT-LABEL: func.func @peak(
// TIGHT:         bcssl.kernel contraction(
// TIGHT:         bcssl.kernel contraction(
// TIGHT:         bcssl.kernel columnwise(
// TIGHT:         bcssl.kernel contraction(
// TIGHT:         bcssl.kernel rowwise(
// CHECK-LABEL: func.func @peak(
// CHECK-COUNT-4: bcssl.kernel contraction(
// CHECK:         bcssl.kernel columnwise(
// CHECK:           bcssl.kernel rowwise(
func.func @peak(%a: tensor<16x16xf32>, %v: tensor<8xf32>) -> (tensor<16xf32>, tensor<16x16xf32>, tensor<8xf32>) {
  %0 = bcssl.kernel contraction(%x = %a, %w = %a) : (tensor<16x16xf32>, tensor<16x16xf32>) -> tensor<16x16xf32> {
    %y = bcssl.contract nt %x, %w : tensor<16x16xf32>, tensor<16x16xf32> -> tensor<16x16xf32>
    bcssl.yield %y : tensor<16x16xf32>
  }
  %1 = bcssl.kernel contraction(%x = %0, %w = %a) : (tensor<16x16xf32>, tensor<16x16xf32>) -> tensor<16x16xf32> {
    %y = bcssl.contract nt %x, %w : tensor<16x16xf32>, tensor<16x16xf32> -> tensor<16x16xf32>
    bcssl.yield %y : tensor<16x16xf32>
  }
  %s = bcssl.kernel columnwise(%x = %0) : (tensor<16x16xf32>) -> tensor<16xf32> {
    %y = bcssl.reduce sum %x dims [0] : tensor<16x16xf32> -> tensor<16xf32>
    bcssl.yield %y : tensor<16xf32>
  }
  %2 = bcssl.kernel contraction(%x = %1, %w = %a) : (tensor<16x16xf32>, tensor<16x16xf32>) -> tensor<16x16xf32> {
    %y = bcssl.contract nt %x, %w : tensor<16x16xf32>, tensor<16x16xf32> -> tensor<16x16xf32>
    bcssl.yield %y : tensor<16x16xf32>
  }
  %3 = bcssl.kernel contraction(%x = %2, %w = %1) : (tensor<16x16xf32>, tensor<16x16xf32>) -> tensor<16x16xf32> {
    %y = bcssl.contract nt %x, %w : tensor<16x16xf32>, tensor<16x16xf32> -> tensor<16x16xf32>
    bcssl.yield %y : tensor<16x16xf32>
  }
  %r = bcssl.kernel rowwise(%x = %v) : (tensor<8xf32>) -> tensor<8xf32> {
    %y = math.sqrt %x : tensor<8xf32>
    bcssl.yield %y : tensor<8xf32>
  }
  return %s, %3, %r : tensor<16xf32>, tensor<16x16xf32>, tensor<8xf32>
}
