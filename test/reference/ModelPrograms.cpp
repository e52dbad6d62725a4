//===- ModelPrograms.cpp - programs of whole layers -----------------------===//

#include "test/reference/Programs.h"

namespace bcssl::reference {

/// One residual block of BC-SSL in training: depthwise convolution, batch
/// norm on its own statistics, layer norm, inverted bottleneck, drop path.
static Program blockProgram(const std::string &batch, const std::string &height,
                            const std::string &kernel) {
  std::string map = batch + "x" + height + "x4x3";
  return makeProgram(
      "block_" + map + "_kernel_" + kernel,
      {{"x", map},
       {"y", batch + "x" + height + "x4x12"},
       {"k", kernel + "x" + kernel + "x3"},
       {"c", "3"},
       {"b", "12"},
       {"w", "12x3"},
       {"v", "3x12"},
       {"s", ""},
       {"d", batch}},
      R"((%x: !x, %k: !k, %shift: !c {test.constant}, %g0: !c, %o0: !c,
          %g1: !c, %o1: !c, %w: !w, %b: !b, %v: !v, %a: !c, %gamma: !c,
          %d: !d {test.constant, test.range = array<f64: 0.2, 1.0>}) -> !x {
        %0 = bcssl.depthwise_conv2d %x, %k : !x, !k -> !x
        %n, %s, %q = bcssl.channel_statistics %0, %shift
          : !x, !c -> !s, !c, !c
        %mean, %variance = bcssl.batch_moments %n, %s, %q, %shift
          : !s, !c, !c, !c -> !c, !c
        %1 = bcssl.batch_norm %0, %mean, %variance, %g0, %o0 epsilon(0.1)
          : !x, !c, !c, !c, !c -> !x
        %2 = bcssl.layer_norm %1, %g1, %o1 epsilon(0.1) : !x, !c, !c -> !x
        %3 = bcssl.linear %2, %w, %b : !x, !w, !b -> !y
        %4 = bcssl.gelu %3 : !y
        %5 = bcssl.linear %4, %v, %a : !y, !v, !c -> !x
        %6 = bcssl.layer_scale %5, %gamma : !x, !c -> !x
        %7 = bcssl.drop_path %6, %d rate(0.3) : !x, !d -> !x
        %8 = arith.addf %x, %7 : !x
        return %8 : !x
      })");
}

/// DINO's head and loss on pooled features of two resolutions against given
/// teacher's logits.
static Program headProgram() {
  return makeProgram("head",
                     {{"x", "4x2x2x5"},
                      {"z", "6x1x1x5"},
                      {"f", "4x5"},
                      {"l", "6x5"},
                      {"r", "10x5"},
                      {"h", "10x7"},
                      {"w", "7x5"},
                      {"b", "7"},
                      {"u", "4x7"},
                      {"e", "10x4"},
                      {"m", "9x4"},
                      {"g", "9x1"},
                      {"o", "10x9"},
                      {"t", "4x9"},
                      {"s", ""}},
                     R"((%x: !x, %z: !z, %w: !w, %b: !b, %u: !u, %m: !m, %g: !g,
          %t: !t {test.constant, test.range = array<f64: -2.0, 2.0>}) -> !s {
        %0 = bcssl.global_average_pool %x : !x -> !f
        %1 = bcssl.global_average_pool %z : !z -> !l
        %2 = bcssl.concat %0, %1 : !f, !l -> !r
        %3 = bcssl.linear %2, %w, %b : !r, !w, !b -> !h
        %4 = bcssl.gelu %3 : !h
        %5 = bcssl.linear %4, %u : !h, !u -> !e
        %6 = bcssl.l2_normalize %5 epsilon(1.0e-12) : !e -> !e
        %7 = bcssl.weight_norm %m, %g : !m, !g -> !m
        %8 = bcssl.linear %6, %7 : !e, !m -> !o
        %9 = arith.constant dense<0.5> : !o
        %10 = arith.divf %8, %9 : !o
        %11 = bcssl.sinkhorn %t iterations(3) : !t -> !t
        %12 = bcssl.cross_view_cross_entropy %10, %11 views(5) teacher_views(2)
          : !o, !t -> !s
        return %12 : !s
      })");
}

std::vector<Program> modelPrograms() {
  return {blockProgram("2", "5", "3"), blockProgram("1", "1", "9"),
          headProgram()};
}

} // namespace bcssl::reference
