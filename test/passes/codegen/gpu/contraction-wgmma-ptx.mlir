// RUN: bcssl-opt %s --bcssl-nvvm --bcssl-serialize-gpu-kernels=ptx-file=%t.ptx -o %t.mlir
// RUN: FileCheck %s --input-file=%t.ptx

// Products of warp groups have no intrinsic: they become assembly, the last
// pass of --bcssl-nvvm.

func.func @program(%x: tensor<50176x96xbf16> {bcssl.input = "x"}, %w: tensor<384x96xbf16> {bcssl.input = "w"})
    -> (tensor<50176x384xf32> {bcssl.output = "y"}) {
  %y = bcssl.contract nt %x, %w : tensor<50176x96xbf16>, tensor<384x96xbf16> -> tensor<50176x384xf32>
  %z = bcssl.gelu %y : tensor<50176x384xf32>
  return %z : tensor<50176x384xf32>
}
// CHECK-LABEL:   .entry contraction_
// CHECK:           .param .align 64 .b8 contraction_
// CHECK:           mbarrier.try_wait.parity
// CHECK:           wgmma.fence.sync.aligned
// CHECK-COUNT-4:   wgmma.mma_async.sync.aligned.m64n96k16.f32.bf16.bf16
// CHECK-NOT:       wgmma.mma_async
// CHECK:           wgmma.commit_group.sync.aligned
// CHECK:           wgmma.wait_group.sync.aligned 1
// CHECK:           wgmma.wait_group.sync.aligned 0
// CHECK-NOT:       wgmma
