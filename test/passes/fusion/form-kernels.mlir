// RUN: bcssl-opt %s --pass-pipeline="builtin.module(func.func(bcssl-form-kernels))" | FileCheck %s
// RUN: bcssl-opt %s --pass-pipeline="builtin.module(func.func(bcssl-form-kernels{fuse=false}))" | FileCheck %s --check-prefix=ALONE
// RUN: bcssl-opt %s --pass-pipeline="builtin.module(func.func(bcssl-form-kernels{recompute=false}))" | FileCheck %s --check-prefix=STORE
// RUN: bcssl-opt %s --pass-pipeline="builtin.module(func.func(bcssl-form-kernels{partial-sums=512}))" | FileCheck %s --check-prefix=MANY

// Pointwise operations on one shape are one kernel; without fusion two.

// CHECK-LABEL: func.func @pointwise(
// CHECK:         bcssl.kernel rowwise(
// CHECK-NEXT:      arith.addf
// CHECK-NEXT:      arith.mulf
// CHECK-NEXT:      bcssl.yield
// CHECK-NOT:     bcssl.kernel
// ALONE-LABEL: func.func @pointwise(
// ALONE-COUNT-2: bcssl.kernel rowwise(
func.func @pointwise(%x: tensor<4x8xf32>, %y: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %a = arith.addf %x, %y : tensor<4x8xf32>
  %b = arith.mulf %a, %y : tensor<4x8xf32>
  return %b : tensor<4x8xf32>
}

// Sums of rows, arithmetic on them and their use in the same rows.

