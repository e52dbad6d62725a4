// RUN: bcssl-opt %s --verify-diagnostics --bcssl-emit-gpu-kernels=missing=remark | FileCheck %s

// A kernel without a generator is left as it is, and the others are emitted.
// CHECK-LABEL: func.func @mixed
// CHECK-NOT:     symbol
// CHECK:         bcssl.kernel movement(
// CHECK-NOT:     symbol
// CHECK:         bcssl.kernel rowwise(
// CHECK-SAME:      symbol = "rowwise_0"
// CHECK:       gpu.module @kernels
// CHECK-COUNT-1: gpu.func
// CHECK-NOT:     gpu.func
func.func @mixed(%x: tensor<24x16xf32>) -> (tensor<1x24x32xf32>, tensor<24x16xf32>) {
  // expected-remark @below {{has no GPU generator yet: packing of a contraction's operand}}
  %0 = bcssl.kernel movement(%a = %x) : (tensor<24x16xf32>) -> tensor<1x24x32xf32> {
    %y = bcssl.pack nn %a : tensor<24x16xf32> -> tensor<1x24x32xf32>
    bcssl.yield %y : tensor<1x24x32xf32>
  }
  %1 = bcssl.kernel rowwise(%a = %x) tile {columns = 384, flat = true, lanes = 4, rows = 1, team = 128, threads = 128}
      : (tensor<24x16xf32>) -> tensor<24x16xf32> {
    %y = math.exp %a : tensor<24x16xf32>
    bcssl.yield %y : tensor<24x16xf32>
  }
  return %0, %1 : tensor<1x24x32xf32>, tensor<24x16xf32>
}
