// REQUIRES: simt
//
// One block goes through two tiles of the result, with a warp group that copies
// for the others: the same bits as from a block for each tile.

// RUN: bcssl-compile %s --precision=bf16 --target=cuda:simt --to=planned -o - | FileCheck %s
// CHECK: contraction({{.*}}tile {blocks = 67 : i64, columns = 32 : i64, depth = 64 : i64, rows = 256 : i64, warpgroups = true}
// RUN: bcssl-compile %s --precision=bf16 --target=cuda:simt --no-specialize --to=planned -o - | FileCheck %s --check-prefix=PLAIN
// PLAIN: contraction({{.*}}tile {blocks = 0 : i64

// RUN: bcssl-compile %s --precision=bf16 --target=cuda:simt --no-specialize -o %t.plain.bcx
// RUN: env BCSSL_CUDA_DRIVER=%simt BCSSL_SIMT_CHECKS=off bcssl-run %t.plain.bcx --device=cuda --function=step --repeat=1 --output=y=%t.npy
// RUN: bcssl-compile %s --precision=bf16 --target=cuda:simt -o %t.bcx
// RUN: env BCSSL_CUDA_DRIVER=%simt BCSSL_SIMT_ORDER=7 bcssl-run %t.bcx --device=cuda --function=step --repeat=1 --expect=y=%t.npy --rtol=0 --atol=0 2>&1 | FileCheck %s --check-prefix=SAME --implicit-check-not=simt:
// SAME: y: 0 of 1089792 elements differ

// The last tile has fewer rows.
func.func @step(%x: tensor<34056x64xf32> {bcssl.input = "x"}, %w: tensor<32x64xf32> {bcssl.input = "w"})
    -> (tensor<34056x32xf32> {bcssl.output = "y"}) {
  %y = bcssl.contract nt %x, %w : tensor<34056x64xf32>, tensor<32x64xf32> -> tensor<34056x32xf32>
  %z = bcssl.gelu %y : tensor<34056x32xf32>
  return %z : tensor<34056x32xf32>
}
