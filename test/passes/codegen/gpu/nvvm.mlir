// The way from a model's operation to PTX, without libdevice and without local
// memory: the maps are not whole tiles, so that all edges are in the code.
//
// RUN: bcssl-opt %s --bcssl-nvvm | FileCheck %s --check-prefix=NVVM
// RUN: bcssl-opt %s --bcssl-nvvm --bcssl-serialize-gpu-kernels=ptx-file=%t.ptx -o %t.mlir
// RUN: FileCheck %s --input-file=%t.ptx
// RUN: FileCheck %s --input-file=%t.ptx --check-prefix=WITHOUT
// RUN: bcssl-opt %s --bcssl-nvvm=chip=sm_80 --bcssl-serialize-gpu-kernels=ptx-file=- -o %t.mlir | FileCheck %s --check-prefix=SM80

// Every pass of the way behind the kernels' formation counts (the ones before are
// those of pipelines.mlir): what is checked below changes when one is left out.
// The first comparison holds the list against the pipeline. No kernel here has
// tensor maps or warp groups: pass-tensor-maps.mlir shows what passes maps,
// contraction-wgmma-ptx.mlir what the last pass is for.
//
// DEFINE: %{merge} = func.func(bcssl-merge-kernels),
// DEFINE: %{choose} = func.func(bcssl-choose-gpu-tiles),
// DEFINE: %{emit} = bcssl-emit-gpu-kernels,
// DEFINE: %{hoist} = loop-invariant-code-motion,
// DEFINE: %{powers} = bcssl-convert-gpu-math,
// DEFINE: %{expand} = bcssl-expand-math,
// DEFINE: %{roots} = bcssl-convert-gpu-math,
// DEFINE: %{loops} = convert-scf-to-cf,
// DEFINE: %{math} = convert-math-to-llvm,
// DEFINE: %{gpu} = convert-gpu-to-nvvm{has-redux=true index-bitwidth=64 use-bare-ptr-memref-call-conv=true},
// DEFINE: %{maps} = bcssl-pass-tensor-maps,
// DEFINE: %{canonicalize} = canonicalize,
// DEFINE: %{cse} = cse,
// DEFINE: %{verify} = bcssl-verify-gpu-kernels,
// DEFINE: %{assembly} = convert-nvvm-to-llvm
// DEFINE: %{before} = bcssl-fold-batch-norm,bcssl-differentiate,bcssl-expand,canonicalize,func.func(bcssl-split-reductions),cse,func.func(bcssl-form-kernels{contraction-rows=128 partial-sums=512}),canonicalize,
// DEFINE: %{passes} = %{before}%{merge}%{choose}%{emit}gpu.module(%{hoist}%{powers}%{expand}%{roots}%{loops}%{math}%{gpu}%{maps}%{canonicalize}%{cse}%{verify}%{assembly})
// DEFINE: %{lower} = bcssl-opt %s --pass-pipeline="builtin.module(%{passes})"
//
// RUN: bcssl-opt %s --bcssl-nvvm --dump-pass-pipeline -o %t.whole 2> %t.dump
// RUN: %{lower} --dump-pass-pipeline -o %t.listed 2> %t.listed.dump
// RUN: cmp %t.whole %t.listed
// RUN: cmp %t.dump %t.listed.dump
//
// REDEFINE: %{merge} =
// RUN: %{lower} | FileCheck %s --check-prefix=APART --implicit-check-not=@merged
// REDEFINE: %{merge} = func.func(bcssl-merge-kernels),
// REDEFINE: %{choose} =
// RUN: not %{lower} 2>&1 | FileCheck %s --check-prefix=UNCHOSEN
// REDEFINE: %{choose} = func.func(bcssl-choose-gpu-tiles),
// REDEFINE: %{emit} =
// RUN: %{lower} | FileCheck %s --check-prefix=NOCODE --implicit-check-not=gpu.module
// REDEFINE: %{emit} = bcssl-emit-gpu-kernels,
//
// Cleanups leave a longer program, conversions what they are for.
// REDEFINE: %{hoist} =
// RUN: %{lower} > %t.inside && not cmp -s %t.inside %t.whole
// REDEFINE: %{hoist} = loop-invariant-code-motion,
// REDEFINE: %{powers} =
// RUN: %{lower} > %t.polynomials && not cmp -s %t.polynomials %t.whole
// REDEFINE: %{powers} = bcssl-convert-gpu-math,
// REDEFINE: %{expand} =
// RUN: %{lower} | grep -q 'llvm\.intr\.tanh'
// REDEFINE: %{expand} = bcssl-expand-math,
// REDEFINE: %{roots} =
// RUN: not %{lower} 2>&1 | grep -q "failed to legalize operation 'llvm.intr.fabs'"
// REDEFINE: %{roots} = bcssl-convert-gpu-math,
// REDEFINE: %{loops} =
// RUN: %{lower} | grep -q 'scf\.for'
// REDEFINE: %{loops} = convert-scf-to-cf,
// REDEFINE: %{math} =
// RUN: not %{lower} 2>&1 | FileCheck %s --check-prefix=LIBRARY
// REDEFINE: %{verify} = canonicalize,
// RUN: %{lower} | grep -q __nv_fmaf
// REDEFINE: %{verify} = bcssl-verify-gpu-kernels,
// REDEFINE: %{math} = convert-math-to-llvm,
// REDEFINE: %{gpu} =
// RUN: %{lower} | grep -q 'gpu\.func'
// REDEFINE: %{gpu} = convert-gpu-to-nvvm{has-redux=true index-bitwidth=64 use-bare-ptr-memref-call-conv=true},
// REDEFINE: %{canonicalize} =
// RUN: %{lower} > %t.uncleaned && not cmp -s %t.uncleaned %t.whole
// REDEFINE: %{canonicalize} = canonicalize,
// REDEFINE: %{cse} =
// RUN: %{lower} > %t.twice && not cmp -s %t.twice %t.whole
// REDEFINE: %{cse} = cse,
//
// LIBRARY:  error: 'llvm.func' op has no body: expects kernels that call nothing, got a call of __nv_fmaf
// UNCHOSEN: error: 'bcssl.kernel' op expects a tile
// NOCODE:   func.func @block
// APART:    llvm.func @rowwise_1(

