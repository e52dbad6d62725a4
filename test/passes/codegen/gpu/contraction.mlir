// RUN: bcssl-opt %s --pass-pipeline="builtin.module(func.func(bcssl-choose-gpu-tiles{chip=sm_90}),bcssl-emit-gpu-kernels{chip=sm_90})" | FileCheck %s
// RUN: bcssl-opt %s --pass-pipeline="builtin.module(func.func(bcssl-choose-gpu-tiles{chip=sm_80}))" | FileCheck %s --check-prefix=SM80

// Two blocks of a multiprocessor share its memory: slices of 64 terms where
// there are 227 KiB, of 32 where there are 163.

// CHECK-LABEL: func.func @mixed
// CHECK:         tile {blocks = 0 : i64, columns = 128 : i64, depth = 64 : i64, rows = 128 : i64, warpgroups = false}
// CHECK-SAME:    shared_bytes = 98304 : i64, symbol = "contraction_0", threads = 128 : i64, tiles = 4704 : i64
// SM80-LABEL:  func.func @mixed
// SM80:          tile {blocks = 0 : i64, columns = 128 : i64, depth = 32 : i64, rows = 128 : i64, warpgroups = false}
func.func @mixed(%x: tensor<200704x96xbf16>, %w: tensor<384x96xbf16>) -> tensor<200704x384xf32> {
  %0 = bcssl.kernel contraction(%a = %x, %b = %w) : (tensor<200704x96xbf16>, tensor<384x96xbf16>) -> tensor<200704x384xf32> {
    %y = bcssl.contract nt %a, %b : tensor<200704x96xbf16>, tensor<384x96xbf16> -> tensor<200704x384xf32>
    bcssl.yield %y : tensor<200704x384xf32>
  }
  return %0 : tensor<200704x384xf32>
}

// Columns that three warps fill; a tile's rows are those of a partial sum.

// CHECK-LABEL: func.func @sums
// CHECK:         tile {blocks = 0 : i64, columns = 96 : i64, depth = 16 : i64, rows = 128 : i64, warpgroups = false}
// CHECK-SAME:    symbol = "contraction_1", threads = 192 : i64, tiles = 1568 : i64
func.func @sums(%x: tensor<200704x384xf32>, %w: tensor<384x96xf32>) -> (tensor<200704x96xf32>, tensor<1568x96xf32>) {
  %0:2 = bcssl.kernel contraction(%a = %x, %b = %w) : (tensor<200704x384xf32>, tensor<384x96xf32>) -> (tensor<200704x96xf32>, tensor<1568x96xf32>) {
    %y = bcssl.contract nn %a, %b : tensor<200704x384xf32>, tensor<384x96xf32> -> tensor<200704x96xf32>
    %s = bcssl.reduce_partial %y rows(128) : tensor<200704x96xf32> -> tensor<1568x96xf32>
    bcssl.yield %y, %s : tensor<200704x96xf32>, tensor<1568x96xf32>
  }
  return %0#0, %0#1 : tensor<200704x96xf32>, tensor<1568x96xf32>
}

// Few results: narrower tiles, so that more blocks share the work.

// CHECK-LABEL: func.func @small
// CHECK:         tile {blocks = 0 : i64, columns = 64 : i64, depth = 16 : i64, rows = 128 : i64, warpgroups = false}
func.func @small(%x: tensor<64x768xf32>, %w: tensor<1000x768xf32>) -> tensor<64x1000xf32> {
  %0 = bcssl.kernel contraction(%a = %x, %b = %w) : (tensor<64x768xf32>, tensor<1000x768xf32>) -> tensor<64x1000xf32> {
    %y = bcssl.contract nt %a, %b : tensor<64x768xf32>, tensor<1000x768xf32> -> tensor<64x1000xf32>
    bcssl.yield %y : tensor<64x1000xf32>
  }
  return %0 : tensor<64x1000xf32>
}

// bf16: asynchronous copies of 16 bytes, two slices ahead, and 8 x 8 blocks as
// they lie along the sum.

// CHECK-LABEL: gpu.func @contraction_0
// CHECK-COUNT-32: nvvm.cp.async.shared.global %{{.*}}, 16, cache = cg
// CHECK:       scf.for
// CHECK:         nvvm.cp.async.wait.group 1
// CHECK:         gpu.barrier
// CHECK:         scf.if
// CHECK-COUNT-16:  nvvm.cp.async.shared.global %{{.*}}, 16, cache = cg
// CHECK:         nvvm.cp.async.commit.group
// CHECK-NOT:     layout = #nvvm.mma_layout<col>, num = 4
// CHECK-COUNT-128: nvvm.mma.sync
// CHECK-NOT:     nvvm.mma.sync
// CHECK:       gpu.return

// f32: pieces of the next slice are loaded before the present one is multiplied
// and stored after it. Column sums have two barriers of their own.

// CHECK-LABEL: gpu.func @contraction_1
// CHECK:       gpu.barrier
// CHECK:       scf.for
// CHECK:         vector.load {{.*}} : memref<77070336xf32>, vector<4xf32>
// CHECK:         vector.fma
// CHECK:         gpu.barrier
// CHECK:         scf.yield
// CHECK-COUNT-3: gpu.barrier
// CHECK-NOT:   gpu.barrier
// CHECK:       gpu.return

// Operands that are summed along their rows are transposed on the way.

func.func @transposed(%dy: tensor<4096x128xbf16>, %x: tensor<4096x128xbf16>) -> tensor<8x128x128xf32> {
  %0 = bcssl.kernel contraction(%a = %dy, %b = %x) : (tensor<4096x128xbf16>, tensor<4096x128xbf16>) -> tensor<8x128x128xf32> {
    %y = bcssl.contract tn %a, %b {parts = 8 : i64} : tensor<4096x128xbf16>, tensor<4096x128xbf16> -> tensor<8x128x128xf32>
    bcssl.yield %y : tensor<8x128x128xf32>
  }
  return %0 : tensor<8x128x128xf32>
}
// CHECK-LABEL: gpu.func @contraction_3
// CHECK-NOT:     layout = #nvvm.mma_layout<row>, num = 4
// CHECK:         nvvm.ldmatrix %{{.*}} layout = #nvvm.mma_layout<col>
