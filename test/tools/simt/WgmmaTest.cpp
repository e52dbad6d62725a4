//===- WgmmaTest.cpp - products of a warpgroup ----------------------------===//

#include "test/tools/simt/Run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <functional>

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

namespace bcssl::simt::test {
namespace {

/// A small number of few bits for a place of a matrix.
float sample(uint32_t row, uint32_t column) {
  return static_cast<float>(static_cast<int>((row * 5 + column * 3) % 13) - 6) /
         8;
}

/// Where element (row, k) of an operand lies behind its start, in bytes.
using Layout = std::function<uint32_t(uint32_t row, uint32_t k)>;

struct Operand {
  uint32_t start;
  uint64_t descriptor;
  Layout layout;
};

/// A descriptor's fields are in units of 16 bytes.
uint64_t describe(uint32_t start, uint64_t leading, uint64_t stride,
                  uint64_t swizzle) {
  return start / 16 | leading / 16 << 16 | stride / 16 << 32 | swizzle << 62;
}

const std::string proxyFence =
    "call void @llvm.nvvm.fence.proxy.async.shared_cta()\n";
const std::string productFence =
    "call void @llvm.nvvm.wgmma.fence.sync.aligned()\n";
const std::string commit =
    "call void @llvm.nvvm.wgmma.commit_group.sync.aligned()\n";
const std::string waitForAll =
    "call void @llvm.nvvm.wgmma.wait_group.sync.aligned(i64 0)\n";
const std::string barrier =
    "call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)\n";

/// The run without `part`, or with another text in its place.
KernelRun replaced(KernelRun run, const std::string &part,
                   const std::string &by = "") {
  size_t place = run.body.find(part);
  EXPECT_NE(place, std::string::npos);
  run.body.replace(place, part.size(), by);
  return run;
}

/// 64 x 8 results of A (64 x 16) and the transpose of B (8 x 16), plus one.
KernelRun product(const Operand &a, const Operand &b, bool isTransposed,
                  uint32_t words) {
  std::vector<uint32_t> shared(words);
  auto fill = [&](const Operand &operand, uint32_t rows, uint32_t offset) {
    for (uint32_t row = 0; row < rows; ++row)
      for (uint32_t k = 0; k < 16; ++k) {
        uint32_t place = operand.start + operand.layout(row, k);
        uint32_t bits = std::bit_cast<uint32_t>(sample(row + offset, k)) >> 16;
        shared[place / 4] |= bits << (place % 4 * 8);
      }
  };
  fill(a, 64, 0);
  fill(b, 8, 100);
  std::string body;
  for (uint32_t i = 0; i < words / 128; ++i) {
    std::string n = std::to_string(i);
    body += "%i" + n + " = add i32 %tid, " + std::to_string(128 * i) + "\n%f" +
            n + " = getelementptr i32, ptr addrspace(1) %p1, i32 %i" + n +
            "\n%w" + n + " = load i32, ptr addrspace(1) %f" + n +
            ", align 4\n%s" + n +
            " = getelementptr i32, ptr addrspace(3) @shared, i32 %i" + n +
            "\nstore i32 %w" + n + ", ptr addrspace(3) %s" + n + ", align 4\n";
  }
  std::string fields = "{ float, float, float, float }";
  std::string order = isTransposed ? "1" : "0";
  body += proxyFence + barrier + productFence + "%d = call " + fields +
          " asm sideeffect \"{ .reg .pred p; setp.ne.b32 p, $10, 0; "
          "wgmma.mma_async.sync.aligned.m64n8k16.f32.bf16.bf16 {$0, $1, $2, "
          "$3}, $8, $9, p, $11, $12, $13, $14; }\", "
          "\"=f,=f,=f,=f,0,1,2,3,l,l,n,n,n,n,n\"(float 1.0, float 1.0, float "
          "1.0, float 1.0, i64 " +
          std::to_string(static_cast<int64_t>(a.descriptor)) + ", i64 " +
          std::to_string(static_cast<int64_t>(b.descriptor)) +
          ", i32 1, i32 1, i32 1, i32 " + order + ", i32 " + order + ")\n" +
          commit + waitForAll + "%at = shl i32 %tid, 2\n";
  for (uint32_t i = 0; i < 4; ++i) {
    std::string n = std::to_string(i);
    body += "%d" + n + " = extractvalue " + fields + " %d, " + n + "\n%o" + n +
            " = add i32 %at, " + n + "\n%t" + n +
            " = getelementptr float, ptr addrspace(1) %p0, i32 %o" + n +
            "\nstore float %d" + n + ", ptr addrspace(1) %t" + n +
            ", align 4\n";
  }
  KernelRun run{body, {zeros(512), shared}};
  run.threads = 128;
  run.sharedBytes = 4 * words;
  return run;
}

void expectRight(KernelRun run) {
  EXPECT_THAT(run.run(), IsEmpty());
  for (uint32_t thread = 0; thread < 128; ++thread)
    for (uint32_t i = 0; i < 4; ++i) {
      // The manual's figure: each warp has 16 rows, a lane two columns of two
      // rows that are 8 apart.
      uint32_t row = thread / 32 * 16 + thread % 32 / 4 + (i < 2 ? 0 : 8);
      uint32_t column = thread % 4 * 2 + i % 2;
      float expected = 1;
      for (uint32_t k = 0; k < 16; ++k)
        expected += sample(row, k) * sample(column + 100, k);
      ASSERT_EQ(std::bit_cast<float>(run.buffers[0][4 * thread + i]), expected)
          << row << " " << column;
    }
}

/// Rows of 128 bytes, whose pieces of 16 bytes are exchanged by the row's
/// number in its group of eight.
uint32_t swizzledRow(uint32_t row, uint32_t k) {
  return row * 128 + ((k / 8) ^ row % 8) * 16 + k % 8 * 2;
}

TEST(SimtWgmma, SwizzledRows) {
  Operand a{0, describe(0, 16, 1024, 1), swizzledRow};
  Operand b{8192, describe(8192, 16, 1024, 1), swizzledRow};
  expectRight(product(a, b, false, 2304));
}

TEST(SimtWgmma, PlainCoreMatrices) {
  // Eight rows of 16 bytes are one piece of 128; two of them for the depth.
  auto core = [](uint32_t row, uint32_t k) {
    return row / 8 * 256 + k / 8 * 128 + row % 8 * 16 + k % 8 * 2;
  };
  Operand a{0, describe(0, 128, 256, 0), core};
  Operand b{2048, describe(2048, 128, 256, 0), core};
  expectRight(product(a, b, false, 640));
}

TEST(SimtWgmma, TransposedOperands) {
  // Rows of the depth hold 64 elements; eight of them are a piece of 1024.
  auto transposed = [](uint32_t row, uint32_t k) {
    return k * 128 + ((row / 8) ^ k % 8) * 16 + row % 8 * 2;
  };
  Operand a{0, describe(0, 2048, 1024, 1), transposed};
  Operand b{2048, describe(2048, 2048, 1024, 1), transposed};
  expectRight(product(a, b, true, 1024));
}

/// A right product of swizzled rows, to break.
KernelRun swizzledProduct() {
  Operand a{0, describe(0, 16, 1024, 1), swizzledRow};
  Operand b{8192, describe(8192, 16, 1024, 1), swizzledRow};
  return product(a, b, false, 2304);
}

TEST(SimtWgmma, OutOfBounds) {
  KernelRun run = swizzledProduct();
  run.sharedBytes -= 128;
  EXPECT_THAT(run.run(), Contains(HasSubstr("out-of-bounds")));
}

TEST(SimtWgmma, SumsMustBeWaitedFor) {
  KernelRun run = replaced(swizzledProduct(), waitForAll);
  auto found = run.run();
  EXPECT_THAT(found, Contains(HasSubstr("missing-wait: uses a product")));
  EXPECT_THAT(found, Contains(HasSubstr("missing-wait: the thread ends")));
  // One group may be in flight, and this is one.
  run = replaced(swizzledProduct(), "wait_group.sync.aligned(i64 0)",
                 "wait_group.sync.aligned(i64 1)");
  EXPECT_THAT(run.run(), Contains(HasSubstr("missing-wait: uses a product")));
  // What is in no group is waited for by nobody.
  run = replaced(swizzledProduct(), commit);
  EXPECT_THAT(run.run(), Contains(HasSubstr("missing-wait: uses a product")));
}

TEST(SimtWgmma, SumsGoFromProductToProductWithoutAWait) {
  KernelRun run = swizzledProduct();
  size_t begin = run.body.find("%d = call "),
         end = run.body.find('\n', begin) + 1;
  std::string first = run.body.substr(begin, end - begin), handover;
  first.replace(0, 2, "%e");
  for (const char *i : {"0", "1", "2", "3"}) {
    handover += std::string("%e") + i +
                " = extractvalue { float, float, float, float } %e, " + i +
                "\n";
    size_t one = run.body.find("float 1.0", begin);
    run.body.replace(one, 9, std::string("float %e") + i);
  }
  run.body.insert(begin, first + handover);
  EXPECT_THAT(run.run(), IsEmpty());
  // The sums of the second product began with those of the first: one, the
  // product, and the product again.
  KernelRun once = swizzledProduct();
  EXPECT_THAT(once.run(), IsEmpty());
  for (size_t i = 0; i < 512; ++i)
    ASSERT_EQ(std::bit_cast<float>(run.buffers[0][i]),
              2 * std::bit_cast<float>(once.buffers[0][i]) - 1);
}

TEST(SimtWgmma, OperandsStayUntilTheWait) {
  // The first words of A, in flight and behind the wait and a barrier.
  const std::string write = "store i32 0, ptr addrspace(3) %s0, align 4\n";
  KernelRun run = replaced(swizzledProduct(), commit, commit + barrier + write);
  EXPECT_THAT(run.run(), Contains(HasSubstr("missing-wait: writes what a "
                                            "product of matrices may still")));
  run = replaced(swizzledProduct(), waitForAll, waitForAll + barrier + write);
  EXPECT_THAT(run.run(), IsEmpty());
}

TEST(SimtWgmma, OperandsOfThreadsNeedAProxyFence) {
  KernelRun run = replaced(swizzledProduct(), proxyFence);
  EXPECT_THAT(run.run(), Contains(HasSubstr("missing-fence: reads")));
  // One thread's fence is enough behind the barrier, but not before it.
  std::string fence = "%first = icmp eq i32 %tid, 0\n"
                      "br i1 %first, label %fence, label %fenced\n"
                      "fence:\n" +
                      proxyFence + "br label %fenced\nfenced:\n";
  run = replaced(swizzledProduct(), proxyFence + barrier, barrier + fence);
  EXPECT_THAT(run.run(), IsEmpty());
  run = replaced(swizzledProduct(), proxyFence, fence);
  EXPECT_THAT(run.run(), Contains(HasSubstr("missing-fence: reads")));
}

TEST(SimtWgmma, AFenceCoversWhatItsWarpKnowsOf) {
  // Two warps meet, and one of them fences for both: not for the other two.
  const std::string head = "%low = icmp ult i32 %tid, 64\n"
                           "%one = icmp ult i32 %tid, 32\n"
                           "br i1 %low, label %pair, label %rest\n"
                           "pair:\n"
                           "call void @llvm.nvvm.barrier.cta.sync.aligned."
                           "count(i32 1, i32 64)\n"
                           "br i1 %one, label %fence, label %fenced\n"
                           "fence:\n" +
                           proxyFence + "br label %fenced\nrest:\n",
                    tail = "br label %fenced\nfenced:\n";
  for (Order order : {Order::Forward, Order::Reverse}) {
    KernelRun right =
        replaced(swizzledProduct(), proxyFence, head + proxyFence + tail);
    right.options.order = order;
    EXPECT_THAT(right.run(), IsEmpty());
    KernelRun wrong = replaced(swizzledProduct(), proxyFence, head + tail);
    wrong.options.order = order;
    EXPECT_THAT(wrong.run(), Contains(HasSubstr("missing-fence: reads")));
  }
}

TEST(SimtWgmma, ProductsAreDoneForThoseWhoKnowOfTheWait) {
  // A fifth warp writes into A when the group has arrived, which waits for its
  // product before or after.
  auto overwritten = [](const std::string &place, const std::string &by) {
    KernelRun run = replaced(swizzledProduct(), place, by);
    run.body = "%extra = icmp uge i32 %tid, 128\n"
               "br i1 %extra, label %writer, label %group\nwriter:\n" +
               barrier +
               "call void @llvm.nvvm.barrier.cta.sync.aligned.count(i32 1, i32 "
               "160)\n"
               "%into = getelementptr i32, ptr addrspace(3) @shared, i32 "
               "%lane\n"
               "store i32 0, ptr addrspace(3) %into, align 4\n"
               "br label %end\ngroup:\n" +
               run.body + "br label %end\nend:\n";
    run.threads = 160;
    return run;
  };
  const std::string arrive = "call void @llvm.nvvm.barrier.cta.arrive.aligned."
                             "count(i32 1, i32 160)\n";
  // Lanes share what they know: none waits before all have arrived.
  const std::string meet = "call void @llvm.nvvm.bar.warp.sync(i32 -1)\n";
  for (Order order : {Order::Forward, Order::Reverse}) {
    KernelRun right = overwritten(waitForAll, waitForAll + arrive);
    right.options.order = order;
    EXPECT_THAT(right.run(), IsEmpty());
    KernelRun wrong = overwritten(waitForAll, arrive + meet + waitForAll);
    wrong.options.order = order;
    EXPECT_THAT(wrong.run(), Contains(HasSubstr("race: nothing orders it with "
                                                "an earlier read")));
  }
}

TEST(SimtWgmma, TheFirstProductNeedsAFence) {
  KernelRun run = replaced(swizzledProduct(), productFence);
  EXPECT_THAT(run.run(), Contains(HasSubstr("missing-fence: expects wgmma")));
}

TEST(SimtWgmma, NeedsFourWarps) {
  Operand a{0, describe(0, 16, 1024, 1), swizzledRow};
  KernelRun run = product(a, a, false, 2304);
  run.threads = 96;
  EXPECT_THAT(run.run(), Contains(HasSubstr("96 threads wait at wgmma")));
}

} // namespace
} // namespace bcssl::simt::test
