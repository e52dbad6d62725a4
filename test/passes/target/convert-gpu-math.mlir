// RUN: bcssl-opt %s --bcssl-convert-gpu-math | FileCheck %s

// CHECK-LABEL: func.func @scalar
// CHECK-SAME:    %[[X:.*]]: f32
// CHECK:         %[[ROOT:.*]] = llvm.call_intrinsic "llvm.sqrt.f32"(%[[X]]) : (f32) -> f32
// CHECK:         %[[SIZE:.*]] = llvm.call_intrinsic "llvm.fabs.f32"(%[[ROOT]])
// CHECK:         return %[[SIZE]]
func.func @scalar(%x: f32) -> f32 {
  %0 = math.sqrt %x : f32
  %1 = math.absf %0 : f32
  return %1 : f32
}

// Correctly rounded: a root and a division.
// CHECK-LABEL: func.func @vector
// CHECK-DAG:     %[[ROOT:.*]] = llvm.call_intrinsic "llvm.sqrt.v4f32"
// CHECK-DAG:     %[[ONE:.*]] = arith.constant dense<1.000000e+00> : vector<4xf32>
// CHECK:         arith.divf %[[ONE]], %[[ROOT]]
func.func @vector(%x: vector<4xf32>) -> vector<4xf32> {
  %0 = math.rsqrt %x : vector<4xf32>
  return %0 : vector<4xf32>
}

// The power of two and what rounding its exponent leaves out; infinite beyond
// the largest number.
// CHECK-LABEL: func.func @exponential
// CHECK-SAME:    %[[X:.*]]: f32
// CHECK:         arith.maximumf %[[X]]
// CHECK:         %[[IN:.*]] = arith.minimumf
// CHECK:         %[[T:.*]] = arith.mulf %[[IN]]
// CHECK:         %[[R:.*]] = math.fma %[[IN]]
// CHECK:         %[[P:.*]] = llvm.call_intrinsic "llvm.exp2.f32"(%[[T]]) {fastmathFlags = #llvm.fastmath<afn>}
// CHECK:         %[[Y:.*]] = math.fma %[[P]], %{{.*}}, %[[P]]
// CHECK:         %[[BEYOND:.*]] = arith.cmpf ogt, %[[X]]
// CHECK:         arith.select %[[BEYOND]], %{{.*}}, %[[Y]]
// CHECK-NOT:     arith.divf
func.func @exponential(%x: f32) -> f32 {
  %0 = math.exp %x : f32
  return %0 : f32
}

// CHECK-LABEL: func.func @error_function
// CHECK-COUNT-12: math.fma
// CHECK-NOT:     math.fma
// CHECK-COUNT-2: llvm.call_intrinsic "llvm.nvvm.ex2.approx.ftz.f32"
// CHECK:         llvm.call_intrinsic "llvm.copysign.v2f32"
// CHECK:         arith.select
func.func @error_function(%x: vector<2xf32>) -> vector<2xf32> {
  %0 = math.erf %x : vector<2xf32>
  return %0 : vector<2xf32>
}

// One polynomial is enough where the error counts against one half and is
// rounded away.
// CHECK-LABEL: func.func @gelu
// CHECK-COUNT-8: math.fma
// CHECK-NOT:     math.fma
// CHECK-NOT:     arith.select
// CHECK:         arith.truncf
func.func @gelu(%x: f32) -> bf16 {
  %half = arith.constant 0.5 : f32
  %0 = math.erf %x : f32
  %1 = arith.mulf %0, %half : f32
  %2 = arith.addf %1, %half : f32
  %3 = arith.mulf %2, %x : f32
  %4 = arith.truncf %3 : f32 to bf16
  return %4 : bf16
}

// Not so: a result of f32, a smaller constant, erf by itself.
// CHECK-LABEL: func.func @wide_gelu
// CHECK-COUNT-12: math.fma
func.func @wide_gelu(%x: f32) -> (f32, bf16) {
  %half = arith.constant 0.5 : f32
  %0 = math.erf %x : f32
  %1 = arith.mulf %0, %half : f32
  %2 = arith.addf %1, %half : f32
  %3 = arith.truncf %2 : f32 to bf16
  return %2, %3 : f32, bf16
}
// CHECK-LABEL: func.func @smaller
// CHECK-COUNT-12: math.fma
func.func @smaller(%x: f32) -> bf16 {
  %half = arith.constant 0.5 : f32
  %quarter = arith.constant 0.25 : f32
  %0 = math.erf %x : f32
  %1 = arith.mulf %0, %half : f32
  %2 = arith.addf %1, %quarter : f32
  %3 = arith.truncf %2 : f32 to bf16
  return %3 : bf16
}
// CHECK-LABEL: func.func @alone
// CHECK-COUNT-12: math.fma
func.func @alone(%x: f32) -> bf16 {
  %0 = math.erf %x : f32
  %1 = arith.truncf %0 : f32 to bf16
  return %1 : bf16
}

// Another type, and a function that the next pass expands.
// CHECK-LABEL: func.func @others
// CHECK:         math.exp
// CHECK:         math.log
func.func @others(%x: f64, %y: f32) -> (f64, f32) {
  %0 = math.exp %x : f64
  %1 = math.log %y : f32
  return %0, %1 : f64, f32
}
