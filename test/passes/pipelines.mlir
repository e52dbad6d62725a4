// Every pass of --bcssl-cpu counts: what is checked below changes when one is
// left out. The first comparison holds the list against the pipeline. The last
// canonicalization has nothing to do here: it removes what kernels of larger
// programs compute again and do not read.
//
// DEFINE: %{fold} = bcssl-fold-batch-norm,
// DEFINE: %{differentiate} = bcssl-differentiate,
// DEFINE: %{expand} = bcssl-expand,
// DEFINE: %{simplify} = canonicalize,
// DEFINE: %{pack} = func.func(bcssl-pack-contractions),
// DEFINE: %{merge} = cse,
// DEFINE: %{form} = func.func(bcssl-form-kernels),
// DEFINE: %{tidy} = canonicalize,
// DEFINE: %{tile} = func.func(bcssl-tile-large-kernels),
// DEFINE: %{choose} = func.func(bcssl-choose-tiles),
// DEFINE: %{emit} = bcssl-emit-cpu-kernels,
// DEFINE: %{plan} = bcssl-plan-memory,
// DEFINE: %{verify} = bcssl-verify-memory
// DEFINE: %{passes} = %{fold}%{differentiate}%{expand}%{simplify}%{pack}%{merge}%{form}%{tidy}%{tile}%{choose}%{emit}%{plan}%{verify}
// DEFINE: %{compile} = bcssl-opt %s --pass-pipeline="builtin.module(%{passes})"

// RUN: bcssl-opt %s --bcssl-cpu --dump-pass-pipeline -o %t.whole 2> %t.dump
// RUN: %{compile} --dump-pass-pipeline -o %t.listed 2> %t.listed.dump
// RUN: cmp %t.whole %t.listed
// RUN: cmp %t.dump %t.listed.dump
// RUN: FileCheck %s --input-file=%t.whole

// BatchNorm keeps its own arithmetic on the map, the filter stays as it is.
// REDEFINE: %{fold} =
// RUN: %{compile} | FileCheck %s --check-prefix=UNFOLDED
// REDEFINE: %{fold} = bcssl-fold-batch-norm,

// A gradient is left.
// REDEFINE: %{differentiate} =
// RUN: not %{compile} 2>&1 | FileCheck %s --check-prefix=GRADIENT
// REDEFINE: %{differentiate} = bcssl-differentiate,

// The linear layer is no kernel.
// REDEFINE: %{expand} =
// RUN: not %{compile} 2>&1 | FileCheck %s --check-prefix=COARSE
// REDEFINE: %{expand} = bcssl-expand,

// A sign on each side of a product stays, in two kernels.
// REDEFINE: %{simplify} =
// RUN: %{compile} | FileCheck %s --check-prefix=SIGNS
// REDEFINE: %{simplify} = canonicalize,

// No generator reads the weight as it lies.
// REDEFINE: %{pack} =
// RUN: not %{compile} 2>&1 | FileCheck %s --check-prefix=UNPACKED
// REDEFINE: %{pack} = func.func(bcssl-pack-contractions),

// Forward and backward compute GELU's error function each for itself, and two
// readers of a weight pack it twice.
// REDEFINE: %{merge} =
// RUN: %{compile} | FileCheck %s --check-prefix=TWICE
// REDEFINE: %{merge} = cse,

// There are no kernels to place.
// REDEFINE: %{form} =
// RUN: not %{compile} 2>&1 | FileCheck %s --check-prefix=UNFORMED
// REDEFINE: %{form} = func.func(bcssl-form-kernels),

// The convolution has no tile.
// REDEFINE: %{tile} =
// RUN: not %{compile} 2>&1 | FileCheck %s --check-prefix=UNTILED
// REDEFINE: %{tile} = func.func(bcssl-tile-large-kernels),

// All others have none.
// REDEFINE: %{choose} =
// RUN: not %{compile} 2>&1 | FileCheck %s --check-prefix=UNCHOSEN
// REDEFINE: %{choose} = func.func(bcssl-choose-tiles),

