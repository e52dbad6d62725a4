// REQUIRES: simt
//
// A kernel that reads by TMA, written by hand, from the planned module to the
// driver: what its function asks for reaches it by value. Boxes of 8 rows by 16
// columns, swizzled, lie over both edges of the map, beyond which there is zero.

// The same program on the CPU.
// RUN: bcssl-compile %S/../Inputs/pad.mlir -o %t.cpu.bcx
// RUN: bcssl-run %t.cpu.bcx --function=step --repeat=1 --output=y=%t.npy

// RUN: bcssl-compile %s --from=planned --target=cuda:simt -o %t.bcx
// RUN: bcssl-info %t.bcx --json | FileCheck %s --check-prefix=JSON
// JSON:      "tensor_maps": [
// JSON:      "kernel": "movement_0",
// JSON-NEXT: "argument": 0,
// JSON-NEXT: "element_bytes": 4,
// JSON-NEXT: "sizes": [
// JSON-NEXT:   24,
// JSON-NEXT:   10
// JSON:      "strides": [
// JSON-NEXT:   96
// JSON:      "box": [
// JSON-NEXT:   16,
// JSON-NEXT:   8
// JSON:      "swizzle_bytes": 64

// DEFINE: %{graph} = on
// DEFINE: %{file} = %t.bcx
// DEFINE: %{run} = env BCSSL_CUDA_DRIVER=%simt BCSSL_CUDA_GRAPH=%{graph} bcssl-run %{file} --device=cuda --function=step --repeat=2 --expect=y=%t.npy --rtol=0 --atol=0 2>&1 | FileCheck %s --check-prefix=SAME --implicit-check-not=simt:
// RUN: %{run}
// REDEFINE: %{graph} = off
// RUN: %{run}
// SAME: y: 0 of 384 elements differ

// A driver that refuses the map: the error names the kernel.
// RUN: not env BCSSL_CUDA_DRIVER=%simt BCSSL_SIMT_FAIL=cuTensorMapEncodeTiled:1=1 bcssl-run %t.bcx --device=cuda --function=step --repeat=1 2>&1 | FileCheck %s --check-prefix=FAIL
// FAIL: cuTensorMapEncodeTiled failed with CUDA_ERROR_INVALID_VALUE{{.*}}, argument 0 of kernel movement_0, 4 blocks{{.*}}, arguments of 960, 1536 bytes

// What the function says is looked at before it is written.
// DEFINE: %{edit} =
// DEFINE: %{fails} = sed -E '/gpu.func/ %{edit}' %s > %t.edited.mlir && not cmp -s %s %t.edited.mlir && not bcssl-compile %t.edited.mlir --from=planned --target=cuda:simt -o %t.none.bcx 2>&1 | FileCheck %s
// REDEFINE: %{edit} = s/buffer = 0/buffer = 2/
// RUN: %{fails} --check-prefix=BUFFER
// BUFFER: error: 'gpu.func' op bcssl.tensor_maps expects one of 2 buffers, got 2
// REDEFINE: %{edit} = s/element_bytes = 4/element_bytes = 2/
// RUN: %{fails} --check-prefix=ELEMENT
// ELEMENT: error: 'gpu.func' op bcssl.tensor_maps expects elements of 4 bytes, got 2
// REDEFINE: %{edit} = s/24, 10/24, 11/
// RUN: %{fails} --check-prefix=SIZE
// SIZE: error: 'gpu.func' op bcssl.tensor_maps expects to end inside the buffer of 960 bytes
// REDEFINE: %{edit} = s/strides = array<i64: 24>/strides = array<i64: 22>/
// RUN: %{fails} --check-prefix=STRIDE
// STRIDE: error: 'gpu.func' op bcssl.tensor_maps expects strides that are multiples of 16 bytes and less than 2^40, got 22 elements
// REDEFINE: %{edit} = s/strides = array<i64: 24>/strides = array<i64>/
// RUN: %{fails} --check-prefix=RANK
// RANK: error: 'gpu.func' op bcssl.tensor_maps expects 1 to 5 dimensions, with a stride of each but the first
// REDEFINE: %{edit} = s/16, 8/16, 257/
// RUN: %{fails} --check-prefix=BOX
// BOX: error: 'gpu.func' op bcssl.tensor_maps expects 1 to 256 elements of a box, got 257
// REDEFINE: %{edit} = s/16, 8/18, 8/
// RUN: %{fails} --check-prefix=PIECE
// PIECE: error: 'gpu.func' op bcssl.tensor_maps expects rows of a box of whole pieces of 16 bytes, got 72 bytes
// REDEFINE: %{edit} = s/swizzle_bytes = 64/swizzle_bytes = 32/
// RUN: %{fails} --check-prefix=SWIZZLE
// SWIZZLE: error: 'gpu.func' op bcssl.tensor_maps expects a swizzle of 0, 32, 64 or 128 bytes, not less than the rows of a box of 64 bytes, got 32
// REDEFINE: %{edit} = s/box = /other = /
// RUN: %{fails} --check-prefix=FIELD
// FIELD: error: 'gpu.func' op bcssl.tensor_maps expects a buffer, the bytes of an element, sizes, strides, a box and the bytes of a swizzle in each dictionary
// REDEFINE: %{edit} = s/bcssl.tensor_maps/bcssl.other/
// RUN: %{fails} --check-prefix=NONE
// NONE: error: 'bcssl.kernel' op expects a planned program: run the stages before

