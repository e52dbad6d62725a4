// Every pass of --bcssl-lower-cpu counts: what is checked below changes when one
// is left out. The first comparison holds the list against the pipeline.
//
// DEFINE: %{canonicalize} = canonicalize,
// DEFINE: %{cse} = cse,
// DEFINE: %{hoist} = loop-invariant-code-motion
// DEFINE: %{expand} = bcssl-expand-math,
// DEFINE: %{loops} = convert-scf-to-cf,
// DEFINE: %{math} = convert-math-to-llvm,
// DEFINE: %{vectors} = convert-vector-to-llvm{vector-transpose-lowering=shuffle16x16},
// DEFINE: %{functions} = convert-func-to-llvm{use-bare-ptr-memref-call-conv=true},
// DEFINE: %{buffers} = finalize-memref-to-llvm,
// DEFINE: %{branches} = convert-cf-to-llvm,
// DEFINE: %{arith} = convert-arith-to-llvm,
// DEFINE: %{poison} = convert-ub-to-llvm,
// DEFINE: %{casts} = reconcile-unrealized-casts
// DEFINE: %{passes} = func.func(%{canonicalize}%{cse}%{hoist}),%{expand}%{loops}%{math}%{vectors}%{functions}%{buffers}%{branches}%{arith}%{poison}%{casts}
// DEFINE: %{lower} = bcssl-opt %s --pass-pipeline="builtin.module(%{passes})"

// RUN: bcssl-opt %s --bcssl-lower-cpu --dump-pass-pipeline -o %t.whole 2> %t.dump
// RUN: %{lower} --dump-pass-pipeline -o %t.listed 2> %t.listed.dump
// RUN: cmp %t.whole %t.listed
// RUN: cmp %t.dump %t.listed.dump
// RUN: FileCheck %s --input-file=%t.whole --implicit-check-not=unrealized

// The inner loop, which runs once, stays.
// REDEFINE: %{canonicalize} =
// RUN: %{lower} | FileCheck %s --check-prefix=LOOPS
// REDEFINE: %{canonicalize} = canonicalize,

// The product is computed twice.
// REDEFINE: %{cse} =
// RUN: %{lower} | FileCheck %s --check-prefix=TWICE
// REDEFINE: %{cse} = cse,

// The product is computed in the loop.
// REDEFINE: %{cse} = cse
// REDEFINE: %{hoist} =
// RUN: %{lower} | FileCheck %s --check-prefix=INSIDE
// REDEFINE: %{cse} = cse,
// REDEFINE: %{hoist} = loop-invariant-code-motion

// A function that only a library has.
// REDEFINE: %{expand} =
// RUN: %{lower} | grep -q 'llvm\.intr\.exp'
// REDEFINE: %{expand} = bcssl-expand-math,
// What each conversion is for is left.
// REDEFINE: %{loops} =
// RUN: %{lower} | grep -q 'scf\.for'
// REDEFINE: %{loops} = convert-scf-to-cf,
// REDEFINE: %{math} =
// RUN: %{lower} | grep -q 'math\.sqrt'
// REDEFINE: %{math} = convert-math-to-llvm,
// REDEFINE: %{functions} =
// RUN: %{lower} | grep -q 'func\.func'
// REDEFINE: %{functions} = convert-func-to-llvm{use-bare-ptr-memref-call-conv=true},
// REDEFINE: %{buffers} =
// RUN: %{lower} | grep -q 'memref\.alloca'
// REDEFINE: %{buffers} = finalize-memref-to-llvm,
// REDEFINE: %{branches} =
// RUN: %{lower} | grep -q 'cf\.cond_br'
// REDEFINE: %{branches} = convert-cf-to-llvm,
// REDEFINE: %{arith} =
// RUN: %{lower} | grep -q 'arith\.muli'
// REDEFINE: %{arith} = convert-arith-to-llvm,
// REDEFINE: %{poison} =
// RUN: %{lower} | grep -q 'ub\.poison'
// REDEFINE: %{poison} = convert-ub-to-llvm,
// REDEFINE: %{vectors} =
// RUN: %{lower} | grep -q 'vector\.load'
// REDEFINE: %{vectors} = convert-vector-to-llvm{vector-transpose-lowering=shuffle16x16},
// REDEFINE: %{poison} = convert-ub-to-llvm
// REDEFINE: %{casts} =
// RUN: %{lower} | grep -q unrealized_conversion_cast

// A transpose is shuffles of whole vectors.
// CHECK-LABEL: llvm.func @transpose(%{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr) {
// CHECK:         llvm.shufflevector
// CHECK-NOT:     llvm.extractelement
// CHECK:         llvm.return
func.func @transpose(%in: memref<256xf32>, %out: memref<256xf32>) {
  %c0 = arith.constant 0 : index
  %x = vector.load %in[%c0] : memref<256xf32>, vector<256xf32>
  %y = vector.shape_cast %x : vector<256xf32> to vector<16x16xf32>
  %t = vector.transpose %y, [1, 0] : vector<16x16xf32> to vector<16x16xf32>
  %z = vector.shape_cast %t : vector<16x16xf32> to vector<256xf32>
  vector.store %z, %out[%c0] : memref<256xf32>, vector<256xf32>
  return
}

// CHECK-LABEL:  llvm.func @loop(
// CHECK:          llvm.alloca
// CHECK:          llvm.mul
// CHECK-NOT:      llvm.mul %
// CHECK-COUNT-1:  llvm.cond_br
// CHECK-NOT:      llvm.cond_br
// CHECK:          llvm.intr.fma
// CHECK:          llvm.intr.sqrt
// CHECK:          llvm.return
// LOOPS-LABEL:  llvm.func @loop(
// LOOPS-COUNT-2:  llvm.cond_br
// TWICE-LABEL:  llvm.func @loop(
// TWICE-COUNT-2:  llvm.mul %{{.*}} : i64
// INSIDE-LABEL: llvm.func @loop(
// INSIDE:         llvm.cond_br
// INSIDE:         llvm.mul %{{.*}} : i64
func.func @loop(%in: memref<64xf32>, %out: memref<64xf32>, %tile: index) {
  %c0 = arith.constant 0 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %scratch = memref.alloca() {alignment = 64 : i64} : memref<16xf32>
  scf.for %i = %c0 to %c64 step %c16 {
    scf.for %j = %c0 to %c16 step %c16 {
      %at = arith.muli %tile, %c16 : index
      %again = arith.muli %tile, %c16 : index
      %from = arith.addi %at, %i : index
      %to = arith.addi %again, %i : index
      %x = vector.load %in[%from] : memref<64xf32>, vector<16xf32>
      %y = math.exp %x : vector<16xf32>
      %z = math.sqrt %y : vector<16xf32>
      vector.store %z, %scratch[%j] : memref<16xf32>, vector<16xf32>
      vector.store %z, %out[%to] : memref<64xf32>, vector<16xf32>
    }
  }
  return
}