// There is no code.
// REDEFINE: %{emit} =
// RUN: %{compile} | FileCheck %s --check-prefix=NOCODE
// REDEFINE: %{emit} = bcssl-emit-cpu-kernels,

// There is no memory, which verification says; without it nobody does.
// REDEFINE: %{plan} =
// RUN: not %{compile} 2>&1 | FileCheck %s --check-prefix=UNPLACED
// REDEFINE: %{emit} = bcssl-emit-cpu-kernels
// REDEFINE: %{verify} =
// RUN: %{compile} | FileCheck %s --check-prefix=UNVERIFIED

bcssl.variable @kernel : tensor<5x5x8xf32> init "zeros"
bcssl.variable @mean : tensor<8xf32> init "zeros"
bcssl.variable @variance : tensor<8xf32> init "ones"
bcssl.variable @scale : tensor<8xf32> init "ones"
bcssl.variable @offset : tensor<8xf32> init "zeros"
bcssl.variable @weight : tensor<4x8xf32> init "ones"
bcssl.variable @second : tensor<4x4xf32> init "ones"

// UNPLACED:       error: 'builtin.module' op expects a planned program
// UNVERIFIED:     module {

// CHECK-LABEL:    func.func @features(
// CHECK:          bcssl.kernel rowwise({{.*}} -> tensor<5x5x8xf32>
// CHECK:          bcssl.kernel depthwise({{.*}}slots{{.*}}symbol = "depthwise_2"
// UNFOLDED-LABEL: func.func @features(
// UNFOLDED-NOT:   -> tensor<5x5x8xf32>
// UNFOLDED:       bcssl.kernel depthwise(
// UNTILED:        error: 'bcssl.kernel' op expects a tile
// UNTILED:        "bcssl.depthwise_conv2d"
// NOCODE-LABEL:   func.func @features(
// NOCODE-NOT:     symbol =
// UNVERIFIED-LABEL: func.func @features(
// UNVERIFIED-NOT: slots =
func.func @features(%x: tensor<1x3x3x8xf32> {bcssl.input = "x"}, %k: tensor<5x5x8xf32> {bcssl.variable = "kernel"},
    %mean: tensor<8xf32> {bcssl.variable = "mean"}, %variance: tensor<8xf32> {bcssl.variable = "variance"},
    %scale: tensor<8xf32> {bcssl.variable = "scale"}, %offset: tensor<8xf32> {bcssl.variable = "offset"})
    -> (tensor<1x3x3x8xf32> {bcssl.output = "y"}) {
  %c = bcssl.depthwise_conv2d %x, %k : tensor<1x3x3x8xf32>, tensor<5x5x8xf32> -> tensor<1x3x3x8xf32>
  %b = bcssl.batch_norm %c, %mean, %variance, %scale, %offset epsilon(1.0e-5)
      : tensor<1x3x3x8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32> -> tensor<1x3x3x8xf32>
  return %b : tensor<1x3x3x8xf32>
}

// CHECK-LABEL: func.func @step(
// CHECK:         bcssl.kernel contraction(
// CHECK-COUNT-1:   math.erf
// CHECK-NOT:       math.erf
// TWICE-LABEL: func.func @step(
// TWICE-COUNT-2: math.erf
// COARSE:      error: 'bcssl.linear' op expects an expanded program
// UNPACKED:    error: 'bcssl.contract' op cannot anchor a contraction kernel of the CPU
// UNFORMED:    error: {{.*}} op expects kernels, reshapes and slices alone
// GRADIENT:    error: 'bcssl.gradient' op
// UNCHOSEN:    error: 'bcssl.kernel' op expects a tile
// UNCHOSEN-NOT: "bcssl.depthwise_conv2d"
func.func @step(%x: tensor<6x8xf32> {bcssl.input = "x"}, %w: tensor<4x8xf32> {bcssl.variable = "weight"})
    -> (tensor<f32> {bcssl.output = "loss"}, tensor<4x8xf32> {bcssl.output = "gradient"}) {
  %h = bcssl.linear %x, %w : tensor<6x8xf32>, tensor<4x8xf32> -> tensor<6x4xf32>
  %g = bcssl.gelu %h : tensor<6x4xf32>
  %loss = bcssl.reduce sum %g dims [0, 1] : tensor<6x4xf32> -> tensor<f32>
  %dw = bcssl.gradient %loss wrt %w : tensor<f32> wrt tensor<4x8xf32> -> tensor<4x8xf32>
  return %loss, %dw : tensor<f32>, tensor<4x8xf32>
}