// NVVM:     gpu.module @kernels
// NVVM:       llvm.mlir.global external @dynamic_shared() {addr_space = 3 : i32, alignment = 1024 : i64} : !llvm.array<0 x i8>
// NVVM:       llvm.func @depthwise_0(%{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr)
// NVVM-SAME:    nvvm.kernel
// NVVM-SAME:    nvvm.reqntid
// NVVM:         nvvm.barrier
// NVVM-NOT:     __nv_
// NVVM-NOT:     math.

// NVVM:       llvm.func @merged_1(

// CHECK:      .version 8.0
// CHECK-NEXT: .target sm_90a
// CHECK:      .extern .shared .align 1024 .b8 dynamic_shared[];
// CHECK:      .visible .entry depthwise_0(
// CHECK:      .reqntid
// CHECK:      ld.global.v4.b32
// CHECK:      st.shared.v4.b32
// CHECK:      bar.sync 0;
// CHECK-COUNT-8: ld.shared.v4.b32
// CHECK-COUNT-64: fma.rn.f32
// CHECK:      st.global.v4.b32

// WITHOUT-NOT: __nv_
// WITHOUT-NOT: call
// WITHOUT-NOT: .local

// SM80:      .version 7.0
// SM80-NEXT: .target sm_80
// SM80:      fma.rn.f32
func.func @block(%x: tensor<64x15x17x20xf32> {bcssl.input = "x"}, %w: tensor<9x9x20xf32> {bcssl.input = "w"},
    %s: tensor<20xf32> {bcssl.input = "s"}) -> (tensor<64x15x17x20xf32> {bcssl.output = "y"}) {
  %y = bcssl.depthwise_conv2d %x, %w : tensor<64x15x17x20xf32>, tensor<9x9x20xf32> -> tensor<64x15x17x20xf32>
  %b = bcssl.broadcast %s dims [3] : tensor<20xf32> -> tensor<64x15x17x20xf32>
  %a = arith.addf %y, %b : tensor<64x15x17x20xf32>
  %g = bcssl.gelu %a : tensor<64x15x17x20xf32>
  %l = math.tanh %g : tensor<64x15x17x20xf32>
  return %l : tensor<64x15x17x20xf32>
}

func.func @roots(%x: tensor<20xf32> {bcssl.input = "x"}, %y: tensor<9xf32> {bcssl.input = "y"})
    -> (tensor<20xf32> {bcssl.output = "v"}, tensor<9xf32> {bcssl.output = "w"}) {
  %v = math.sqrt %x : tensor<20xf32>
  %w = math.sqrt %y : tensor<9xf32>
  return %v, %w : tensor<20xf32>, tensor<9xf32>
}
