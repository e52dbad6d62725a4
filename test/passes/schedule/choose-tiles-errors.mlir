// RUN: bcssl-opt %s --pass-pipeline="builtin.module(func.func(bcssl-choose-tiles))" --split-input-file --verify-diagnostics

func.func @no_anchor(%x: tensor<4x16xf32>) -> tensor<4x16xf32> {
  // expected-error @below {{'bcssl.kernel' op expects one anchor in a contraction kernel, got 0}}
  %y = bcssl.kernel contraction(%a = %x) : (tensor<4x16xf32>) -> tensor<4x16xf32> {
    bcssl.yield %a : tensor<4x16xf32>
  }
  return %y : tensor<4x16xf32>
}

// -----

// bcssl-pack-contractions has not run.
func.func @not_packed(%x: tensor<4x16xf32>, %w: tensor<8x16xf32>) -> tensor<4x8xf32> {
  %y = bcssl.kernel contraction(%a = %x, %b = %w) : (tensor<4x16xf32>, tensor<8x16xf32>) -> tensor<4x8xf32> {
    // expected-error @below {{'bcssl.contract' op cannot anchor a contraction kernel of the CPU}}
    %c = bcssl.contract nt %a, %b : tensor<4x16xf32>, tensor<8x16xf32> -> tensor<4x8xf32>
    bcssl.yield %c : tensor<4x8xf32>
  }
  return %y : tensor<4x8xf32>
}

// -----

// Panels of another width than two vectors.
func.func @panel_width(%x: tensor<4x16xf32>, %w: tensor<2x16x16xf32>) -> tensor<4x32xf32> {
  %y = bcssl.kernel contraction(%a = %x, %b = %w) : (tensor<4x16xf32>, tensor<2x16x16xf32>) -> tensor<4x32xf32> {
    // expected-error @below {{'bcssl.packed_contract' op cannot anchor a contraction kernel of the CPU}}
    %c = bcssl.packed_contract %a, %b : tensor<4x16xf32>, tensor<2x16x16xf32> -> tensor<4x32xf32>
    bcssl.yield %c : tensor<4x32xf32>
  }
  return %y : tensor<4x32xf32>
}

// -----

func.func @nothing() {
  // expected-error @below {{'bcssl.kernel' op expects a result}}
  bcssl.kernel rowwise() : () -> () {
    bcssl.yield
  }
  return
}