// CHECK-LABEL: func.func @signs(
// CHECK-NOT:     arith.negf
// SIGNS-LABEL: func.func @signs(
// SIGNS:         bcssl.kernel contraction(
// SIGNS:           arith.negf
// SIGNS:         bcssl.kernel contraction(
// SIGNS:           arith.negf
func.func @signs(%x: tensor<6x8xf32> {bcssl.input = "x"}, %z: tensor<6x4xf32> {bcssl.input = "z"},
    %w: tensor<4x8xf32> {bcssl.variable = "weight"}, %v: tensor<4x4xf32> {bcssl.variable = "second"})
    -> (tensor<6x4xf32> {bcssl.output = "y"}) {
  %a = bcssl.linear %x, %w : tensor<6x8xf32>, tensor<4x8xf32> -> tensor<6x4xf32>
  %b = bcssl.linear %z, %v : tensor<6x4xf32>, tensor<4x4xf32> -> tensor<6x4xf32>
  %c = arith.negf %a : tensor<6x4xf32>
  %d = arith.negf %b : tensor<6x4xf32>
  %y = arith.mulf %c, %d : tensor<6x4xf32>
  return %y : tensor<6x4xf32>
}

// The product of the first kernel is cheap, and what it is made of is in memory.
// CHECK-LABEL:   func.func @again(
// CHECK:           bcssl.kernel contraction(
// CHECK-NEXT:        bcssl.packed_contract
// CHECK-NEXT:        bcssl.yield
// CHECK:           bcssl.kernel contraction(
// CHECK:             arith.mulf
func.func @again(%x: tensor<6x8xf32> {bcssl.input = "x"},
    %w: tensor<4x8xf32> {bcssl.variable = "weight"}, %v: tensor<4x4xf32> {bcssl.variable = "second"})
    -> (tensor<6x4xf32> {bcssl.output = "y"}) {
  %a = bcssl.linear %x, %w : tensor<6x8xf32>, tensor<4x8xf32> -> tensor<6x4xf32>
  %p = arith.mulf %a, %a : tensor<6x4xf32>
  %b = bcssl.linear %a, %v : tensor<6x4xf32>, tensor<4x4xf32> -> tensor<6x4xf32>
  %y = arith.addf %b, %p : tensor<6x4xf32>
  return %y : tensor<6x4xf32>
}

// CHECK-LABEL:   func.func @shared(
// CHECK-COUNT-1:   bcssl.pack {{.*}}nt
// CHECK-NOT:       bcssl.pack {{.*}}nt
// CHECK:         module @kernels
// TWICE-LABEL:   func.func @shared(
// TWICE-COUNT-2:   bcssl.pack {{.*}}nt
// TWICE:         module @kernels
func.func @shared(%x: tensor<6x8xf32> {bcssl.input = "x"}, %z: tensor<3x8xf32> {bcssl.input = "z"},
    %w: tensor<4x8xf32> {bcssl.variable = "weight"})
    -> (tensor<6x4xf32> {bcssl.output = "a"}, tensor<3x4xf32> {bcssl.output = "b"}) {
  %a = bcssl.linear %x, %w : tensor<6x8xf32>, tensor<4x8xf32> -> tensor<6x4xf32>
  %b = bcssl.linear %z, %w : tensor<3x8xf32>, tensor<4x8xf32> -> tensor<3x4xf32>
  return %a, %b : tensor<6x4xf32>, tensor<3x4xf32>
}
