// RUN: bcssl-opt %s --split-input-file --verify-diagnostics --bcssl-emit-gpu-kernels=chip=sm_86

func.func @rowwise(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // expected-error @below {{expects a legal tile of a rowwise kernel, got {rows = 4 : i64, team = 3 : i64}}}
  %0 = bcssl.kernel rowwise(%a = %x) tile {rows = 4, team = 3} : (tensor<4x8xf32>) -> tensor<4x8xf32> {
    %y = math.exp %a : tensor<4x8xf32>
    bcssl.yield %y : tensor<4x8xf32>
  }
  return %0 : tensor<4x8xf32>
}

// -----

func.func @no_anchor(%x: tensor<1x4x4x8xf32>) -> tensor<1x4x4x8xf32> {
  // expected-error @below {{expects one anchor in a depthwise kernel, got 0}}
  %0 = bcssl.kernel depthwise(%a = %x) : (tensor<1x4x4x8xf32>) -> tensor<1x4x4x8xf32> {
    bcssl.yield %a : tensor<1x4x4x8xf32>
  }
  return %0 : tensor<1x4x4x8xf32>
}

// -----

func.func @computed_operand(%x: tensor<1x4x4x8xf32>, %w: tensor<3x3x8xf32>) -> tensor<1x4x4x8xf32> {
  %0 = bcssl.kernel depthwise(%a = %x, %b = %w) : (tensor<1x4x4x8xf32>, tensor<3x3x8xf32>) -> tensor<1x4x4x8xf32> {
    %n = arith.negf %a : tensor<1x4x4x8xf32>
    // expected-error @below {{expects inputs of the kernel as operands of the anchor}}
    %y = bcssl.depthwise_conv2d %n, %b : tensor<1x4x4x8xf32>, tensor<3x3x8xf32> -> tensor<1x4x4x8xf32>
    bcssl.yield %y : tensor<1x4x4x8xf32>
  }
  return %0 : tensor<1x4x4x8xf32>
}

// -----

func.func @element_type(%x: tensor<1x4x4x8xf64>, %w: tensor<3x3x8xf64>) -> tensor<1x4x4x8xf64> {
  // expected-error @below {{has no GPU generator yet: values of another type than f32, bf16, i32, i8 and i1}}
  %0 = bcssl.kernel depthwise(%a = %x, %b = %w) : (tensor<1x4x4x8xf64>, tensor<3x3x8xf64>) -> tensor<1x4x4x8xf64> {
    %y = bcssl.depthwise_conv2d %a, %b : tensor<1x4x4x8xf64>, tensor<3x3x8xf64> -> tensor<1x4x4x8xf64>
    bcssl.yield %y : tensor<1x4x4x8xf64>
  }
  return %0 : tensor<1x4x4x8xf64>
}

// -----

func.func @wide_value(%x: tensor<1x4x4x8xf32>, %w: tensor<3x3x8xf32>) -> tensor<1x4x4x8xf32> {
  // expected-error @below {{has no GPU generator yet: values of another type than f32, bf16, i32, i8 and i1}}
  %0 = bcssl.kernel depthwise(%a = %x, %b = %w) : (tensor<1x4x4x8xf32>, tensor<3x3x8xf32>) -> tensor<1x4x4x8xf32> {
    %y = bcssl.depthwise_conv2d %a, %b : tensor<1x4x4x8xf32>, tensor<3x3x8xf32> -> tensor<1x4x4x8xf32>
    %d = arith.extf %y : tensor<1x4x4x8xf32> to tensor<1x4x4x8xf64>
    %z = arith.truncf %d : tensor<1x4x4x8xf64> to tensor<1x4x4x8xf32>
    bcssl.yield %z : tensor<1x4x4x8xf32>
  }
  return %0 : tensor<1x4x4x8xf32>
}

// -----

