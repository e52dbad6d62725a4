// A program with a kernel that has no GPU generator: refused, or left out.
//
// RUN: not bcssl-opt %s --bcssl-nvvm 2>&1 | FileCheck %s --check-prefix=WHOLE
// RUN: bcssl-opt %s --bcssl-nvvm=partial -o %t.mlir 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: FileCheck %s --input-file=%t.mlir

// WHOLE:  error: 'bcssl.kernel' op has no GPU generator yet: math.cbrt
// REMARK: remark: has no GPU generator yet: math.cbrt

// CHECK: bcssl.kernel depthwise({{.*}}symbol = "depthwise_0"
// CHECK: bcssl.kernel rowwise(
// CHECK: gpu.module @kernels
// CHECK: llvm.func @depthwise_0(
func.func @f(%x: tensor<2x8x8x16xf32> {bcssl.input = "x"}, %w: tensor<3x3x16xf32> {bcssl.input = "w"})
    -> (tensor<2x8x8x16xf32> {bcssl.output = "y"}, tensor<3x3x16xf32> {bcssl.output = "z"}) {
  %y = bcssl.depthwise_conv2d %x, %w : tensor<2x8x8x16xf32>, tensor<3x3x16xf32> -> tensor<2x8x8x16xf32>
  %z = math.cbrt %w : tensor<3x3x16xf32>
  return %y, %z : tensor<2x8x8x16xf32>, tensor<3x3x16xf32>
}
