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
// CHECK:         %[[ROOT:.*]] = llvm.call_intrinsic "llvm.sqrt.v4f32"
// CHECK:         %[[ONE:.*]] = arith.constant dense<1.000000e+00> : vector<4xf32>
// CHECK:         arith.divf %[[ONE]], %[[ROOT]]
func.func @vector(%x: vector<4xf32>) -> vector<4xf32> {
  %0 = math.rsqrt %x : vector<4xf32>
  return %0 : vector<4xf32>
}

// Another type, and functions that are polynomials.
// CHECK-LABEL: func.func @others
// CHECK:         math.sqrt
// CHECK:         math.erf
func.func @others(%x: f64, %y: f32) -> (f64, f32) {
  %0 = math.sqrt %x : f64
  %1 = math.erf %y : f32
  return %0, %1 : f64, f32
}
