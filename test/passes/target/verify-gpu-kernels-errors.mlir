// RUN: bcssl-opt %s --split-input-file --verify-diagnostics --pass-pipeline="builtin.module(gpu.module(bcssl-verify-gpu-kernels))"

gpu.module @kernels {
  // expected-error @below {{has no body: expects kernels that call nothing, got a call of __nv_erff}}
  llvm.func @__nv_erff(f32) -> f32
  llvm.func @function(%x: f32) attributes {gpu.kernel, nvvm.kernel} {
    %0 = llvm.call @__nv_erff(%x) : (f32) -> f32
    llvm.return
  }
}

// -----

// It would be one byte of static memory, over which dynamic memory lies.
gpu.module @kernels {
  // expected-error @below {{expects external linkage of shared memory without a size}}
  llvm.mlir.global internal @dynamic() {addr_space = 3 : i32} : !llvm.array<0 x i8>
}

// -----

gpu.module @kernels {
  llvm.mlir.global internal @one() {addr_space = 3 : i32} : !llvm.array<49152 x i8>
  llvm.mlir.global internal @other() {addr_space = 3 : i32} : !llvm.array<4 x i8>
  // expected-error @below {{expects at most 49152 bytes of static shared memory, got 49156}}
  llvm.func @function() attributes {gpu.kernel, nvvm.kernel} {
    %0 = llvm.mlir.addressof @one : !llvm.ptr<3>
    %1 = llvm.mlir.addressof @other : !llvm.ptr<3>
    llvm.return
  }
}

// -----

gpu.module @kernels {
  llvm.func @function(%at: !llvm.ptr) attributes {gpu.kernel, nvvm.kernel} {
    // expected-error @below {{expects an alignment of 16 bytes for 'vector<4xf32>', got 4}}
    %0 = llvm.load %at {alignment = 4 : i64} : !llvm.ptr -> vector<4xf32>
    // expected-error @below {{expects an alignment of 16 bytes for 'vector<4xf32>', got 1}}
    llvm.store %0, %at : vector<4xf32>, !llvm.ptr
    // expected-error @below {{expects an alignment of 8 bytes for 'vector<4xbf16>', got 2}}
    %1 = llvm.load %at {alignment = 2 : i64} : !llvm.ptr -> vector<4xbf16>
    llvm.return
  }
}

// -----

// The wait lets one product go on, and it lies behind one way only.
!sum = !llvm.struct<(f32, f32, f32, f32)>
gpu.module @kernels {
  llvm.func @function(%a: i64, %b: i64, %zero: !sum, %some: i1) attributes {gpu.kernel, nvvm.kernel} {
    // expected-note @below {{the product}}
    %0 = nvvm.wgmma.mma_async %a, %b, %zero, <m = 64, n = 8, k = 16>, D[<f32>, #nvvm.wgmma_scale_out<one>], A[<bf16>, #nvvm.wgmma_scale_in<one>, <row>], B[<bf16>, #nvvm.wgmma_scale_in<one>, <col>] : !sum -> !sum
    nvvm.wgmma.wait.group.sync.aligned 1
    llvm.cond_br %some, ^wait, ^end(%0 : !sum)
  ^wait:
    nvvm.wgmma.wait.group.sync.aligned 0
    llvm.br ^end(%0 : !sum)
  ^end(%sum: !sum):
    // expected-error @below {{reads a product of matrices that may not be there yet}}
    %1 = llvm.extractvalue %sum[0] : !sum
    llvm.return
  }
}

// -----

gpu.module @kernels {
  llvm.func @function(%map: !llvm.ptr {llvm.byval = !llvm.array<128 x i8>, llvm.align = 16 : i64, nvvm.grid_constant},
      %to: !llvm.ptr<7>, %barrier: !llvm.ptr<3>, %c: i32) attributes {gpu.kernel, nvvm.kernel} {
    // expected-error @below {{expects a tensor map that is a constant of the grid, aligned to 64 bytes, in argument 0}}
    nvvm.cp.async.bulk.tensor.shared.cluster.global %to, %map, %barrier, box[%c] : !llvm.ptr<7>, !llvm.ptr
    llvm.return
  }
}