// CHECK-LABEL: func.func @rows(
// CHECK:         bcssl.kernel rowwise(
// CHECK-NEXT:      bcssl.reduce sum
// CHECK-NEXT:      math.sqrt
// CHECK-NEXT:      bcssl.broadcast
// CHECK-NEXT:      arith.divf
// CHECK-NEXT:      bcssl.yield
// CHECK-NOT:     bcssl.kernel
func.func @rows(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %s = bcssl.reduce sum %x dims [1] : tensor<4x8xf32> -> tensor<4xf32>
  %r = math.sqrt %s : tensor<4xf32>
  %b = bcssl.broadcast %r dims [0] : tensor<4xf32> -> tensor<4x8xf32>
  %y = arith.divf %x, %b : tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// A sum over 200 rows is split in two: 50 partial sums of 4 rows in the kernel
// that makes the rows, then their sum in order.

// CHECK-LABEL: func.func @columns(
// CHECK:         %[[P:.*]]:2 = bcssl.kernel rowwise({{.*}} -> (tensor<200x8xf32>, tensor<50x8xf32>) {
// CHECK-NEXT:      %[[E:.*]] = math.exp
// CHECK-NEXT:      %[[S:.*]] = bcssl.reduce_partial %[[E]] rows(4)
// CHECK-NEXT:      bcssl.yield %[[E]], %[[S]]
// CHECK:         bcssl.kernel columnwise(%[[A:.*]] = %[[P]]#1)
// CHECK-NEXT:      bcssl.reduce sum %[[A]] dims [0] : tensor<50x8xf32> -> tensor<8xf32>

// Where 512 partial sums are asked for they would be copies of the rows.
// MANY-LABEL: func.func @columns(
// MANY-NOT:      bcssl.reduce_partial
// MANY:          bcssl.kernel columnwise(
// MANY-NEXT:       bcssl.reduce sum %{{.*}} dims [0] : tensor<200x8xf32> -> tensor<8xf32>
func.func @columns(%x: tensor<200x8xf32>) -> (tensor<200x8xf32>, tensor<8xf32>) {
  %e = math.exp %x : tensor<200x8xf32>
  %s = bcssl.reduce sum %e dims [0] : tensor<200x8xf32> -> tensor<8xf32>
  return %e, %s : tensor<200x8xf32>, tensor<8xf32>
}

// Up to 64 rows are added directly.

// CHECK-LABEL: func.func @few_rows(
// CHECK:         bcssl.kernel rowwise(
// CHECK-NEXT:      math.exp
// CHECK-NEXT:      bcssl.yield
// CHECK:         bcssl.kernel columnwise(
// CHECK-NEXT:      bcssl.reduce sum %{{.*}} dims [0] : tensor<64x8xf32>
func.func @few_rows(%x: tensor<64x8xf32>) -> tensor<8xf32> {
  %e = math.exp %x : tensor<64x8xf32>
  %s = bcssl.reduce sum %e dims [0] : tensor<64x8xf32> -> tensor<8xf32>
  return %s : tensor<8xf32>
}

// Neither a maximum nor a sum that keeps leading dimensions has partial sums.

// CHECK-LABEL: func.func @not_split(
// CHECK-NOT:     bcssl.reduce_partial
// CHECK:         return
func.func @not_split(%x: tensor<2x200x8xf32>) -> (tensor<8xf32>, tensor<2x8xf32>) {
  %m = bcssl.reduce max %x dims [0, 1] : tensor<2x200x8xf32> -> tensor<8xf32>
  %s = bcssl.reduce sum %x dims [1] : tensor<2x200x8xf32> -> tensor<2x8xf32>
  return %m, %s : tensor<8xf32>, tensor<2x8xf32>
}

// Another shape is another iteration space.

// CHECK-LABEL: func.func @shapes(
// CHECK-COUNT-2: bcssl.kernel rowwise(
func.func @shapes(%x: tensor<4x8xf32>, %v: tensor<8xf32>) -> tensor<4x8xf32> {
  %e = math.exp %v : tensor<8xf32>
  %b = bcssl.broadcast %e dims [1] : tensor<8xf32> -> tensor<4x8xf32>
  %y = arith.mulf %x, %b : tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// A reshape is the same memory, complete only after the kernel that writes it.

// CHECK-LABEL: func.func @through_memory(
// CHECK:         %[[E:.*]] = bcssl.kernel rowwise(
// CHECK:         %[[R:.*]] = bcssl.reshape %[[E]]
// CHECK:         bcssl.kernel rowwise(%{{.*}} = %[[R]])
func.func @through_memory(%x: tensor<4x8xf32>) -> tensor<32xf32> {
  %e = math.exp %x : tensor<4x8xf32>
  %r = bcssl.reshape %e : tensor<4x8xf32> -> tensor<32xf32>
  %y = math.exp %r : tensor<32xf32>
  return %y : tensor<32xf32>
}

// The rows that a convolution reads are written by another kernel, and its
// neighbours are not a prologue.

// CHECK-LABEL: func.func @before_convolution(
// CHECK:         bcssl.kernel rowwise(
// CHECK:         bcssl.kernel depthwise(
// CHECK-NEXT:      bcssl.depthwise_conv2d
// CHECK-NEXT:      bcssl.yield
func.func @before_convolution(%x: tensor<1x4x4x8xf32>, %w: tensor<3x3x8xf32>) -> tensor<1x4x4x8xf32> {
  %e = math.exp %x : tensor<1x4x4x8xf32>
  %y = bcssl.depthwise_conv2d %e, %w : tensor<1x4x4x8xf32>, tensor<3x3x8xf32> -> tensor<1x4x4x8xf32>
  return %y : tensor<1x4x4x8xf32>
}

// Joining would make the row sum's kernel wait for itself: %s is needed whole
// before %z, by way of the reshape.

// CHECK-LABEL: func.func @cycle(
// CHECK:         bcssl.kernel rowwise(
// CHECK:         bcssl.reshape
// CHECK:         bcssl.kernel rowwise(
func.func @cycle(%x: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %s = math.exp %x : tensor<4x4xf32>
  %t = bcssl.reshape %s : tensor<4x4xf32> -> tensor<4x4xf32>
  %z = arith.addf %s, %t : tensor<4x4xf32>
  return %z : tensor<4x4xf32>
}

// The difference costs less than reading it back: the second kernel computes it
// again from the map, and it is not stored, unless that is switched off.

// CHECK-LABEL: func.func @recomputed(
// CHECK:         bcssl.kernel depthwise({{.*}} -> tensor<1x4x4x8xf32> {
// CHECK:         bcssl.kernel rowwise(
// CHECK:           arith.subf
// CHECK:           bcssl.reduce sum
// STORE-LABEL: func.func @recomputed(
// STORE:         bcssl.kernel depthwise({{.*}} -> (tensor<1x4x4x8xf32>, tensor<1x4x4x8xf32>) {
// STORE-NEXT:      bcssl.depthwise_conv2d
// STORE-NEXT:      bcssl.broadcast
// STORE-NEXT:      arith.subf
// STORE:         bcssl.kernel rowwise(
// STORE-NOT:       arith.subf
// STORE:           bcssl.reduce sum
func.func @recomputed(%x: tensor<1x4x4x8xf32>, %w: tensor<3x3x8xf32>, %mean: tensor<8xf32>) -> (tensor<1x4x4x8xf32>, tensor<1x4x4xf32>) {
  %y = bcssl.depthwise_conv2d %x, %w : tensor<1x4x4x8xf32>, tensor<3x3x8xf32> -> tensor<1x4x4x8xf32>
  %m = bcssl.broadcast %mean dims [3] : tensor<8xf32> -> tensor<1x4x4x8xf32>
  %d = arith.subf %y, %m : tensor<1x4x4x8xf32>
  %s = bcssl.reduce sum %d dims [3] : tensor<1x4x4x8xf32> -> tensor<1x4x4xf32>
  return %y, %s : tensor<1x4x4x8xf32>, tensor<1x4x4xf32>
}

// Only a constant that somebody reads as memory becomes a kernel.

// CHECK-LABEL: func.func @constants(
// CHECK:         %[[C:.*]] = bcssl.kernel rowwise() : () -> tensor<8xf32> {
// CHECK:         bcssl.kernel rowwise(%{{.*}} = %{{.*}}) : (tensor<8xf32>) -> tensor<8xf32> {
// CHECK-NEXT:      arith.constant
// CHECK-NEXT:      arith.mulf
// CHECK:         return %[[C]]
func.func @constants(%x: tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>) {
  %one = arith.constant dense<1.0> : tensor<8xf32>
  %two = arith.constant dense<2.0> : tensor<8xf32>
  %y = arith.mulf %x, %two : tensor<8xf32>
  return %one, %y : tensor<8xf32>, tensor<8xf32>
}

// Factors of products in bf16: parameters of one shape are rounded by one
// kernel, whose readers need not wait for what becomes of the parameters later,
// and an activation is rounded where it is made.

// CHECK-LABEL: func.func @factors(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<4x8xf32>, %[[V:[^:]*]]: tensor<8x8xf32>, %[[W:[^:]*]]: tensor<8x8xf32>
// CHECK:         %[[R:.*]]:2 = bcssl.kernel rowwise(%{{.*}} = %[[V]], %{{.*}} = %[[W]])
// CHECK-NEXT:      arith.truncf
// CHECK-NEXT:      arith.truncf
// CHECK-NEXT:      bcssl.yield
// CHECK:         %[[A:.*]] = bcssl.kernel rowwise(%{{.*}} = %[[X]]) : (tensor<4x8xf32>) -> tensor<4x8xbf16>
// CHECK-NEXT:      arith.mulf
// CHECK-NEXT:      arith.truncf
// CHECK:         bcssl.kernel contraction(%{{.*}} = %[[A]], %{{.*}} = %[[R]]#0) : {{.*}} -> tensor<4x8xbf16>
// CHECK-NEXT:      bcssl.contract nt
// CHECK-NEXT:      arith.truncf
// CHECK:         bcssl.kernel rowwise(%{{.*}} = %[[V]])
// CHECK-NEXT:      arith.addf
func.func @factors(%x: tensor<4x8xf32>, %v: tensor<8x8xf32>, %w: tensor<8x8xf32>) -> (tensor<4x8xf32>, tensor<8x8xf32>) {
  %vr = arith.truncf %v : tensor<8x8xf32> to tensor<8x8xbf16>
  %wr = arith.truncf %w : tensor<8x8xf32> to tensor<8x8xbf16>
  %a = arith.mulf %x, %x : tensor<4x8xf32>
  %ar = arith.truncf %a : tensor<4x8xf32> to tensor<4x8xbf16>
  %b = bcssl.contract nt %ar, %vr : tensor<4x8xbf16>, tensor<8x8xbf16> -> tensor<4x8xf32>
  %br = arith.truncf %b : tensor<4x8xf32> to tensor<4x8xbf16>
  %c = bcssl.contract nt %br, %wr : tensor<4x8xbf16>, tensor<8x8xbf16> -> tensor<4x8xf32>
  %u = arith.addf %v, %v : tensor<8x8xf32>
  return %c, %u : tensor<4x8xf32>, tensor<8x8xf32>
}

// Scalars, other element types and nothing at all.

// CHECK-LABEL: func.func @scalar(
// CHECK:         bcssl.kernel rowwise({{.*}} -> tensor<f64>
func.func @scalar(%x: tensor<f64>) -> tensor<f64> {
  %y = arith.addf %x, %x : tensor<f64>
  return %y : tensor<f64>
}
// CHECK-LABEL: func.func @half(
// CHECK:         bcssl.kernel rowwise({{.*}} -> tensor<5xbf16>
func.func @half(%x: tensor<5xbf16>) -> tensor<5xbf16> {
  %y = arith.addf %x, %x : tensor<5xbf16>
  return %y : tensor<5xbf16>
}
// CHECK-LABEL: func.func @empty()
// CHECK-NEXT:    return
// CHECK:       func.func private @declared()
func.func @empty() { return }
func.func private @declared()

// The sum of a product that its contraction computed: the kernel that reads the
// product's operands computes it again, and both sums are one kernel.

// CHECK-LABEL: func.func @row_sum_of_product(
// CHECK:         bcssl.kernel contraction(
// CHECK:         bcssl.kernel rowwise(
// CHECK:           bcssl.reduce sum
// CHECK:           bcssl.reduce sum
// CHECK:           bcssl.yield
// CHECK-NOT:     bcssl.kernel
func.func @row_sum_of_product(%x: tensor<64x16xf32>, %w: tensor<8x16xf32>, %n: tensor<64x8xf32>) -> tensor<64x8xf32> {
  %y = bcssl.contract nt %x, %w : tensor<64x16xf32>, tensor<8x16xf32> -> tensor<64x8xf32>
  %s = bcssl.reduce sum %y dims [1] : tensor<64x8xf32> -> tensor<64xf32>
  %p = arith.mulf %y, %n : tensor<64x8xf32>
  %t = bcssl.reduce sum %p dims [1] : tensor<64x8xf32> -> tensor<64xf32>
  %a = bcssl.broadcast %s dims [0] : tensor<64xf32> -> tensor<64x8xf32>
  %b = bcssl.broadcast %t dims [0] : tensor<64xf32> -> tensor<64x8xf32>
  %d = arith.subf %y, %a : tensor<64x8xf32>
  %m = arith.mulf %n, %b : tensor<64x8xf32>
  %r = arith.subf %d, %m : tensor<64x8xf32>
  return %r : tensor<64x8xf32>
}

// Sums of one kernel's partial sums are one kernel, whatever they are of.

// CHECK-LABEL: func.func @two_sums(
// CHECK:         %[[P:.*]]:2 = bcssl.kernel rowwise(
// CHECK:         bcssl.kernel columnwise({{.*}} = %[[P]]#0, {{.*}} = %[[P]]#1)
// CHECK-COUNT-2:   bcssl.reduce sum
// CHECK:           bcssl.yield
// CHECK-NOT:     bcssl.kernel
func.func @two_sums(%x: tensor<200x8xf32>) -> (tensor<8xf32>, tensor<8xf32>) {
  %q = arith.mulf %x, %x : tensor<200x8xf32>
  %s = bcssl.reduce sum %x dims [0] : tensor<200x8xf32> -> tensor<8xf32>
  %t = bcssl.reduce sum %q dims [0] : tensor<200x8xf32> -> tensor<8xf32>
  return %s, %t : tensor<8xf32>, tensor<8xf32>
}

// A product that is only summed goes where both its factors are read, not into
// the contraction that makes one of them and would load the other. The rows that
// are normalized are computed again from their statistics: they are not stored.

// CHECK-LABEL: func.func @normalized_again(
// CHECK:         %[[N:.*]]:3 = bcssl.kernel rowwise({{.*}} -> (tensor<256xf32>, tensor<256xf32>, tensor<256x8xf32>) {
// CHECK:         %[[C:.*]] = bcssl.kernel contraction(%{{.*}} = %[[N]]#2, %{{[a-z0-9]*}} = %arg{{[0-9]*}}) :
// CHECK-NEXT:      bcssl.contract
// CHECK-NEXT:      bcssl.yield
// CHECK:         bcssl.kernel rowwise({{.*}}%[[C]]{{.*}} -> (tensor<256x8xf32>, tensor<64x8xf32>) {
// CHECK:           bcssl.reduce_partial
// CHECK:         bcssl.kernel columnwise(
// CHECK-NOT:     bcssl.kernel
func.func @normalized_again(%x: tensor<256x8xf32>, %g: tensor<8xf32>, %w: tensor<8x8xf32>) -> (tensor<256x8xf32>, tensor<8xf32>) {
  %s = bcssl.reduce sum %x dims [1] : tensor<256x8xf32> -> tensor<256xf32>
  %mean = bcssl.broadcast %s dims [0] : tensor<256xf32> -> tensor<256x8xf32>
  %c = arith.subf %x, %mean : tensor<256x8xf32>
  %q = arith.mulf %c, %c : tensor<256x8xf32>
  %v = bcssl.reduce sum %q dims [1] : tensor<256x8xf32> -> tensor<256xf32>
  %i = math.rsqrt %v : tensor<256xf32>
  %inverse = bcssl.broadcast %i dims [0] : tensor<256xf32> -> tensor<256x8xf32>
  %n = arith.mulf %c, %inverse : tensor<256x8xf32>
  %scale = bcssl.broadcast %g dims [1] : tensor<8xf32> -> tensor<256x8xf32>
  %y = arith.mulf %n, %scale : tensor<256x8xf32>
  %d = bcssl.contract nn %y, %w : tensor<256x8xf32>, tensor<8x8xf32> -> tensor<256x8xf32>
  %e = arith.mulf %d, %scale : tensor<256x8xf32>
  %t = arith.mulf %e, %n : tensor<256x8xf32>
  %p = bcssl.reduce sum %t dims [1] : tensor<256x8xf32> -> tensor<256xf32>
  %b = bcssl.broadcast %p dims [0] : tensor<256xf32> -> tensor<256x8xf32>
  %m = arith.mulf %n, %b : tensor<256x8xf32>
  %r = arith.subf %e, %m : tensor<256x8xf32>
  %k = arith.mulf %d, %n : tensor<256x8xf32>
  %dg = bcssl.reduce sum %k dims [0] : tensor<256x8xf32> -> tensor<8xf32>
  return %r, %dg : tensor<256x8xf32>, tensor<8xf32>
}
