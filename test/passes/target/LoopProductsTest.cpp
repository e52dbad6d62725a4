//===- LoopProductsTest.cpp - multiply-adds of loops in PTX ---------------===//

#include "passes/target/LoopProducts.h"

#include <gtest/gtest.h>

#include <string>

namespace bcssl {
namespace {

std::string times(int count, const std::string &line) {
  std::string text;
  for (int i = 0; i < count; ++i)
    text += "\t" + line + "\n";
  return text;
}

const std::string fma = "fma.rn.f32 \t%r1, %r2, %r3, %r1;";

int64_t productsOf(const std::string &body) {
  auto products =
      productsOfLoops(".visible .entry kernel(\n)\n{\n" + body + "}\n");
  EXPECT_EQ(products.size(), 1U);
  return products.lookup("kernel");
}

TEST(LoopProductsTest, StraightCodeCountsAsOneTurn) {
  EXPECT_EQ(productsOf(times(3, fma)), 3);
  EXPECT_EQ(productsOf("\tret;\n"), 0);
}

TEST(LoopProductsTest, TheInnermostLoopCounts) {
  EXPECT_EQ(productsOf("$L__BB0_1:\n" + times(5, fma) + "$L__BB0_2:\n" +
                       times(7, fma) + "\t@%p1 bra \t$L__BB0_2;\n" +
                       "\t@%p2 bra \t$L__BB0_1;\n"),
            7);
}

// Turns before and after a loop that was not unrolled enough.
TEST(LoopProductsTest, PeeledTurnsHideNoSmallLoop) {
  EXPECT_EQ(productsOf("$L__BB0_1:\n" + times(252, fma) + "$L__BB0_2:\n" +
                       times(4, fma) + "\t@%p1 bra \t$L__BB0_2;\n" +
                       times(252, fma) + "\t@%p2 bra.uni \t$L__BB0_1;\n"),
            4);
}

TEST(LoopProductsTest, LoopsThatMultiplyNothingDoNotCount) {
  EXPECT_EQ(productsOf("$L__BB0_1:\n" + times(9, fma) +
                       "$L__BB0_2:\n\tadd.s32 %r1, %r1, 1;\n" +
                       "\t@%p1 bra \t$L__BB0_2;\n\t@%p2 bra \t$L__BB0_1;\n"),
            9);
}

TEST(LoopProductsTest, OfTwoLoopsTheLargerCounts) {
  auto loop = [](const std::string &label, int count) {
    return label + ":\n" + times(count, fma) + "\t@%p1 bra \t" + label + ";\n";
  };
  EXPECT_EQ(productsOf(loop("$L__BB0_1", 6) + loop("$L__BB0_2", 8)), 8);
}

// A main loop of one turn is no loop; that of its epilogue stores.
TEST(LoopProductsTest, LoopsThatStoreAreEpilogues) {
  EXPECT_EQ(productsOf(times(64, fma) + "$L__BB0_1:\n" + times(52, fma) +
                       "\tst.global.v4.f32 [%rd1], {%r1, %r2, %r3, %r4};\n" +
                       "\t@%p1 bra \t$L__BB0_1;\n"),
            64);
}

// What the epilogue of a product of matrices multiplies is not its work.
TEST(LoopProductsTest, MatricesCountAlone) {
  std::string mma = "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {};";
  std::string epilogue =
      "$L__BB0_2:\n" + times(100, fma) + "\t@%p1 bra \t$L__BB0_2;\n";
  EXPECT_EQ(productsOf(times(2, mma) + epilogue), 2 * 16 * 8 * 16 / 32);
  std::string wgmma =
      "wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 {};";
  EXPECT_EQ(productsOf(times(4, wgmma) + epilogue), 4 * 64 * 128 * 16 / 128);
}

TEST(LoopProductsTest, KernelsAreCountedApart) {
  auto products = productsOfLoops(
      ".entry first(\n" + times(1, fma) + "}\n.entry second(\n" +
      times(2, "fma.rn.f32x2 \t%rd1, %rd2, %rd3, %rd1;") + "}");
  EXPECT_EQ(products.lookup("first"), 1);
  EXPECT_EQ(products.lookup("second"), 4);
}

} // namespace
} // namespace bcssl
