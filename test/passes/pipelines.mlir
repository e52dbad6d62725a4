// Every pass of --bcssl-cpu counts: what is checked below changes when one is
// left out. The first comparison holds the list against the pipeline.
//
// DEFINE: %{fold} = bcssl-fold-batch-norm,
// DEFINE: %{differentiate} = bcssl-differentiate,
// DEFINE: %{canonicalize} = canonicalize,
// DEFINE: %{cse} = cse,
// DEFINE: %{expand} = bcssl-expand,
// DEFINE: %{pack} = func.func(bcssl-pack-contractions),
// DEFINE: %{form} = func.func(bcssl-form-kernels),
// DEFINE: %{tile} = func.func(bcssl-tile-large-kernels),
// DEFINE: %{choose} = func.func(bcssl-choose-tiles),
// DEFINE: %{emit} = bcssl-emit-cpu-kernels,
// DEFINE: %{plan} = bcssl-plan-memory
// DEFINE: %{cleanup} = %{canonicalize}%{cse}
// DEFINE: %{passes} = %{fold}%{differentiate}%{cleanup}%{expand}%{cleanup}%{pack}%{cleanup}%{form}%{cleanup}%{tile}%{choose}%{emit}%{plan}
// DEFINE: %{compile} = bcssl-opt %s --pass-pipeline="builtin.module(%{passes})"

// RUN: bcssl-opt %s --bcssl-cpu -o %t.whole
// RUN: %{compile} -o %t.listed
// RUN: cmp %t.whole %t.listed
// RUN: FileCheck %s --input-file=%t.whole

// BatchNorm keeps its own arithmetic on the map, the filter stays as it is.
// REDEFINE: %{fold} =
// RUN: %{compile} | FileCheck %s --check-prefix=UNFOLDED
// REDEFINE: %{fold} = bcssl-fold-batch-norm,

// A gradient is left.
// REDEFINE: %{differentiate} =
// RUN: not %{compile} 2>&1 | FileCheck %s --check-prefix=GRADIENT
// REDEFINE: %{differentiate} = bcssl-differentiate,

// Two signs stay where none is needed.
// REDEFINE: %{canonicalize} =
// RUN: %{compile} | FileCheck %s --check-prefix=SIGNS
// REDEFINE: %{canonicalize} = canonicalize,

// Forward and backward compute GELU's error function each for itself.
// REDEFINE: %{cse} =
// RUN: %{compile} | FileCheck %s --check-prefix=TWICE
// REDEFINE: %{cse} = cse,

// The linear layer is no kernel.
// REDEFINE: %{expand} =
// RUN: not %{compile} 2>&1 | FileCheck %s --check-prefix=COARSE
// REDEFINE: %{expand} = bcssl-expand,

// No generator reads the weight as it lies.
// REDEFINE: %{pack} =
// RUN: not %{compile} 2>&1 | FileCheck %s --check-prefix=UNPACKED
// REDEFINE: %{pack} = func.func(bcssl-pack-contractions),

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

// There is no memory.
// REDEFINE: %{emit} = bcssl-emit-cpu-kernels
// REDEFINE: %{plan} =
// RUN: %{compile} | FileCheck %s --check-prefix=NOPLACE

bcssl.variable @kernel : tensor<5x5x8xf32> init "zeros"
bcssl.variable @mean : tensor<8xf32> init "zeros"
bcssl.variable @variance : tensor<8xf32> init "ones"
bcssl.variable @scale : tensor<8xf32> init "ones"
bcssl.variable @offset : tensor<8xf32> init "zeros"
bcssl.variable @weight : tensor<4x8xf32> init "ones"

// CHECK-LABEL:    func.func @features(
// CHECK-NOT:      arith.negf
// CHECK:          bcssl.kernel rowwise({{.*}} -> tensor<5x5x8xf32>
// CHECK:          bcssl.kernel depthwise({{.*}}slots{{.*}}symbol = "depthwise_2"
// UNFOLDED-LABEL: func.func @features(
// UNFOLDED-NOT:   -> tensor<5x5x8xf32>
// UNFOLDED:       bcssl.kernel depthwise(
// SIGNS-LABEL:    func.func @features(
// SIGNS:          arith.negf
// UNTILED:        error: 'bcssl.kernel' op expects a tile
// UNTILED:        "bcssl.depthwise_conv2d"
// NOCODE-LABEL:   func.func @features(
// NOCODE-NOT:     symbol =
// NOPLACE-LABEL:  func.func @features(
// NOPLACE-NOT:    slots =
func.func @features(%x: tensor<1x3x3x8xf32> {bcssl.input = "x"}, %k: tensor<5x5x8xf32> {bcssl.variable = "kernel"},
    %mean: tensor<8xf32> {bcssl.variable = "mean"}, %variance: tensor<8xf32> {bcssl.variable = "variance"},
    %scale: tensor<8xf32> {bcssl.variable = "scale"}, %offset: tensor<8xf32> {bcssl.variable = "offset"})
    -> (tensor<1x3x3x8xf32> {bcssl.output = "y"}) {
  %c = bcssl.depthwise_conv2d %x, %k : tensor<1x3x3x8xf32>, tensor<5x5x8xf32> -> tensor<1x3x3x8xf32>
  %b = bcssl.batch_norm %c, %mean, %variance, %scale, %offset epsilon(1.0e-5)
      : tensor<1x3x3x8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32> -> tensor<1x3x3x8xf32>
  %n = arith.negf %b : tensor<1x3x3x8xf32>
  %y = arith.mulf %n, %n : tensor<1x3x3x8xf32>
  return %y : tensor<1x3x3x8xf32>
}

// CHECK-LABEL: func.func @step(
// CHECK:         bcssl.kernel contraction(
// CHECK-COUNT-1:   math.erf
// CHECK-NOT:       math.erf
// CHECK:       module @kernels
// TWICE-LABEL: func.func @step(
// TWICE-COUNT-2: math.erf
// TWICE:       module @kernels
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
