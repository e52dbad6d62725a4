// RUN: bcssl-opt %s --bcssl-expand-math | FileCheck %s

// Polynomials in arithmetic; square roots are instructions.
// CHECK-LABEL: func.func @functions
// CHECK-NOT:     math.{{erf|exp|log|tanh}}
// CHECK:         math.sqrt
// CHECK-NOT:     math.{{erf|exp|log|tanh}}
// CHECK:         return
func.func @functions(%x: vector<4xf32>) -> vector<4xf32> {
  %0 = math.erf %x : vector<4xf32>
  %1 = math.exp %0 : vector<4xf32>
  %2 = math.sqrt %1 : vector<4xf32>
  %3 = math.log %2 : vector<4xf32>
  %4 = math.tanh %3 : vector<4xf32>
  return %4 : vector<4xf32>
}
