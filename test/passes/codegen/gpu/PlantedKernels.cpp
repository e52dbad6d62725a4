//===- PlantedKernels.cpp - kernels that faults are put into --------------===//
//
// Tiles are given, so that every kernel has all parts of its generator whatever
// the cost model chooses: several blocks, sizes that no tile divides, several
// warps, more slices than the ring holds.
//
//===----------------------------------------------------------------------===//

#include "test/passes/codegen/gpu/PlantedBugs.h"

namespace bcssl::test {

const std::vector<PlantedKernel> &plantedKernels() {
  static const std::vector<PlantedKernel> kernels = {
      {"depthwise", "depthwise", R"(
!map = tensor<2x10x12x12xf32>
!filter = tensor<5x5x12xf32>
!row = tensor<12xf32>
func.func @f(%x: !map, %w: !filter, %v: !row) -> !map {
  %0 = bcssl.kernel depthwise(%a = %x, %b = %w, %c = %v)
      tile {height = 4, width = 5, channels = 8, outputs = 5, lanes = 4, rows = 1, strips = 1,
            bands = 1, images = 1, reach_height = 2, reach_width = 2}
      : (!map, !filter, !row) -> !map {
    %r = bcssl.depthwise_conv2d %a, %b : !map, !filter -> !map
    %g = bcssl.broadcast %c dims [3] : !row -> !map
    %s = arith.addf %r, %g : !map
    %y = math.erf %s : !map
    bcssl.yield %y : !map
  }
  return %0 : !map
})"},
      {"depthwise with statistics", "depthwise", R"(
!map = tensor<2x17x6x10xf32>
!filter = tensor<5x5x10xf32>
!sums = tensor<2x10xf32>
func.func @f(%x: !map, %w: !filter) -> (!map, !sums) {
  %0:2 = bcssl.kernel depthwise(%a = %x, %b = %w)
      tile {height = 2, width = 6, channels = 10, outputs = 3, lanes = 2, rows = 1, strips = 1,
            bands = 9, images = 2, reach_height = 2, reach_width = 2}
      : (!map, !filter) -> (!map, !sums) {
    %r = bcssl.depthwise_conv2d %a, %b : !map, !filter -> !map
    %s = bcssl.reduce_partial %r rows(102) : !map -> !sums
    bcssl.yield %r, %s : !map, !sums
  }
  return %0#0, %0#1 : !map, !sums
})"},
      {"filter gradient", "depthwise_filter_grad", R"(
!map = tensor<2x10x12x12xf32>
!filter = tensor<5x5x12xf32>
func.func @f(%x: !map, %d: !map) -> !filter {
  %0 = bcssl.kernel depthwise_filter_grad(%a = %x, %b = %d)
      tile {channels = 8, lanes = 4, filter_rows = 6, rows = 2, taps = 5, height = 4,
            columns = 5, splits = 3, reach_height = 2, reach_width = 2}
      : (!map, !map) -> !filter {
    %r = bcssl.depthwise_conv2d_filter_grad %a, %b : !map, !map -> !filter
    bcssl.yield %r : !filter
  }
  return %0 : !filter
})"},
      {"contraction in f32", "contraction", R"(
!left = tensor<140x20xf32>
!right = tensor<40x20xf32>
!row = tensor<40xf32>
!result = tensor<140x40xf32>
!sums = tensor<2x40xf32>
func.func @f(%x: !left, %y: !right, %v: !row) -> (!result, !sums) {
  %0:2 = bcssl.kernel contraction(%a = %x, %b = %y, %c = %v)
      tile {rows = 128, columns = 32, depth = 8} : (!left, !right, !row) -> (!result, !sums) {
    %r = bcssl.contract nt %a, %b : !left, !right -> !result
    %g = bcssl.broadcast %c dims [1] : !row -> !result
    %s = arith.addf %r, %g : !result
    %p = bcssl.reduce_partial %s rows(128) : !result -> !sums
    bcssl.yield %s, %p : !result, !sums
  }
  return %0#0, %0#1 : !result, !sums
})"},
      {"contraction in bf16", "contraction", R"(
!left = tensor<70x136xbf16>
!right = tensor<72x136xbf16>
!result = tensor<70x72xf32>
func.func @f(%x: !left, %y: !right) -> !result {
  %0 = bcssl.kernel contraction(%a = %x, %b = %y) tile {rows = 64, columns = 64, depth = 32}
      : (!left, !right) -> !result {
    %r = bcssl.contract nt %a, %b : !left, !right -> !result
    bcssl.yield %r : !result
  }
  return %0 : !result
})"},
      {"contraction of warp groups", "contraction", R"(
!left = tensor<140x264xbf16>
!right = tensor<72x264xbf16>
!result = tensor<140x72xf32>
func.func @f(%x: !left, %y: !right) -> !result {
  %0 = bcssl.kernel contraction(%a = %x, %b = %y)
      tile {rows = 128, columns = 64, depth = 64, warpgroups = true} : (!left, !right) -> !result {
    %r = bcssl.contract nt %a, %b : !left, !right -> !result
    bcssl.yield %r : !result
  }
  return %0 : !result
})"},
      {"contraction of warp groups in parts", "contraction", R"(
!left = tensor<200x136xbf16>
!right = tensor<200x72xbf16>
!result = tensor<2x136x72xf32>
func.func @f(%x: !left, %y: !right) -> !result {
  %0 = bcssl.kernel contraction(%a = %x, %b = %y)
      tile {rows = 128, columns = 64, depth = 64, warpgroups = true} : (!left, !right) -> !result {
    %r = bcssl.contract tn %a, %b {parts = 2} : !left, !right -> !result
    bcssl.yield %r : !result
  }
  return %0 : !result
})"},
      {"contraction of specialized warps", "contraction", R"(
!left = tensor<600x136xbf16>
!right = tensor<72x136xbf16>
!result = tensor<600x72xf32>
!sums = tensor<5x72xf32>
func.func @f(%x: !left, %y: !right) -> (!result, !sums) {
  %0:2 = bcssl.kernel contraction(%a = %x, %b = %y)
      tile {rows = 256, columns = 64, depth = 64, warpgroups = true, blocks = 2}
      : (!left, !right) -> (!result, !sums) {
    %r = bcssl.contract nt %a, %b : !left, !right -> !result
    %p = bcssl.reduce_partial %r rows(128) : !result -> !sums
    bcssl.yield %r, %p : !result, !sums
  }
  return %0#0, %0#1 : !result, !sums
})"},
      {"rowwise, rows of teams", "rowwise", R"(
!map = tensor<70x40xf32>
!rows = tensor<70xf32>
!sums = tensor<5x40xf32>
func.func @f(%x: !map) -> (!map, !sums) {
  %0:2 = bcssl.kernel rowwise(%a = %x)
      tile {threads = 64, team = 8, rows = 16, columns = 40, lanes = 4, flat = false}
      : (!map) -> (!map, !sums) {
    %s = bcssl.reduce sum %a dims [1] : !map -> !rows
    %b = bcssl.broadcast %s dims [0] : !rows -> !map
    %y = arith.subf %a, %b : !map
    %p = bcssl.reduce_partial %y rows(16) : !map -> !sums
    bcssl.yield %y, %p : !map, !sums
  }
  return %0#0, %0#1 : !map, !sums
})"},
      {"rowwise, a row of a block", "rowwise", R"(
!map = tensor<3x1500xf32>
!rows = tensor<3xf32>
func.func @f(%x: !map) -> !map {
  %0 = bcssl.kernel rowwise(%a = %x)
      tile {threads = 256, team = 256, rows = 1, columns = 1500, lanes = 4, flat = false}
      : (!map) -> !map {
    %m = bcssl.reduce max %a dims [1] : !map -> !rows
    %b = bcssl.broadcast %m dims [0] : !rows -> !map
    %d = arith.subf %a, %b : !map
    %s = bcssl.reduce sum %d dims [1] : !map -> !rows
    %c = bcssl.broadcast %s dims [0] : !rows -> !map
    %y = arith.addf %d, %c : !map
    bcssl.yield %y : !map
  }
  return %0 : !map
})"},
      {"columnwise", "columnwise", R"(
!map = tensor<100x20xf32>
!row = tensor<20xf32>
func.func @f(%x: !map) -> (!row, !row) {
  %0:2 = bcssl.kernel columnwise(%a = %x) tile {columns = 32, lanes = 1, parts = 8}
      : (!map) -> (!row, !row) {
    %s = bcssl.reduce sum %a dims [0] : !map -> !row
    %m = bcssl.reduce max %a dims [0] : !map -> !row
    bcssl.yield %s, %m : !row, !row
  }
  return %0#0, %0#1 : !row, !row
})"},
      {"movement", "movement", R"(
!first = tensor<5x12xf32>
!second = tensor<3x12xf32>
!both = tensor<8x12xf32>
func.func @f(%x: !first, %y: !second) -> !both {
  %0 = bcssl.kernel movement(%a = %x, %b = %y) : (!first, !second) -> !both {
    %r = bcssl.concat %a, %b : !first, !second -> !both
    bcssl.yield %r : !both
  }
  return %0 : !both
})"}};
  return kernels;
}

} // namespace bcssl::test
