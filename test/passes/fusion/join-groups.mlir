// RUN: bcssl-opt %s --pass-pipeline="builtin.module(bcssl-expand,func.func(bcssl-form-kernels))" | FileCheck %s --implicit-check-not=bcssl.kernel

// Groups of one shape that feed each other are one kernel: AdamW and the moving
// average of a parameter read five tensors and store four. Beside it are kernels
// of numbers alone.

// CHECK-LABEL: func.func @update(
// CHECK-COUNT-4: bcssl.kernel rowwise({{.*}}) : ({{(tensor<f32>(, )?)*}}) -> tensor<f32> {
// CHECK:         [[ALL:%.*]]:4 = bcssl.kernel rowwise({{.*}}) -> (tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x16xf32>) {
// CHECK-COUNT-5:   arith.mulf {{.*}} : tensor<8x16xf32>
// CHECK:         return [[ALL]]#{{[0-3]}}, [[ALL]]#{{[0-3]}}, [[ALL]]#{{[0-3]}}, [[ALL]]#{{[0-3]}} :
func.func @update(%p: tensor<8x16xf32>, %g: tensor<8x16xf32>, %m: tensor<8x16xf32>, %v: tensor<8x16xf32>,
                  %average: tensor<8x16xf32>, %n: tensor<f32>, %lr: tensor<f32>, %wd: tensor<f32>, %momentum: tensor<f32>)
    -> (tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x16xf32>) {
  %p1, %m1, %v1 = bcssl.adamw %p, %g, %m, %v count %n lr %lr weight_decay %wd : tensor<f32>
      betas(0.9, 0.999) epsilon(1.0e-8)
      : tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x16xf32>, tensor<f32>, tensor<f32>
      -> tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x16xf32>
  %average1 = bcssl.ema %average, %p1 momentum %momentum
      : tensor<8x16xf32>, tensor<8x16xf32>, tensor<f32> -> tensor<8x16xf32>
  return %p1, %m1, %v1, %average1 : tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x16xf32>, tensor<8x16xf32>
}

// The decay of a moment reads no more than an argument, and is grouped with what
// reads it. Two parameters that read the same number stay apart.

// CHECK-LABEL: func.func @two(
// CHECK:         bcssl.kernel rowwise({{.*}}) : (tensor<f32>, tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
// CHECK:         bcssl.kernel rowwise({{.*}}) : (tensor<f32>, tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
func.func @two(%a: tensor<8xf32>, %b: tensor<8xf32>, %c: tensor<8xf32>, %d: tensor<8xf32>, %k: tensor<f32>)
    -> (tensor<8xf32>, tensor<8xf32>) {
  %scale = bcssl.broadcast %k dims [] : tensor<f32> -> tensor<8xf32>
  %a1 = arith.mulf %a, %scale : tensor<8xf32>
  %b1 = arith.mulf %b, %scale : tensor<8xf32>
  %c1 = arith.mulf %c, %c : tensor<8xf32>
  %d1 = arith.mulf %d, %d : tensor<8xf32>
  %x = arith.addf %a1, %c1 : tensor<8xf32>
  %y = arith.addf %b1, %d1 : tensor<8xf32>
  return %x, %y : tensor<8xf32>, tensor<8xf32>
}

// What waits for a sum of the first group cannot be in it.

// CHECK-LABEL: func.func @between(
// CHECK:         bcssl.kernel rowwise
// CHECK:         bcssl.kernel columnwise
// CHECK:         bcssl.kernel rowwise
func.func @between(%x: tensor<4x8xf32>, %y: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %a = arith.addf %x, %y : tensor<4x8xf32>
  %s = bcssl.reduce sum %a dims [0] : tensor<4x8xf32> -> tensor<8xf32>
  %b = bcssl.broadcast %s dims [1] : tensor<8xf32> -> tensor<4x8xf32>
  %c = math.sqrt %b : tensor<4x8xf32>
  %d = arith.divf %a, %c : tensor<4x8xf32>
  return %d : tensor<4x8xf32>
}

// In another shape the same memory is read elsewhere: complete only behind its
// kernel.

// CHECK-LABEL: func.func @reshaped(
// CHECK:         bcssl.kernel rowwise
// CHECK:         bcssl.reshape
// CHECK:         bcssl.kernel rowwise
func.func @reshaped(%x: tensor<4x4xf32>, %y: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %a = arith.addf %x, %y : tensor<4x4xf32>
  %flat = bcssl.reshape %a : tensor<4x4xf32> -> tensor<16xf32>
  %again = bcssl.reshape %flat : tensor<16xf32> -> tensor<4x4xf32>
  %b = math.sqrt %again : tensor<4x4xf32>
  return %b : tensor<4x4xf32>
}
