//===- OperationsTest.cpp - each instruction against plain loops ----------===//

#include "test/tools/simt/Run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace bcssl::simt::test {
namespace {

std::string store(const std::string &value) {
  return "%to = getelementptr i32, ptr addrspace(1) %p0, i32 %tid\n"
         "store i32 " +
         value + ", ptr addrspace(1) %to, align 4\n";
}

/// What 32 lanes get from `body`, which defines %got.
std::vector<uint32_t> lanes(const std::string &body) {
  std::vector<uint32_t> result;
  for (Order order : {Order::Forward, Order::Reverse, Order::Shuffle}) {
    KernelRun run{body + store("%got"), {zeros(32)}};
    run.options.order = order;
    EXPECT_THAT(run.run(), IsEmpty());
    if (!result.empty())
      EXPECT_EQ(result, run.buffers[0]);
    result = run.buffers[0];
  }
  return result;
}

std::vector<uint32_t> shuffled(const std::string &mode, int reach, int clamp) {
  return lanes("%value = mul i32 %lane, 10\n"
               "%got = call i32 @llvm.nvvm.shfl.sync." +
               mode + ".i32(i32 -1, i32 %value, i32 " + std::to_string(reach) +
               ", i32 " + std::to_string(clamp) + ")\n");
}

TEST(SimtWarp, Shuffles) {
  std::vector<uint32_t> butterfly = shuffled("bfly", 4, 31),
                        down = shuffled("down", 3, 31),
                        up = shuffled("up", 3, 0),
                        index = shuffled("idx", 7, 31),
                        segments = shuffled("bfly", 1, 0x1e1f),
                        eights = shuffled("idx", 2, 0x181f);
  for (uint32_t i = 0; i < 32; ++i) {
    EXPECT_EQ(butterfly[i], (i ^ 4) * 10);
    EXPECT_EQ(down[i], (i + 3 < 32 ? i + 3 : i) * 10);
    EXPECT_EQ(up[i], (i >= 3 ? i - 3 : i) * 10);
    EXPECT_EQ(index[i], 70u);
    EXPECT_EQ(segments[i], (i ^ 1) * 10);
    EXPECT_EQ(eights[i], (i / 8 * 8 + 2) * 10);
  }
}

TEST(SimtWarp, ShuffleOfFloatsWithPredicate) {
  auto got = lanes(
      "%float = sitofp i32 %lane to float\n"
      "%both = call { float, i1 } @llvm.nvvm.shfl.sync.down.f32p(i32 -1, float "
      "%float, i32 1, i32 31)\n"
      "%value = extractvalue { float, i1 } %both, 0\n"
      "%inside = extractvalue { float, i1 } %both, 1\n"
      "%number = fptosi float %value to i32\n"
      "%got = select i1 %inside, i32 %number, i32 99\n");
  for (uint32_t i = 0; i < 32; ++i)
    EXPECT_EQ(got[i], i < 31 ? i + 1 : 99);
}

TEST(SimtWarp, ShuffleFromAnAbsentLane) {
  KernelRun run{"%odd = and i32 %lane, 1\n"
                "%isOdd = icmp eq i32 %odd, 1\n"
                "br i1 %isOdd, label %meet, label %end\n"
                "meet:\n"
                "%got = call i32 @llvm.nvvm.shfl.sync.bfly.i32(i32 "
                "-1431655766, i32 %lane, i32 1, i32 31)\n"
                "br label %end\n"
                "end:\n",
                {}};
  EXPECT_THAT(run.run(), ElementsAre(HasSubstr("reads a lane that does not")));
}

TEST(SimtWarp, DifferentCollectivesOfOneWarp) {
  KernelRun run{"%low = icmp ult i32 %lane, 16\n"
                "br i1 %low, label %one, label %two\n"
                "one:\n"
                "%a = call i32 @llvm.nvvm.shfl.sync.bfly.i32(i32 -1, i32 "
                "%lane, i32 1, i32 31)\n"
                "br label %end\n"
                "two:\n"
                "%b = call i32 @llvm.nvvm.shfl.sync.down.i32(i32 -1, i32 "
                "%lane, i32 1, i32 31)\n"
                "br label %end\n"
                "end:\n",
                {}};
  auto found = run.run();
  EXPECT_THAT(found, Contains(HasSubstr("other lanes wait for this one at")));
  EXPECT_THAT(found, Contains(HasSubstr("deadlock")));
}

TEST(SimtWarp, VotesAndReductions) {
  std::string odd = "%bit = and i32 %lane, 1\n%odd = icmp eq i32 %bit, 1\n";
  auto vote = [&](const std::string &name) {
    return lanes(odd + "%v = call i1 @llvm.nvvm.vote." + name +
                 ".sync(i32 -1, i1 %odd)\n%got = zext i1 %v to i32\n")[0];
  };
  EXPECT_EQ(vote("all"), 0u);
  EXPECT_EQ(vote("any"), 1u);
  EXPECT_EQ(vote("uni"), 0u);
  EXPECT_EQ(lanes(odd + "%got = call i32 @llvm.nvvm.vote.ballot.sync(i32 -1, "
                        "i1 %odd)\n")[5],
            0xaaaaaaaau);
  auto reduce = [&](const std::string &name) {
    return lanes("%value = sub i32 %lane, 3\n"
                 "%got = call i32 @llvm.nvvm.redux.sync." +
                 name + "(i32 %value, i32 -1)\n")[17];
  };
  EXPECT_EQ(reduce("add"), 32u * 31 / 2 - 96);
  EXPECT_EQ(reduce("min"), static_cast<uint32_t>(-3));
  EXPECT_EQ(reduce("max"), 28u);
  EXPECT_EQ(reduce("umax"), static_cast<uint32_t>(-1));
  EXPECT_EQ(reduce("umin"), 0u);
  EXPECT_EQ(reduce("and"), 0u);
  EXPECT_EQ(reduce("or"), ~0u);
}

/// A small number that the element type has, for row and column.
float sample(uint32_t row, uint32_t column) {
  return static_cast<float>(static_cast<int>((row * 7 + column * 3) % 11) - 5) /
         4;
}

uint32_t encode(float value, const std::string &element) {
  if (element == "f16") {
    return std::bit_cast<uint16_t>(static_cast<_Float16>(value));
  }
  return std::bit_cast<uint32_t>(value) >> 16;
}

/// D = A B + C by mma.sync, whose fragments are laid out here as the PTX manual
/// says, element by element.
void expectProduct(const std::string &element, uint32_t depth,
                   const std::string &intrinsic) {
  bool isTf32 = element == "tf32";
  std::string word = element == "f16" ? "<2 x half>" : "i32";
  uint32_t packed = isTf32 ? 1 : 2, wordsA = depth / (2 * packed),
           wordsB = wordsA / 2, total = wordsA + wordsB + 4;
  std::vector<uint32_t> input(32 * total);
  auto put = [&](uint32_t &target, uint32_t half, float value) {
    target |= isTf32 ? std::bit_cast<uint32_t>(value)
                     : encode(value, element) << (16 * half);
  };
  for (uint32_t lane = 0; lane < 32; ++lane) {
    uint32_t *words = &input[lane * total];
    uint32_t group = lane / 4, place = lane % 4;
    for (uint32_t i = 0; i < wordsA * packed; ++i) {
      // Figures of m16n8k16 (two in a word) and of m16n8k8 .tf32.
      uint32_t r = i / packed;
      uint32_t row = r % 2 == 0 ? group : group + 8;
      uint32_t column =
          place * packed + i % packed + (r >= 2 ? (isTf32 ? 4 : 8) : 0);
      put(words[r], i % packed, sample(row, column));
    }
    for (uint32_t i = 0; i < wordsB * packed; ++i) {
      uint32_t r = i / packed;
      uint32_t row =
          place * packed + i % packed + (r >= 1 ? (isTf32 ? 4 : 8) : 0);
      put(words[wordsA + r], i % packed, sample(row + 50, group));
    }
    for (uint32_t i = 0; i < 4; ++i)
      words[wordsA + wordsB + i] = std::bit_cast<uint32_t>(
          sample(i < 2 ? group : group + 8, 90 + place * 2 + i % 2));
  }
  std::string body, call;
  body += "%first = mul i32 %lane, " + std::to_string(total) + "\n";
  for (uint32_t i = 0; i < total; ++i) {
    std::string n = std::to_string(i);
    std::string type = i < wordsA + wordsB ? word : "float";
    body += "%i" + n + " = add i32 %first, " + n + "\n%a" + n +
            " = getelementptr i32, ptr addrspace(1) %p1, i32 %i" + n + "\n%v" +
            n + " = load " + type + ", ptr addrspace(1) %a" + n + ", align 4\n";
    call += (i ? ", " : "") + type + " %v" + n;
  }
  std::string fields = "{ float, float, float, float }";
  body += "%d = call " + fields + " @llvm.nvvm.mma." + intrinsic + "(" + call +
          ")\n%at = mul i32 %lane, 4\n";
  for (uint32_t i = 0; i < 4; ++i) {
    std::string n = std::to_string(i);
    body += "%d" + n + " = extractvalue " + fields + " %d, " + n + "\n%o" + n +
            " = add i32 %at, " + n + "\n%t" + n +
            " = getelementptr float, ptr addrspace(1) %p0, i32 %o" + n +
            "\nstore float %d" + n + ", ptr addrspace(1) %t" + n +
            ", align 4\n";
  }
  KernelRun run{body, {zeros(128), input}};
  EXPECT_THAT(run.run(), IsEmpty());
  for (uint32_t lane = 0; lane < 32; ++lane)
    for (uint32_t i = 0; i < 4; ++i) {
      uint32_t row = lane / 4 + (i < 2 ? 0 : 8), column = lane % 4 * 2 + i % 2;
      float expected = sample(row, 90 + column);
      for (uint32_t k = 0; k < depth; ++k)
        expected += sample(row, k) * sample(k + 50, column);
      EXPECT_EQ(std::bit_cast<float>(run.buffers[0][lane * 4 + i]), expected)
          << intrinsic << " " << row << " " << column;
    }
}

TEST(SimtMatrix, Products) {
  expectProduct("bf16", 16, "m16n8k16.row.col.bf16");
  expectProduct("bf16", 8, "m16n8k8.row.col.bf16");
  expectProduct("f16", 16, "m16n8k16.row.col.f32.f32");
  expectProduct("f16", 8, "m16n8k8.row.col.f32.f32");
  expectProduct("tf32", 8, "m16n8k8.row.col.tf32");
  expectProduct("tf32", 4, "m16n8k4.row.col.tf32");
}

/// Fills 256 words of shared memory with pairs of 16-bit numbers 2i, 2i + 1,
/// one row of a matrix (8 numbers) behind the other, as 8 stores a lane.
std::string fillShared(uint32_t words) {
  std::string text;
  for (uint32_t i = 0; i < words / 32; ++i) {
    std::string n = std::to_string(i);
    text += "%w" + n + " = add i32 %lane, " + std::to_string(32 * i) + "\n%l" +
            n + " = shl i32 %w" + n + ", 1\n%h" + n + " = add i32 %l" + n +
            ", 1\n%u" + n + " = shl i32 %h" + n + ", 16\n%x" + n +
            " = or i32 %u" + n + ", %l" + n + "\n%s" + n +
            " = getelementptr i32, ptr addrspace(3) @shared, i32 %w" + n +
            "\nstore i32 %x" + n + ", ptr addrspace(3) %s" + n + ", align 4\n";
  }
  return text + "call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)\n";
}

TEST(SimtMatrix, LoadMatrix) {
  for (bool isTransposed : {false, true}) {
    std::string fields = "{ i32, i32, i32, i32 }";
    std::string body =
        fillShared(128) +
        "%row = getelementptr <4 x i32>, ptr addrspace(3) @shared, i32 %lane\n"
        "%m = call " +
        fields + " @llvm.nvvm.ldmatrix.sync.aligned.m8n8.x4" +
        (isTransposed ? ".trans" : "") +
        ".b16.p3(ptr addrspace(3) %row)\n"
        "%got = extractvalue " +
        fields + " %m, 2\n" + store("%got");
    KernelRun run{body, {zeros(32)}};
    run.sharedBytes = 512;
    EXPECT_THAT(run.run(), IsEmpty());
    for (uint32_t lane = 0; lane < 32; ++lane)
      for (uint32_t half = 0; half < 2; ++half) {
        uint32_t row = lane / 4, column = lane % 4 * 2 + half;
        if (isTransposed)
          std::swap(row, column);
        EXPECT_EQ(run.buffers[0][lane] >> (16 * half) & 0xffff,
                  (16 + row) * 8 + column);
      }
    run.sharedBytes = 496;
    EXPECT_THAT(run.run(), Contains(HasSubstr("out-of-bounds")));
  }
}

TEST(SimtMatrix, StoreMatrix) {
  KernelRun run{
      "%row = getelementptr <4 x i32>, ptr addrspace(3) @shared, i32 %lane\n"
      "%more = add i32 %lane, 1000\n"
      "call void @llvm.nvvm.stmatrix.sync.aligned.m8n8.x2.b16.p3(ptr "
      "addrspace(3) %row, i32 %lane, i32 %more)\n"
      "call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 0)\n"
      "%at = getelementptr i32, ptr addrspace(3) @shared, i32 %lane\n"
      "%got = load i32, ptr addrspace(3) %at, align 4\n" +
          store("%got"),
      {zeros(32)}};
  run.sharedBytes = 512;
  EXPECT_THAT(run.run(), IsEmpty());
  EXPECT_EQ(run.buffers[0], counting(32)); // word `lane` of matrix 0
}

TEST(SimtMatrix, NeedsAWholeWarp) {
  std::string fields = "{ i32, i32 }";
  KernelRun run{
      "%m = call " + fields +
          " @llvm.nvvm.ldmatrix.sync.aligned.m8n8.x2.b16.p3(ptr addrspace(3) "
          "@shared)\n",
      {}};
  run.sharedBytes = 512;
  run.threads = 24;
  EXPECT_THAT(run.run(), ElementsAre(HasSubstr("expects all 32 lanes")));
}

/// Copies 16 bytes a lane to shared memory and stores the second word of them.
std::string copyThrough(const std::string &call, const std::string &wait) {
  return "%from = getelementptr <4 x i32>, ptr addrspace(1) %p1, i32 %lane\n"
         "%own = getelementptr <4 x i32>, ptr addrspace(3) @shared, i32 "
         "%lane\n" +
         call + "call void @llvm.nvvm.cp.async.commit.group()\n" + wait +
         "%at = getelementptr i32, ptr addrspace(3) %own, i32 1\n"
         "%got = load i32, ptr addrspace(3) %at, align 4\n" +
         store("%got");
}

const std::string plainCopy =
    "call void @llvm.nvvm.cp.async.cg.shared.global.16(ptr addrspace(3) %own, "
    "ptr addrspace(1) %from)\n";
const std::string waitNone =
    "call void @llvm.nvvm.cp.async.wait.group(i32 0)\n";

TEST(SimtCopy, Lands) {
  for (bool checks : {true, false}) {
    KernelRun run{copyThrough(plainCopy, waitNone), {zeros(32), counting(128)}};
    run.sharedBytes = 512;
    run.options.checks = checks;
    EXPECT_THAT(run.run(), IsEmpty());
    for (uint32_t i = 0; i < 32; ++i)
      EXPECT_EQ(run.buffers[0][i], 4 * i + 1);
  }
}

TEST(SimtCopy, FillsWithZero) {
  KernelRun run{copyThrough("%odd = and i32 %lane, 1\n"
                            "%bytes = shl i32 %odd, 3\n"
                            "call void @llvm.nvvm.cp.async.ca.shared.global.16."
                            "s(ptr addrspace(3) %own, ptr addrspace(1) %from, "
                            "i32 %bytes)\n",
                            waitNone),
                {zeros(32), counting(128)}};
  run.sharedBytes = 512;
  EXPECT_THAT(run.run(), IsEmpty());
  for (uint32_t i = 0; i < 32; ++i)
    EXPECT_EQ(run.buffers[0][i], i % 2 ? 4 * i + 1 : 0);
}

TEST(SimtCopy, MissingWait) {
  for (std::string wait :
       {"", "call void @llvm.nvvm.cp.async.wait.group(i32 1)\n"}) {
    KernelRun run{copyThrough(plainCopy, wait), {zeros(32), counting(128)}};
    run.sharedBytes = 512;
    EXPECT_THAT(run.run(),
                ElementsAre(HasSubstr("missing-wait: touches the target"),
                            HasSubstr("missing-wait: the thread ends")));
  }
}

TEST(SimtCopy, OfOthersNeedsABarrierToo) {
  std::string read =
      "%next = xor i32 %lane, 1\n"
      "%other = getelementptr <4 x i32>, ptr addrspace(3) @shared, i32 %next\n"
      "%x = load i32, ptr addrspace(3) %other, align 4\n";
  KernelRun run{copyThrough(plainCopy, waitNone + read),
                {zeros(32), counting(128)}};
  run.sharedBytes = 512;
  EXPECT_THAT(run.run(), Contains(testing::AnyOf(HasSubstr("race"),
                                                 HasSubstr("missing-wait"))));
  KernelRun right{
      copyThrough(plainCopy,
                  waitNone +
                      "call void @llvm.nvvm.barrier.cta.sync.aligned.all(i32 "
                      "0)\n" +
                      read),
      {zeros(32), counting(128)}};
  right.sharedBytes = 512;
  EXPECT_THAT(right.run(), IsEmpty());
}

TEST(SimtCopy, FromOutside) {
  KernelRun run{copyThrough(plainCopy, waitNone), {zeros(32), counting(127)}};
  run.sharedBytes = 512;
  EXPECT_THAT(run.run(), ElementsAre("out-of-bounds: is in no allocation"));
}

/// `body` turns the float %x into the float %y.
float scalar(const std::string &body, float x) {
  KernelRun run{"%x = load float, ptr addrspace(1) %p1, align 4\n" + body +
                    "store float %y, ptr addrspace(1) %p0, align 4\n",
                {zeros(1), {std::bit_cast<uint32_t>(x)}}};
  run.threads = 1;
  EXPECT_THAT(run.run(), IsEmpty()) << body;
  return std::bit_cast<float>(run.buffers[0][0]);
}

TEST(SimtScalar, Functions) {
  auto call = [](const std::string &name, float x) {
    return scalar("%y = call float @llvm.nvvm." + name + "(float %x)\n", x);
  };
  EXPECT_EQ(call("ex2.approx.ftz.f32", 3), 8);
  EXPECT_EQ(call("ex2.approx.f32", -1), 0.5f);
  EXPECT_EQ(call("lg2.approx.ftz.f", 8), 3);
  EXPECT_EQ(call("rcp.approx.ftz.f", 4), 0.25f);
  EXPECT_EQ(call("rsqrt.approx.ftz.f", 4), 0.5f);
  EXPECT_EQ(call("sqrt.approx.f", 9), 3);
  EXPECT_EQ(call("fabs.f32", -2), 2);
  EXPECT_EQ(call("saturate.f", 2), 1);
  EXPECT_EQ(scalar("%y = call float @llvm.nvvm.fma.rn.f(float %x, float %x, "
                   "float 1.0)\n",
                   3),
            10);
  EXPECT_TRUE(std::isnan(scalar(
      "%y = call float @llvm.nvvm.fmax.nan.f(float %x, float 1.0)\n", NAN)));
  EXPECT_EQ(
      scalar("%y = call float @llvm.nvvm.fmax.f(float %x, float 1.0)\n", NAN),
      1);
}

TEST(SimtScalar, RoundsToBf16) {
  auto round = [](float x) {
    return scalar("%b = fptrunc float %x to bfloat\n"
                  "%y = fpext bfloat %b to float\n",
                  x);
  };
  EXPECT_EQ(round(1.00390625f), 1.0f); // a tie: to the even neighbour
  EXPECT_EQ(round(1.01171875f), 1.015625f);
  EXPECT_EQ(round(1e-40f), std::bit_cast<float>(0x00010000u)); // not zero
  EXPECT_TRUE(std::isnan(round(NAN)));
  EXPECT_TRUE(std::isinf(round(3.4e38f)));
}

} // namespace
} // namespace bcssl::simt::test