func.func @constant(%x: tensor<1x1x1x2xf32>, %w: tensor<1x1x2xf32>) -> tensor<1x1x1x2xf32> {
  %0 = bcssl.kernel depthwise(%a = %x, %b = %w) : (tensor<1x1x1x2xf32>, tensor<1x1x2xf32>) -> tensor<1x1x1x2xf32> {
    %y = bcssl.depthwise_conv2d %a, %b : tensor<1x1x1x2xf32>, tensor<1x1x2xf32> -> tensor<1x1x1x2xf32>
    // expected-error @below {{expects one value for all elements of a constant}}
    %c = arith.constant dense<[[[[1.0, 2.0]]]]> : tensor<1x1x1x2xf32>
    %m = arith.mulf %y, %c : tensor<1x1x1x2xf32>
    bcssl.yield %m : tensor<1x1x1x2xf32>
  }
  return %0 : tensor<1x1x1x2xf32>
}

// -----

// Powers would be a call of a library.
func.func @function(%x: tensor<1x4x4x8xf32>, %w: tensor<3x3x8xf32>) -> tensor<1x4x4x8xf32> {
  // expected-error @below {{has no GPU generator yet: math.powf}}
  %0 = bcssl.kernel depthwise(%a = %x, %b = %w) : (tensor<1x4x4x8xf32>, tensor<3x3x8xf32>) -> tensor<1x4x4x8xf32> {
    %y = bcssl.depthwise_conv2d %a, %b : tensor<1x4x4x8xf32>, tensor<3x3x8xf32> -> tensor<1x4x4x8xf32>
    %z = math.powf %y, %a : tensor<1x4x4x8xf32>
    bcssl.yield %z : tensor<1x4x4x8xf32>
  }
  return %0 : tensor<1x4x4x8xf32>
}

// -----

func.func @small_result(%x: tensor<1x4x4x8xf32>, %w: tensor<3x3x8xf32>) -> tensor<3x3x8xf32> {
  %0 = bcssl.kernel depthwise(%a = %x, %b = %w) : (tensor<1x4x4x8xf32>, tensor<3x3x8xf32>) -> tensor<3x3x8xf32> {
    %y = bcssl.depthwise_conv2d %a, %b : tensor<1x4x4x8xf32>, tensor<3x3x8xf32> -> tensor<1x4x4x8xf32>
    // expected-error @below {{expects values of the kernel's shape or one value a row}}
    bcssl.yield %b : tensor<3x3x8xf32>
  }
  return %0 : tensor<3x3x8xf32>
}

// -----

func.func @no_tile(%x: tensor<1x4x4x8xf32>, %w: tensor<3x3x8xf32>) -> tensor<1x4x4x8xf32> {
  // expected-error @below {{expects a tile: run bcssl-choose-gpu-tiles first}}
  %0 = bcssl.kernel depthwise(%a = %x, %b = %w) : (tensor<1x4x4x8xf32>, tensor<3x3x8xf32>) -> tensor<1x4x4x8xf32> {
    %y = bcssl.depthwise_conv2d %a, %b : tensor<1x4x4x8xf32>, tensor<3x3x8xf32> -> tensor<1x4x4x8xf32>
    bcssl.yield %y : tensor<1x4x4x8xf32>
  }
  return %0 : tensor<1x4x4x8xf32>
}

// -----

func.func @reach(%x: tensor<1x4x4x8xf32>, %w: tensor<9x9x8xf32>) -> tensor<1x4x4x8xf32> {
  // expected-error @below {{expects a tile that reaches 3 x 3 pixels, got 4 x 4}}
  %0 = bcssl.kernel depthwise(%a = %x, %b = %w) tile {height = 4, width = 4, channels = 8, outputs = 4, reach_height = 4, reach_width = 4}
      : (tensor<1x4x4x8xf32>, tensor<9x9x8xf32>) -> tensor<1x4x4x8xf32> {
    %y = bcssl.depthwise_conv2d %a, %b : tensor<1x4x4x8xf32>, tensor<9x9x8xf32> -> tensor<1x4x4x8xf32>
    bcssl.yield %y : tensor<1x4x4x8xf32>
  }
  return %0 : tensor<1x4x4x8xf32>
}

// -----