module attributes {bcssl.state_bytes = 0 : i64} {
  func.func @step(%arg0: tensor<10x24xf32> {bcssl.input = "x", bcssl.offset = 0 : i64}) -> (tensor<16x24xf32> {bcssl.offset = 0 : i64, bcssl.output = "y"})
      attributes {bcssl.arena_bytes = 0 : i64, bcssl.input_bytes = 960 : i64, bcssl.moves = [], bcssl.output_bytes = 1536 : i64} {
    %0 = bcssl.kernel movement(%x = %arg0)
        attributes {shared_bytes = 528 : i64, slots = [[2, 0, 960], [3, 0, 1536]], symbol = "movement_0", threads = 128 : i64, tiles = 4 : i64}
        : (tensor<10x24xf32>) -> tensor<16x24xf32> {
      %1 = bcssl.pad %x at 0 : tensor<10x24xf32> -> tensor<16x24xf32>
      bcssl.yield %1 : tensor<16x24xf32>
    }
    return %0 : tensor<16x24xf32>
  }
  gpu.module @kernels [#nvvm.target<O = 3, chip = "sm_90a", features = "+ptx80">] {
    memref.global @dynamic_shared : memref<0xi8, #gpu.address_space<workgroup>> {alignment = 1024 : i64}
    gpu.func @movement_0(%x: memref<240xf32>, %y: memref<384xf32>, %map: !llvm.ptr) kernel attributes {bcssl.tensor_maps = [{buffer = 0 : i64, element_bytes = 4 : i64, sizes = array<i64: 24, 10>, strides = array<i64: 24>, box = array<i64: 16, 8>, swizzle_bytes = 64 : i64}], nvvm.reqntid = array<i32: 128, 1, 1>} {
      %c0 = arith.constant 0 : index
      %c2 = arith.constant 2 : index
      %c4 = arith.constant 4 : index
      %c8 = arith.constant 8 : index
      %c16 = arith.constant 16 : index
      %c24 = arith.constant 24 : index
      %one = arith.constant 1 : i32
      %boxBytes = arith.constant 512 : i32
      %even = arith.constant 0 : i32
      %thread = gpu.thread_id x upper_bound 128
      %block = gpu.block_id x upper_bound 4
      %isFirst = arith.cmpi eq, %thread, %c0 : index
      %shared = memref.get_global @dynamic_shared : memref<0xi8, #gpu.address_space<workgroup>>
      %start = memref.extract_aligned_pointer_as_index %shared : memref<0xi8, #gpu.address_space<workgroup>> -> index
      %number = arith.index_cast %start : index to i64
      %data = llvm.inttoptr %number : i64 to !llvm.ptr<3>
      %barrier = llvm.getelementptr %data[512] : (!llvm.ptr<3>) -> !llvm.ptr<3>, i8
      scf.if %isFirst {
        nvvm.mbarrier.init %barrier, %one : !llvm.ptr<3>, i32
        nvvm.fence.mbarrier.init
      }
      gpu.barrier
      // Tile (block / 2, block % 2) of 8 x 16.
      %blockRow = arith.divui %block, %c2 : index
      %blockColumn = arith.remui %block, %c2 : index
      %row = arith.muli %blockRow, %c8 : index
      %column = arith.muli %blockColumn, %c16 : index
      scf.if %isFirst {
        nvvm.mbarrier.arrive.expect_tx %barrier, %boxBytes : !llvm.ptr<3>, i32
        %to = llvm.addrspacecast %data : !llvm.ptr<3> to !llvm.ptr<7>
        %row32 = arith.index_cast %row : index to i32
        %column32 = arith.index_cast %column : index to i32
        nvvm.cp.async.bulk.tensor.shared.cluster.global %to, %map, %barrier, box[%column32, %row32] : !llvm.ptr<7>, !llvm.ptr
      }
      scf.while : () -> () {
        %done = llvm.call_intrinsic "llvm.nvvm.mbarrier.try.wait.parity.scope.cta.space.cta"(%barrier, %even) : (!llvm.ptr<3>, i32) -> i1
        %true = arith.constant true
        %again = arith.xori %done, %true : i1
        scf.condition(%again)
      } do {
        scf.yield
      }
      // Rows of 64 bytes: two share a swizzle of their four pieces.
      %r = arith.divui %thread, %c16 : index
      %c = arith.remui %thread, %c16 : index
      %piece = arith.divui %c, %c4 : index
      %inPiece = arith.remui %c, %c4 : index
      %pair = arith.divui %r, %c2 : index
      %exchanged = arith.xori %piece, %pair : index
      %0 = arith.muli %r, %c16 : index
      %1 = arith.muli %exchanged, %c4 : index
      %2 = arith.addi %0, %1 : index
      %3 = arith.addi %2, %inPiece : index
      %place = arith.index_cast %3 : index to i64
      %from = llvm.getelementptr %data[%place] : (!llvm.ptr<3>, i64) -> !llvm.ptr<3>, f32
      %value = llvm.load %from : !llvm.ptr<3> -> f32
      %x0 = arith.addi %column, %c : index
      %y0 = arith.addi %row, %r : index
      %isInside = arith.cmpi ult, %x0, %c24 : index
      scf.if %isInside {
        %4 = arith.muli %y0, %c24 : index
        %5 = arith.addi %4, %x0 : index
        memref.store %value, %y[%5] : memref<384xf32>
      }
      gpu.return
    }
  }
}
