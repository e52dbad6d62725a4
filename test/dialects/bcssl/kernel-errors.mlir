// RUN: bcssl-opt %s -split-input-file -verify-diagnostics

func.func @kernel_family(%x: tensor<16xf32>) {
  // expected-error @below {{expects a kernel family, got diagonal}}
  %0 = bcssl.kernel diagonal(%a = %x) : (tensor<16xf32>) -> tensor<16xf32> {
    bcssl.yield %a : tensor<16xf32>
  }
  return
}

// -----

func.func @kernel_inputs(%x: tensor<16xf32>) {
  // expected-error @below {{expects one input type per input, got 2 for 1}}
  %0 = bcssl.kernel rowwise(%a = %x) : (tensor<16xf32>, tensor<16xf32>) -> tensor<16xf32> {
    bcssl.yield %a : tensor<16xf32>
  }
  return
}

// -----

func.func @kernel_c1(%x: tensor<16xf32>) {
  // expected-error @below {{(C1) expects one block argument per input and of its type, got 1 for 1}}
  %0 = "bcssl.kernel"(%x) <{family = #bcssl<family rowwise>}> ({
  ^bb0(%a: tensor<8xf32>):
    "bcssl.yield"(%a) : (tensor<8xf32>) -> ()
  }) : (tensor<16xf32>) -> tensor<8xf32>
  return
}

// -----

func.func @kernel_c2(%x: tensor<16xf32>) {
  // expected-error @below {{(C2) expects bcssl.yield at the end, got bcssl.relu}}
  %0 = bcssl.kernel rowwise(%a = %x) : (tensor<16xf32>) -> tensor<16xf32> {
    %1 = bcssl.relu %a : tensor<16xf32>
  }
  return
}

// -----

func.func @kernel_c3_type(%x: tensor<16xf32>) {
  // expected-error @below {{(C3) expects one yielded value per result and of its type, got 1 for 1}}
  %0 = bcssl.kernel rowwise(%a = %x) : (tensor<16xf32>) -> tensor<8xf32> {
    bcssl.yield %a : tensor<16xf32>
  }
  return
}

// -----

func.func @kernel_c3_number(%x: tensor<16xf32>) {
  // expected-error @below {{(C3) expects one yielded value per result and of its type, got 2 for 1}}
  %0 = bcssl.kernel rowwise(%a = %x) : (tensor<16xf32>) -> tensor<16xf32> {
    bcssl.yield %a, %a : tensor<16xf32>, tensor<16xf32>
  }
  return
}

// -----

// The trait says it: a body sees its arguments only.
func.func @kernel_isolated(%x: tensor<16xf32>) {
  // expected-note @below {{required by region isolation constraints}}
  %0 = bcssl.kernel rowwise() : () -> tensor<16xf32> {
    // expected-error @below {{using value defined outside the region}}
    %1 = bcssl.relu %x : tensor<16xf32>
    bcssl.yield %1 : tensor<16xf32>
  }
  return
}

// -----

// The trait says it.
func.func @yield_outside(%x: tensor<16xf32>) {
  // expected-error @below {{expects parent op 'bcssl.kernel'}}
  bcssl.yield %x : tensor<16xf32>
}

// -----

func.func @reduce_partial_c1(%x: tensor<2x5x16xf32>) {
  // expected-error @below {{(C1) expects runs of 1 row or more, got 0}}
  %0 = bcssl.reduce_partial %x rows(0) : tensor<2x5x16xf32> -> tensor<3x16xf32>
  return
}

// -----

func.func @reduce_partial_c2(%x: tensor<2x5x16xf32>) {
  // expected-error @below {{(C2) expects result of shape 3x16, got 2x16}}
  %0 = bcssl.reduce_partial %x rows(4) : tensor<2x5x16xf32> -> tensor<2x16xf32>
  return
}

// -----

func.func @pack_c1(%w: tensor<24x16xf32>) {
  // expected-error @below {{(C1) expects form nn or nt, got tn}}
  %0 = bcssl.pack tn %w : tensor<24x16xf32> -> tensor<1x24x16xf32>
  return
}

// -----

func.func @pack_nt_c2(%w: tensor<24x16xf32>) {
  // expected-error @below {{(C2) expects result of shape 3x16x8, got 2x24x8}}
  %0 = bcssl.pack nt %w : tensor<24x16xf32> -> tensor<2x24x8xf32>
  return
}

// -----

func.func @pack_nn_c2(%w: tensor<24x16xf32>) {
  // expected-error @below {{(C2) expects result of shape 2x24x8, got 3x16x8}}
  %0 = bcssl.pack nn %w : tensor<24x16xf32> -> tensor<3x16x8xf32>
  return
}

// -----

func.func @packed_contract_c1(%x: tensor<2x5x16xf32>, %w: tensor<2x24x16xf32>) {
  // expected-error @below {{(C1) expects equal sizes along the sum, got 16 and 24}}
  %0 = bcssl.packed_contract %x, %w : tensor<2x5x16xf32>, tensor<2x24x16xf32> -> tensor<2x5x24xf32>
  return
}

// -----

func.func @packed_contract_c2(%x: tensor<2x5x16xf32>, %w: tensor<2x16x16xf32>) {
  // expected-error @below {{(C2) expects result of shape 2x5x24, got 10x24}}
  %0 = bcssl.packed_contract %x, %w : tensor<2x5x16xf32>, tensor<2x16x16xf32> -> tensor<10x24xf32>
  return
}

// -----

func.func @packed_contract_c3(%x: tensor<2x5x16xf32>, %w: tensor<2x16x16xf32>) {
  // expected-error @below {{(C3) expects as many panels of 16 columns as 16 columns fill, got 2}}
  %0 = bcssl.packed_contract %x, %w : tensor<2x5x16xf32>, tensor<2x16x16xf32> -> tensor<2x5x16xf32>
  return
}
