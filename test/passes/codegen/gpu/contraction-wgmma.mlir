// RUN: bcssl-opt %s --pass-pipeline="builtin.module(func.func(bcssl-choose-gpu-tiles{specialize=false}),bcssl-emit-gpu-kernels)" | FileCheck %s
// RUN: bcssl-opt %s --pass-pipeline="builtin.module(func.func(bcssl-choose-gpu-tiles{chip=sm_80}))" | FileCheck %s --check-prefix=SM80

// Warp groups of sm_90a multiply bf16. One thread asks for the slices ahead,
// when all have multiplied the one before.

// CHECK-LABEL: func.func @forward
// CHECK:         tile {blocks = 0 : i64, columns = 128 : i64, depth = 64 : i64, rows = 128 : i64, warpgroups = true}
// CHECK-SAME:    shared_bytes = 98336 : i64, symbol = "contraction_0", threads = 256 : i64, tiles = 4704 : i64
// SM80-LABEL:  func.func @forward
// SM80:          warpgroups = false}
func.func @forward(%x: tensor<200704x96xbf16>, %w: tensor<384x96xbf16>) -> tensor<200704x384xf32> {
  %0 = bcssl.kernel contraction(%a = %x, %b = %w) : (tensor<200704x96xbf16>, tensor<384x96xbf16>) -> tensor<200704x384xf32> {
    %y = bcssl.contract nt %a, %b : tensor<200704x96xbf16>, tensor<384x96xbf16> -> tensor<200704x384xf32>
    bcssl.yield %y : tensor<200704x384xf32>
  }
  return %0 : tensor<200704x384xf32>
}

// Operands stay as they lie: what is contiguous along the result is told so.

// CHECK-LABEL: func.func @gradients
func.func @gradients(%dy: tensor<4096x384xbf16>, %w: tensor<384x192xbf16>, %x: tensor<4096x192xbf16>)
    -> (tensor<4096x192xf32>, tensor<8x384x192xf32>) {
  // CHECK: warpgroups = true}
  %0 = bcssl.kernel contraction(%a = %dy, %b = %w) : (tensor<4096x384xbf16>, tensor<384x192xbf16>) -> tensor<4096x192xf32> {
    %y = bcssl.contract nn %a, %b : tensor<4096x384xbf16>, tensor<384x192xbf16> -> tensor<4096x192xf32>
    bcssl.yield %y : tensor<4096x192xf32>
  }
  // CHECK: warpgroups = true}
  %1 = bcssl.kernel contraction(%a = %dy, %b = %x) : (tensor<4096x384xbf16>, tensor<4096x192xbf16>) -> tensor<8x384x192xf32> {
    %y = bcssl.contract tn %a, %b {parts = 8 : i64} : tensor<4096x384xbf16>, tensor<4096x192xbf16> -> tensor<8x384x192xf32>
    bcssl.yield %y : tensor<8x384x192xf32>
  }
  return %0, %1 : tensor<4096x192xf32>, tensor<8x384x192xf32>
}

// Rows that are no whole 16 bytes are for mma.sync.

// CHECK-LABEL: func.func @odd
func.func @odd(%x: tensor<128x100xbf16>, %w: tensor<100x64xbf16>) -> tensor<128x64xf32> {
  // CHECK: warpgroups = false}
  %0 = bcssl.kernel contraction(%a = %x, %b = %w) : (tensor<128x100xbf16>, tensor<100x64xbf16>) -> tensor<128x64xf32> {
    %y = bcssl.contract nn %a, %b : tensor<128x100xbf16>, tensor<100x64xbf16> -> tensor<128x64xf32>
    bcssl.yield %y : tensor<128x64xf32>
  }
  return %0 : tensor<128x64xf32>
}

// CHECK-LABEL: gpu.func @contraction_0
// CHECK-SAME:    bcssl.tensor_maps
// CHECK-COUNT-3: nvvm.mbarrier.init
// CHECK:       nvvm.fence.mbarrier.init
// CHECK:       gpu.barrier
// CHECK-COUNT-4: nvvm.cp.async.bulk.tensor.shared.cluster.global
// CHECK:       scf.for
// CHECK:         nvvm.mbarrier.try_wait.parity
// CHECK:         nvvm.wgmma.fence.aligned
// CHECK-COUNT-4: nvvm.wgmma.mma_async {{.*}}, <m = 64, n = 128, k = 16>, {{.*}} <row>], {{.*}} <col>]
// CHECK:         nvvm.wgmma.commit.group.sync.aligned
// CHECK:         nvvm.wgmma.wait.group.sync.aligned 1
// CHECK:         gpu.barrier
// CHECK:         scf.if
// CHECK:           nvvm.mbarrier.arrive.expect_tx
// CHECK-COUNT-2:   nvvm.cp.async.bulk.tensor.shared.cluster.global
// CHECK:       nvvm.wgmma.wait.group.sync.aligned 0
// CHECK:       gpu.return

// CHECK-LABEL: gpu.func @contraction_1
// CHECK:         nvvm.wgmma.mma_async {{.*}} <row>], {{.*}} <row>]
// CHECK-LABEL: gpu.func @contraction_2
// CHECK:         nvvm.wgmma.mma_async {{.*}} <col>], {{.*}} <row>]
// CHECK-LABEL: gpu.func @contraction_3
// CHECK-NOT:     nvvm.wgmma
// CHECK:         nvvm.mma.sync
