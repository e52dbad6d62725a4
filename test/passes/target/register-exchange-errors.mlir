// REQUIRES: ptxas
//
// Warps that exchange registers would wait forever if ptxas gave a block fewer
// than they expect.
//
// RUN: bcssl-compile %s --target=cuda:sm_90a --to=planned -o %t.mlir
// RUN: bcssl-compile %t.mlir --from=planned --target=cuda:sm_90a -o %t.bcx
// RUN: sed 's/exchanged_registers = 96/exchanged_registers = 104/' %t.mlir > %t.edited.mlir
// RUN: not bcssl-compile %t.edited.mlir --from=planned --target=cuda:sm_90a -o %t.none.bcx 2>&1 | FileCheck %s

// CHECK: error: kernel contraction_0 would hang on sm_90a: expects threads to start with 104 registers, which its warps exchange, got 96

func.func @program(%x: tensor<50176x96xbf16> {bcssl.input = "x"}, %w: tensor<384x96xbf16> {bcssl.input = "w"})
    -> (tensor<50176x384xf32> {bcssl.output = "y"}) {
  %y = bcssl.contract nt %x, %w : tensor<50176x96xbf16>, tensor<384x96xbf16> -> tensor<50176x384xf32>
  return %y : tensor<50176x384xf32>
}
