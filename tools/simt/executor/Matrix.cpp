//===- Matrix.cpp - products and transfers of small matrices --------------===//
//
// Places of elements in registers are those of the PTX manual's figures: a lane
// is row `lane / 4` and column pair `lane % 4` of an 8 x 8 matrix.
//
//===----------------------------------------------------------------------===//

#include "tools/simt/executor/Operations.h"

#include <bit>
#include <cstring>

namespace bcssl::simt {
namespace {

enum Element : uint64_t { Bf16, F16, Tf32 };

/// A product's parameter: the element, and the depth k from bit 8 on.
constexpr uint64_t product(Element element, uint64_t depth) {
  return element | depth << 8;
}

float toFloat(Element element, uint32_t word, uint32_t half) {
  if (element == Tf32)
    return std::bit_cast<float>(word & ~0x1fffu); // 10 bits of the fraction
  auto bits = static_cast<uint16_t>(word >> (16 * half));
  if (element == Bf16)
    return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
  return static_cast<float>(std::bit_cast<_Float16>(bits));
}

/// D += A B for 16 x 8 results. The products of two operands are exact in f32,
/// so that fused and separate additions give the same.
__attribute__((target_clones("avx2", "default"))) void
multiply(float (&d)[16][8], const float (&a)[16][16], const float (&b)[16][8],
         uint32_t depth) {
  for (uint32_t i = 0; i < 16; ++i)
    for (uint32_t k = 0; k < depth; ++k)
      for (uint32_t j = 0; j < 8; ++j)
        d[i][j] += a[i][k] * b[k][j];
}

void multiplyFragments(Block &block, uint32_t warp, const Meeting &meeting) {
  auto element = static_cast<Element>(meeting.parameter & 0xff);
  auto depth = static_cast<uint32_t>(meeting.parameter >> 8);
  uint32_t packed = element == Tf32 ? 1 : 2; // elements in a register
  uint32_t half = 4 * packed;                // columns of A in one register
  uint32_t wordsA = depth / (2 * packed), wordsB = wordsA / 2;
  float a[16][16], b[16][8], d[16][8];
  for (uint32_t lane = 0; lane < 32; ++lane) {
    const uint64_t *words = block.lane(warp, lane).operands;
    uint32_t group = lane / 4, place = lane % 4 * packed;
    for (uint32_t r = 0; r < wordsA; ++r)
      for (uint32_t h = 0; h < packed; ++h)
        a[group + r % 2 * 8][place + h + r / 2 * half] =
            toFloat(element, static_cast<uint32_t>(words[r]), h);
    for (uint32_t r = 0; r < wordsB; ++r)
      for (uint32_t h = 0; h < packed; ++h)
        b[place + h + r * half][group] =
            toFloat(element, static_cast<uint32_t>(words[wordsA + r]), h);
    for (uint32_t r = 0; r < 4; ++r)
      d[group + r / 2 * 8][lane % 4 * 2 + r % 2] = std::bit_cast<float>(
          static_cast<uint32_t>(words[wordsA + wordsB + r]));
  }
  multiply(d, a, b, depth);
  for (uint32_t lane = 0; lane < 32; ++lane)
    for (uint32_t r = 0; r < 4; ++r)
      block.lane(warp, lane).results[r] = std::bit_cast<uint32_t>(
          d[lane / 4 + r / 2 * 8][lane % 4 * 2 + r % 2]);
}

void joinProduct(Thread &thread, uint64_t *results, const uint64_t *operands,
                 uint64_t parameter) {
  thread.block->meet(thread,
                     {.name = "mma",
                      .work = multiplyFragments,
                      .parameter = parameter,
                      .isAligned = true,
                      .members = ~0u},
                     results, operands);
}

/// A transfer's parameter: the number of matrices, and whether each is
/// transposed.
constexpr uint64_t transposed = 16;

/// Row and column of element `half` of the word that a lane holds.
std::pair<uint32_t, uint32_t> placeOf(uint32_t lane, uint32_t half,
                                      uint64_t parameter) {
  uint32_t major = lane / 4, minor = lane % 4 * 2 + half;
  return parameter & transposed ? std::pair{minor, major}
                                : std::pair{major, minor};
}

std::byte *rowOf(Block &block, uint32_t warp, uint32_t lane) {
  return reinterpret_cast<std::byte *>(block.lane(warp, lane).operands[0]);
}

void loadMatrices(Block &block, uint32_t warp, const Meeting &meeting) {
  uint32_t matrices = meeting.parameter & 15;
  bool isInside[32];
  for (uint32_t i = 0; i < 8 * matrices; ++i)
    isInside[i] =
        block.checkRead(block.lane(warp, i), rowOf(block, warp, i), 16, 16);
  for (uint32_t lane = 0; lane < 32; ++lane)
    for (uint32_t m = 0; m < matrices; ++m) {
      uint16_t halves[2] = {0xffff, 0xffff};
      for (uint32_t h = 0; h < 2; ++h) {
        auto [row, column] = placeOf(lane, h, meeting.parameter);
        if (isInside[m * 8 + row])
          std::memcpy(&halves[h], rowOf(block, warp, m * 8 + row) + column * 2,
                      2);
      }
      block.lane(warp, lane).results[m] =
          halves[0] | static_cast<uint32_t>(halves[1]) << 16;
    }
}

void storeMatrices(Block &block, uint32_t warp, const Meeting &meeting) {
  uint32_t matrices = meeting.parameter & 15;
  bool isInside[32];
  for (uint32_t i = 0; i < 8 * matrices; ++i)
    isInside[i] =
        block.checkWrite(block.lane(warp, i), rowOf(block, warp, i), 16, 16);
  for (uint32_t lane = 0; lane < 32; ++lane)
    for (uint32_t m = 0; m < matrices; ++m)
      for (uint32_t h = 0; h < 2; ++h) {
        auto [row, column] = placeOf(lane, h, meeting.parameter);
        auto value = static_cast<uint16_t>(
            block.lane(warp, lane).operands[1 + m] >> (16 * h));
        if (isInside[m * 8 + row])
          std::memcpy(rowOf(block, warp, m * 8 + row) + column * 2, &value, 2);
      }
}

void joinLoad(Thread &thread, uint64_t *results, const uint64_t *operands,
              uint64_t parameter) {
  thread.block->meet(thread,
                     {.name = "ldmatrix",
                      .work = loadMatrices,
                      .parameter = parameter,
                      .isAligned = true,
                      .members = ~0u},
                     results, operands);
}

void joinStore(Thread &thread, uint64_t *results, const uint64_t *operands,
               uint64_t parameter) {
  thread.block->meet(thread,
                     {.name = "stmatrix",
                      .work = storeMatrices,
                      .parameter = parameter,
                      .isAligned = true,
                      .members = ~0u},
                     results, operands);
}

} // namespace

void addMatrixOperations(OperationTable &table) {
  const std::string prefix = "llvm.nvvm.";
  const std::pair<const char *, uint64_t> products[] = {
      {"m16n8k16.row.col.bf16", product(Bf16, 16)},
      {"m16n8k8.row.col.bf16", product(Bf16, 8)},
      {"m16n8k16.row.col.f32.f32", product(F16, 16)},
      {"m16n8k8.row.col.f32.f32", product(F16, 8)},
      {"m16n8k8.row.col.tf32", product(Tf32, 8)},
      {"m16n8k4.row.col.tf32", product(Tf32, 4)}};
  for (auto [name, parameter] : products)
    table[prefix + "mma." + name] = {joinProduct, parameter};
  for (uint64_t matrices : {1, 2, 4}) {
    std::string shape = "m8n8.x" + std::to_string(matrices);
    for (const char *order : {"", ".trans"}) {
      uint64_t parameter = matrices | (*order ? transposed : 0);
      std::string rest = ".sync.aligned." + shape + order + ".b16";
      table[prefix + "ldmatrix" + rest] = {joinLoad, parameter};
      table[prefix + "stmatrix" + rest] = {joinStore, parameter};
    }
  }
}

} // namespace bcssl::simt
