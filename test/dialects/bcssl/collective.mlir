// RUN: bcssl-opt %s --verify-roundtrip | FileCheck %s

// CHECK-LABEL: @all_reduce
func.func @all_reduce(%x: tensor<16xf32>) -> tensor<16xf32> {
  // CHECK: bcssl.all_reduce %{{.*}} : tensor<16xf32>
  %0 = bcssl.all_reduce %x : tensor<16xf32>
  return %0 : tensor<16xf32>
}
