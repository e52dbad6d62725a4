// RUN: bcssl-opt %s --split-input-file --pass-pipeline="builtin.module(gpu.module(bcssl-verify-gpu-kernels))" | FileCheck %s

// Dynamic shared memory is external, static one has a size.
// CHECK-LABEL: gpu.module @shared
gpu.module @shared {
  llvm.mlir.global external @dynamic() {addr_space = 3 : i32, alignment = 16 : i64} : !llvm.array<0 x i8>
  llvm.mlir.global internal @static() {addr_space = 3 : i32} : !llvm.array<49152 x i8>
  llvm.mlir.global internal @elsewhere() {addr_space = 3 : i32} : !llvm.array<49152 x i8>
  llvm.func @first() attributes {gpu.kernel, nvvm.kernel} {
    %0 = llvm.mlir.addressof @dynamic : !llvm.ptr<3>
    %1 = llvm.mlir.addressof @static : !llvm.ptr<3>
    llvm.return
  }
  llvm.func @second() attributes {gpu.kernel, nvvm.kernel} {
    %0 = llvm.mlir.addressof @elsewhere : !llvm.ptr<3>
    llvm.return
  }
}

// -----

// Intrinsics need no body; vectors of 16 bytes and less are accessed as a whole,
// longer ones in such pieces.
// CHECK-LABEL: gpu.module @accesses
gpu.module @accesses {
  llvm.func @llvm.nvvm.ex2.approx.f(f32) -> f32
  llvm.func @accesses(%at: !llvm.ptr, %x: f32) attributes {gpu.kernel, nvvm.kernel} {
    %0 = llvm.load %at {alignment = 16 : i64} : !llvm.ptr -> vector<4xf32>
    %1 = llvm.load %at {alignment = 16 : i64} : !llvm.ptr -> vector<8xf32>
    %2 = llvm.load %at {alignment = 4 : i64} : !llvm.ptr -> vector<2xbf16>
    %3 = llvm.load %at : !llvm.ptr -> vector<1xf32>
    %4 = llvm.load %at : !llvm.ptr -> f32
    llvm.store %0, %at {alignment = 16 : i64} : vector<4xf32>, !llvm.ptr
    %5 = llvm.call @llvm.nvvm.ex2.approx.f(%x) : (f32) -> f32
    llvm.return
  }
}

// -----

// The sum goes from product to product, around a loop that waits for all but
// one, and is read behind the last wait.
!sum = !llvm.struct<(f32, f32, f32, f32)>
// CHECK-LABEL: gpu.module @products
gpu.module @products {
  llvm.func @products(%a: i64, %b: i64, %zero: !sum, %more: i1, %at: !llvm.ptr) attributes {gpu.kernel, nvvm.kernel} {
    llvm.br ^loop(%zero : !sum)
  ^loop(%sum: !sum):
    %0 = nvvm.wgmma.mma_async %a, %b, %sum, <m = 64, n = 8, k = 16>, D[<f32>, #nvvm.wgmma_scale_out<one>], A[<bf16>, #nvvm.wgmma_scale_in<one>, <row>], B[<bf16>, #nvvm.wgmma_scale_in<one>, <col>] : !sum -> !sum
    %1 = nvvm.wgmma.mma_async %a, %b, %0, <m = 64, n = 8, k = 16>, D[<f32>, #nvvm.wgmma_scale_out<one>], A[<bf16>, #nvvm.wgmma_scale_in<one>, <row>], B[<bf16>, #nvvm.wgmma_scale_in<one>, <col>] : !sum -> !sum
    nvvm.wgmma.wait.group.sync.aligned 1
    llvm.cond_br %more, ^loop(%1 : !sum), ^end(%1 : !sum)
  ^end(%last: !sum):
    nvvm.wgmma.wait.group.sync.aligned 0
    %2 = llvm.extractvalue %last[0] : !sum
    llvm.store %2, %at : f32, !llvm.ptr
    llvm.return
  }
}

// -----

// A tensor map by value, and one in global memory.
// CHECK-LABEL: gpu.module @maps
gpu.module @maps {
  llvm.func @maps(%value: !llvm.ptr {llvm.byval = !llvm.array<128 x i8>, llvm.align = 64 : i64, nvvm.grid_constant}, %address: !llvm.ptr,
      %to: !llvm.ptr<7>, %barrier: !llvm.ptr<3>, %c: i32) attributes {gpu.kernel, nvvm.kernel} {
    nvvm.cp.async.bulk.tensor.shared.cluster.global %to, %value, %barrier, box[%c] : !llvm.ptr<7>, !llvm.ptr
    nvvm.cp.async.bulk.tensor.shared.cluster.global %to, %address, %barrier, box[%c] : !llvm.ptr<7>, !llvm.ptr
    llvm.return
  }
}
