// RUN: bcssl-opt %s --pass-pipeline="builtin.module(func.func(bcssl-choose-gpu-tiles),bcssl-emit-gpu-kernels,canonicalize,cse)" | FileCheck %s
// RUN: bcssl-opt %s --pass-pipeline="builtin.module(func.func(bcssl-choose-tiles),bcssl-emit-cpu-kernels)" | FileCheck %s --check-prefix=CPU

// Images come as bytes and are normalised by whole vectors; every step is
// rounded as on the host, so there is no reciprocal. Truth values, which lie in
// memory as bytes too, are still cut to one bit.

// CHECK-LABEL: gpu.func @rowwise_0(
// CHECK:         %[[BYTES:.*]] = vector.load %{{.*}} {alignment = 4 : i64} : memref<384xi8>, vector<4xi8>
// CHECK:         %[[VALUES:.*]] = arith.uitofp %[[BYTES]] : vector<4xi8> to vector<4xf32>
// CHECK:         arith.divf %[[VALUES]], %{{.*}} : vector<4xf32>
// CHECK:         arith.subf
// CHECK:         arith.divf
// CPU-LABEL:   func.func @rowwise_0(
// CPU:           %[[BYTES:.*]] = vector.load %{{.*}} : memref<384xi8>, vector<16xi8>
// CPU:           arith.uitofp %[[BYTES]] : vector<16xi8> to vector<16xf32>
func.func @normalize(%x: tensor<4x96xi8>, %mean: tensor<96xf32>, %deviation: tensor<96xf32>) -> tensor<4x96xf32> {
  %y = bcssl.kernel rowwise(%a = %x, %m = %mean, %d = %deviation) : (tensor<4x96xi8>, tensor<96xf32>, tensor<96xf32>) -> tensor<4x96xf32> {
    %most = arith.constant dense<255.0> : tensor<4x96xf32>
    %value = arith.uitofp %a : tensor<4x96xi8> to tensor<4x96xf32>
    %share = arith.divf %value, %most : tensor<4x96xf32>
    %means = bcssl.broadcast %m dims [1] : tensor<96xf32> -> tensor<4x96xf32>
    %centered = arith.subf %share, %means : tensor<4x96xf32>
    %deviations = bcssl.broadcast %d dims [1] : tensor<96xf32> -> tensor<4x96xf32>
    %scaled = arith.divf %centered, %deviations : tensor<4x96xf32>
    bcssl.yield %scaled : tensor<4x96xf32>
  }
  return %y : tensor<4x96xf32>
}

// CHECK-LABEL: gpu.func @rowwise_1(
// CHECK:         %[[TRUTH:.*]] = vector.load %{{.*}} : memref<384xi8>, vector<4xi8>
// CHECK:         arith.trunci %[[TRUTH]] : vector<4xi8> to vector<4xi1>
func.func @choose(%c: tensor<4x96xi1>, %x: tensor<4x96xf32>) -> tensor<4x96xf32> {
  %y = bcssl.kernel rowwise(%t = %c, %a = %x) : (tensor<4x96xi1>, tensor<4x96xf32>) -> tensor<4x96xf32> {
    %n = arith.negf %a : tensor<4x96xf32>
    %s = arith.select %t, %a, %n : tensor<4x96xi1>, tensor<4x96xf32>
    bcssl.yield %s : tensor<4x96xf32>
  }
  return %y : tensor<4x96xf32>
}