func.func @outputs(%x: tensor<1x4x4x8xf32>, %w: tensor<3x3x8xf32>) -> tensor<1x4x4x8xf32> {
  // expected-error @below {{expects a tile of at most 1024 threads and 101376 bytes of shared memory, its outputs dividing the width, its rows the height and its lanes (1, 2 or 4) all channels, got {channels = 8}}
  %0 = bcssl.kernel depthwise(%a = %x, %b = %w) tile {channels = 8, height = 4, outputs = 3, reach_height = 1, reach_width = 1, width = 4}
      : (tensor<1x4x4x8xf32>, tensor<3x3x8xf32>) -> tensor<1x4x4x8xf32> {
    %y = bcssl.depthwise_conv2d %a, %b : tensor<1x4x4x8xf32>, tensor<3x3x8xf32> -> tensor<1x4x4x8xf32>
    bcssl.yield %y : tensor<1x4x4x8xf32>
  }
  return %0 : tensor<1x4x4x8xf32>
}

// -----

func.func @channels(%x: tensor<1x4x4x8xf32>, %w: tensor<3x3x8xf32>) -> tensor<1x4x4x8xf32> {
  // expected-error @below {{its lanes (1, 2 or 4) all channels, got {channels = 6}}
  %0 = bcssl.kernel depthwise(%a = %x, %b = %w) tile {channels = 6, height = 4, outputs = 4, reach_height = 1, reach_width = 1, width = 4}
      : (tensor<1x4x4x8xf32>, tensor<3x3x8xf32>) -> tensor<1x4x4x8xf32> {
    %y = bcssl.depthwise_conv2d %a, %b : tensor<1x4x4x8xf32>, tensor<3x3x8xf32> -> tensor<1x4x4x8xf32>
    bcssl.yield %y : tensor<1x4x4x8xf32>
  }
  return %0 : tensor<1x4x4x8xf32>
}

// -----

// 34 x 34 inputs of 32 channels in f32 are 147,968 bytes: too many for this
// chip, though not for others.
func.func @shared_memory(%x: tensor<1x64x32x32xf32>, %w: tensor<3x3x32xf32>) -> tensor<1x64x32x32xf32> {
  // expected-error @below {{101376 bytes of shared memory}}
  %0 = bcssl.kernel depthwise(%a = %x, %b = %w) tile {channels = 32, height = 32, outputs = 8, reach_height = 1, reach_width = 1, width = 32}
      : (tensor<1x64x32x32xf32>, tensor<3x3x32xf32>) -> tensor<1x64x32x32xf32> {
    %y = bcssl.depthwise_conv2d %a, %b : tensor<1x64x32x32xf32>, tensor<3x3x32xf32> -> tensor<1x64x32x32xf32>
    bcssl.yield %y : tensor<1x64x32x32xf32>
  }
  return %0 : tensor<1x64x32x32xf32>
}

// -----

func.func @threads(%x: tensor<1x64x32x8xbf16>, %w: tensor<1x1x8xbf16>) -> tensor<1x64x32x8xbf16> {
  // expected-error @below {{expects a tile of at most 1024 threads}}
  %0 = bcssl.kernel depthwise(%a = %x, %b = %w) tile {channels = 8, height = 17, outputs = 1, reach_height = 0, reach_width = 0, width = 32}
      : (tensor<1x64x32x8xbf16>, tensor<1x1x8xbf16>) -> tensor<1x64x32x8xbf16> {
    %y = bcssl.depthwise_conv2d %a, %b : tensor<1x64x32x8xbf16>, tensor<1x1x8xbf16> -> tensor<1x64x32x8xbf16>
    bcssl.yield %y : tensor<1x64x32x8xbf16>
  }
  return %0 : tensor<1x64x32x8xbf16>
}

// -----

// Ten channels are no whole vectors of four.
func.func @lanes(%x: tensor<1x4x4x10xf32>, %w: tensor<3x3x10xf32>) -> tensor<1x4x4x10xf32> {
  // expected-error @below {{its lanes (1, 2 or 4) all channels, got {channels = 8}}
  %0 = bcssl.kernel depthwise(%a = %x, %b = %w) tile {channels = 8, height = 4, lanes = 4, outputs = 4, reach_height = 1, reach_width = 1, width = 4}
      : (tensor<1x4x4x10xf32>, tensor<3x3x10xf32>) -> tensor<1x4x4x10xf32> {
    %y = bcssl.depthwise_conv2d %a, %b : tensor<1x4x4x10xf32>, tensor<3x3x10xf32> -> tensor<1x4x4x10xf32>
    bcssl.yield %y : tensor<1x4x4x10xf32>
  }
  return %0 : tensor<1x4x4x10xf32>
}

