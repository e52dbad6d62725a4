// RUN: bcssl-opt %s -split-input-file -verify-diagnostics

func.func @broadcast_c1(%x: tensor<2x4xf32>) {
  // expected-error @below {{(C1) expects one dimension of the result per dimension of the operand, got 1 for 2}}
  %0 = bcssl.broadcast %x dims [0] : tensor<2x4xf32> -> tensor<2x4x8xf32>
  return
}

// -----

// Only the last dimension may stand apart.
func.func @broadcast_c2_gap(%x: tensor<2x8xf32>) {
  // expected-error @below {{(C2) expects a run of neighbouring dimensions, then perhaps the last one, below 4, got [0, 2]}}
  %0 = bcssl.broadcast %x dims [0, 2] : tensor<2x8xf32> -> tensor<2x4x8x3xf32>
  return
}

// -----

func.func @broadcast_c2_gaps(%x: tensor<2x4x8xf32>) {
  // expected-error @below {{(C2) expects a run of neighbouring dimensions, then perhaps the last one, below 5, got [0, 2, 4]}}
  %0 = bcssl.broadcast %x dims [0, 2, 4] : tensor<2x4x8xf32> -> tensor<2x3x4x3x8xf32>
  return
}

// -----

func.func @broadcast_c2_order(%x: tensor<8x2xf32>) {
  // expected-error @below {{(C2) expects a run of neighbouring dimensions, then perhaps the last one, below 2, got [1, 0]}}
  %0 = bcssl.broadcast %x dims [1, 0] : tensor<8x2xf32> -> tensor<2x8xf32>
  return
}

// -----

func.func @broadcast_c2_twice(%x: tensor<8x8xf32>) {
  // expected-error @below {{(C2) expects a run of neighbouring dimensions, then perhaps the last one, below 2, got [1, 1]}}
  %0 = bcssl.broadcast %x dims [1, 1] : tensor<8x8xf32> -> tensor<2x8xf32>
  return
}

// -----

func.func @broadcast_c2_outside(%x: tensor<2x8xf32>) {
  // expected-error @below {{(C2) expects a run of neighbouring dimensions, then perhaps the last one, below 3, got [2, 3]}}
  %0 = bcssl.broadcast %x dims [2, 3] : tensor<2x8xf32> -> tensor<2x4x8xf32>
  return
}

// -----

// The successor of the first would overflow.
func.func @broadcast_c2_extreme(%x: tensor<2x8xf32>) {
  // expected-error @below {{(C2) expects a run of neighbouring dimensions, then perhaps the last one, below 3, got [9223372036854775807, -9223372036854775808]}}
  %0 = bcssl.broadcast %x dims [9223372036854775807, -9223372036854775808] : tensor<2x8xf32> -> tensor<2x4x8xf32>
  return
}

// -----

func.func @broadcast_c3(%x: tensor<2x8xf32>) {
  // expected-error @below {{(C3) expects size 2 in dimension 1 of the result, got 4}}
  %0 = bcssl.broadcast %x dims [1, 2] : tensor<2x8xf32> -> tensor<2x4x8xf32>
  return
}

// -----

func.func @reduce_c1(%x: tensor<2x8xf32>) {
  // expected-error @below {{(C1) expects 1 dimension or more, got none}}
  %0 = bcssl.reduce sum %x dims [] : tensor<2x8xf32> -> tensor<2x8xf32>
  return
}

// -----

func.func @reduce_c2(%x: tensor<2x4x8xf32>) {
  // expected-error @below {{(C2) expects a run of neighbouring dimensions below 3, got [1, 0]}}
  %0 = bcssl.reduce sum %x dims [1, 0] : tensor<2x4x8xf32> -> tensor<8xf32>
  return
}

// -----

func.func @reduce_c2_negative(%x: tensor<2x4x8xf32>) {
  // expected-error @below {{(C2) expects a run of neighbouring dimensions below 3, got [-1]}}
  %0 = bcssl.reduce sum %x dims [-1] : tensor<2x4x8xf32> -> tensor<2x4xf32>
  return
}

// -----

func.func @reduce_c3(%x: tensor<2x4x8xf32>) {
  // expected-error @below {{(C3) expects result of shape 2x8, got 2x4}}
  %0 = bcssl.reduce max %x dims [1] : tensor<2x4x8xf32> -> tensor<2x4xf32>
  return
}

// -----

func.func @reduce_c3_scalar(%x: tensor<2x4xf32>) {
  // expected-error @below {{(C3) expects result of shape scalar, got 1}}
  %0 = bcssl.reduce sum %x dims [0, 1] : tensor<2x4xf32> -> tensor<1xf32>
  return
}

// -----

func.func @reshape_c1(%x: tensor<2x8xf32>) {
  // expected-error @below {{(C1) expects as many elements as the operand has, 16, got 8}}
  %0 = bcssl.reshape %x : tensor<2x8xf32> -> tensor<8xf32>
  return
}

// -----

// The trait says it.
func.func @concat_empty() {
  // expected-error @below {{expected 1 or more operands}}
  %0 = "bcssl.concat"() : () -> tensor<4x8xf32>
  return
}

// -----

func.func @concat_c1(%x: tensor<2x8xf32>, %y: tensor<2x4xf32>) {
  // expected-error @below {{(C1) expects operand of shape 2x8, got 2x4}}
  %0 = bcssl.concat %x, %y : tensor<2x8xf32>, tensor<2x4xf32> -> tensor<4x8xf32>
  return
}

// -----

func.func @concat_c2(%x: tensor<2x8xf32>) {
  // expected-error @below {{(C2) expects result of shape 4x8, got 3x8}}
  %0 = bcssl.concat %x, %x : tensor<2x8xf32>, tensor<2x8xf32> -> tensor<3x8xf32>
  return
}

// -----

func.func @slice_c1(%x: tensor<4x8xf32>) {
  // expected-error @below {{(C1) expects result of shape 2x8, got 2x4}}
  %0 = bcssl.slice %x from 0 : tensor<4x8xf32> -> tensor<2x4xf32>
  return
}

// -----

func.func @slice_c2(%x: tensor<4x8xf32>) {
  // expected-error @below {{(C2) expects 2 from 3 to lie within the size 4}}
  %0 = bcssl.slice %x from 3 : tensor<4x8xf32> -> tensor<2x8xf32>
  return
}

// -----

func.func @slice_c2_negative(%x: tensor<4x8xf32>) {
  // expected-error @below {{(C2) expects 2 from -1 to lie within the size 4}}
  %0 = bcssl.slice %x from -1 : tensor<4x8xf32> -> tensor<2x8xf32>
  return
}

// -----

func.func @pad_c1(%x: tensor<2x8xf32>) {
  // expected-error @below {{(C1) expects operand of shape 2x4, got 2x8}}
  %0 = bcssl.pad %x at 0 : tensor<2x8xf32> -> tensor<4x4xf32>
  return
}

// -----

func.func @pad_c2(%x: tensor<2x8xf32>) {
  // expected-error @below {{(C2) expects 2 from 3 to lie within the size 4}}
  %0 = bcssl.pad %x at 3 : tensor<2x8xf32> -> tensor<4x8xf32>
  return
}

// -----

// The trait says it.
func.func @cast_shape(%x: tensor<2x8xf32>) {
  // expected-error @below {{requires the same shape for all operands and results}}
  %0 = bcssl.cast %x : tensor<2x8xf32> -> tensor<8x2xbf16>
  return
}
