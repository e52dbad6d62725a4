// RUN: bcssl-opt %s --pass-pipeline="builtin.module(func.func(bcssl-choose-gpu-tiles),bcssl-emit-gpu-kernels)" | FileCheck %s
// RUN: bcssl-opt %s --pass-pipeline="builtin.module(func.func(bcssl-choose-gpu-tiles{specialize=false}))" | FileCheck %s --check-prefix=PLAIN

// More tiles than multiprocessors: each block takes one after the other, and its
// last warp group asks for their slices.

// CHECK-LABEL: func.func @many
// CHECK:         tile {blocks = 131 : i64, columns = 128 : i64, depth = 64 : i64, rows = 256 : i64, warpgroups = true}
// CHECK-SAME:    shared_bytes = 229440 : i64, symbol = "contraction_0", threads = 640 : i64, tiles = 131 : i64
// PLAIN-LABEL: func.func @many
// PLAIN:         tile {blocks = 0 : i64
func.func @many(%x: tensor<200704x96xbf16>, %w: tensor<384x96xbf16>) -> (tensor<200704x384xf32>, tensor<1568x384xf32>) {
  %0:2 = bcssl.kernel contraction(%a = %x, %b = %w) : (tensor<200704x96xbf16>, tensor<384x96xbf16>) -> (tensor<200704x384xf32>, tensor<1568x384xf32>) {
    %y = bcssl.contract nt %a, %b : tensor<200704x96xbf16>, tensor<384x96xbf16> -> tensor<200704x384xf32>
    %p = bcssl.reduce_partial %y rows(128) : tensor<200704x384xf32> -> tensor<1568x384xf32>
    bcssl.yield %y, %p : tensor<200704x384xf32>, tensor<1568x384xf32>
  }
  return %0#0, %0#1 : tensor<200704x384xf32>, tensor<1568x384xf32>
}

// As many tiles as multiprocessors have a block each, and so have parts that end
// inside a slice.

// CHECK-LABEL: func.func @few
// CHECK:         tile {blocks = 0 : i64
func.func @few(%x: tensor<2048x96xbf16>, %w: tensor<384x96xbf16>) -> tensor<2048x384xf32> {
  %0 = bcssl.kernel contraction(%a = %x, %b = %w) : (tensor<2048x96xbf16>, tensor<384x96xbf16>) -> tensor<2048x384xf32> {
    %y = bcssl.contract nt %a, %b : tensor<2048x96xbf16>, tensor<384x96xbf16> -> tensor<2048x384xf32>
    bcssl.yield %y : tensor<2048x384xf32>
  }
  return %0 : tensor<2048x384xf32>
}

// CHECK-LABEL: func.func @cut
// CHECK:         tile {blocks = 0 : i64
func.func @cut(%x: tensor<200x16384xbf16>, %w: tensor<200x1024xbf16>) -> tensor<2x16384x1024xf32> {
  %0 = bcssl.kernel contraction(%a = %x, %b = %w) : (tensor<200x16384xbf16>, tensor<200x1024xbf16>) -> tensor<2x16384x1024xf32> {
    %y = bcssl.contract tn %a, %b {parts = 2 : i64} : tensor<200x16384xbf16>, tensor<200x1024xbf16> -> tensor<2x16384x1024xf32>
    bcssl.yield %y : tensor<2x16384x1024xf32>
  }
  return %0 : tensor<2x16384x1024xf32>
}

// 168 tiles of 256 rows, a quarter of them beyond the result, would keep 84 of 132
// multiprocessors busy for two turns; 252 of 128 rows keep 126 busy for as long as
// two of them take.

// CHECK-LABEL: func.func @uneven
// CHECK:         tile {blocks = 0 : i64, columns = 128 : i64, depth = 64 : i64, rows = 128 : i64
func.func @uneven(%x: tensor<25088x384xbf16>, %w: tensor<25088x1536xbf16>) -> tensor<7x384x1536xf32> {
  %0 = bcssl.kernel contraction(%a = %x, %b = %w) : (tensor<25088x384xbf16>, tensor<25088x1536xbf16>) -> tensor<7x384x1536xf32> {
    %y = bcssl.contract tn %a, %b {parts = 7 : i64} : tensor<25088x384xbf16>, tensor<25088x1536xbf16> -> tensor<7x384x1536xf32>
    bcssl.yield %y : tensor<7x384x1536xf32>
  }
  return %0 : tensor<7x384x1536xf32>
}

// CHECK-LABEL: gpu.func @contraction_0
// CHECK-SAME:    nvvm.minctasm = 1 : i32
// CHECK-COUNT-8: nvvm.mbarrier.init
// CHECK:       gpu.barrier
// CHECK-NOT:   gpu.barrier
// CHECK:       scf.if
// CHECK:         nvvm.setmaxregister increase 112
// CHECK:         scf.for
// CHECK:           nvvm.mbarrier.try_wait.parity
// The first product begins the sums, the others add to them.
// CHECK:           nvvm.wgmma.mma_async {{.*}}, <zero>
// CHECK:           scf.for
// CHECK:             nvvm.mbarrier.try_wait.parity
// CHECK-COUNT-4:     nvvm.wgmma.mma_async
// CHECK:             nvvm.wgmma.wait.group.sync.aligned 1
// CHECK:             nvvm.mbarrier.arrive
// CHECK:           nvvm.wgmma.wait.group.sync.aligned 0
// CHECK:           nvvm.mbarrier.arrive
// Four pieces of 32 columns.
// CHECK-COUNT-8:   nvvm.bar.warp.sync
// CHECK-COUNT-2:   nvvm.barrier id
// CHECK:       } else {
// CHECK:         nvvm.setmaxregister decrease 24
// CHECK:         scf.for
// CHECK:           scf.for
// CHECK:             nvvm.mbarrier.try_wait.parity
// CHECK:             nvvm.mbarrier.arrive.expect_tx
// CHECK-COUNT-5:     nvvm.cp.async.bulk.tensor.shared.cluster.global
// CHECK:       gpu.return