// -----

func.func @rows(%x: tensor<1x4x4x8xf32>, %w: tensor<3x3x8xf32>) -> tensor<1x4x4x8xf32> {
  // expected-error @below {{its rows the height}}
  %0 = bcssl.kernel depthwise(%a = %x, %b = %w) tile {channels = 8, height = 4, outputs = 4, reach_height = 1, reach_width = 1, rows = 3, width = 4}
      : (tensor<1x4x4x8xf32>, tensor<3x3x8xf32>) -> tensor<1x4x4x8xf32> {
    %y = bcssl.depthwise_conv2d %a, %b : tensor<1x4x4x8xf32>, tensor<3x3x8xf32> -> tensor<1x4x4x8xf32>
    bcssl.yield %y : tensor<1x4x4x8xf32>
  }
  return %0 : tensor<1x4x4x8xf32>
}

// -----

// A block that ends within an image has a part of its sums.
func.func @part_of_image(%x: tensor<1x4x4x8xf32>, %w: tensor<3x3x8xf32>) -> tensor<1x8xf32> {
  // expected-error @below {{expects a tile of whole images because of its partial sums}}
  %0 = bcssl.kernel depthwise(%a = %x, %b = %w) tile {channels = 8, height = 2, outputs = 4, reach_height = 1, reach_width = 1, width = 4}
      : (tensor<1x4x4x8xf32>, tensor<3x3x8xf32>) -> tensor<1x8xf32> {
    %y = bcssl.depthwise_conv2d %a, %b : tensor<1x4x4x8xf32>, tensor<3x3x8xf32> -> tensor<1x4x4x8xf32>
    %s = bcssl.reduce_partial %y rows(16) : tensor<1x4x4x8xf32> -> tensor<1x8xf32>
    bcssl.yield %s : tensor<1x8xf32>
  }
  return %0 : tensor<1x8xf32>
}

// -----

func.func @part_of_sums(%x: tensor<1x4x4x8xf32>, %w: tensor<3x3x8xf32>) -> tensor<2x8xf32> {
  // expected-error @below {{has no GPU generator yet: partial sums of other than one image}}
  %0 = bcssl.kernel depthwise(%a = %x, %b = %w) : (tensor<1x4x4x8xf32>, tensor<3x3x8xf32>) -> tensor<2x8xf32> {
    %y = bcssl.depthwise_conv2d %a, %b : tensor<1x4x4x8xf32>, tensor<3x3x8xf32> -> tensor<1x4x4x8xf32>
    %s = bcssl.reduce_partial %y rows(8) : tensor<1x4x4x8xf32> -> tensor<2x8xf32>
    bcssl.yield %s : tensor<2x8xf32>
  }
  return %0 : tensor<2x8xf32>
}

// -----

func.func @filter_rows(%x: tensor<1x4x4x8xf32>) -> tensor<3x3x8xf32> {
  // expected-error @below {{its rows dividing the filter rows and its lanes}}
  %0 = bcssl.kernel depthwise_filter_grad(%a = %x) tile {channels = 8, columns = 4, filter_rows = 3, height = 4, reach_height = 1, reach_width = 1, rows = 2, splits = 1, taps = 3}
      : (tensor<1x4x4x8xf32>) -> tensor<3x3x8xf32> {
    %y = bcssl.depthwise_conv2d_filter_grad %a, %a : tensor<1x4x4x8xf32>, tensor<1x4x4x8xf32> -> tensor<3x3x8xf32>
    bcssl.yield %y : tensor<3x3x8xf32>
  }
  return %0 : tensor<3x3x8xf32>
}

// -----

// expected-error @below {{takes the name of the module that the kernels are emitted to}}
func.func private @kernels()
