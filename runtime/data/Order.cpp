//===- Order.cpp - a permutation by a Feistel network ---------------------===//

#include "runtime/data/Order.h"

#include "runtime/base/Philox.h"

#include <array>
#include <bit>

namespace bcssl {

/// The draws of this file are told from others by this word ("ORDR").
static constexpr uint32_t orderStream = 0x4f524452;

/// A bijection on numbers of `bits` bits: an alternating Feistel network on two
/// (maybe unequal) halves with Philox as its round function. Halves of two or
/// three bits need many rounds: with 6 a chi-square test on sets of 5 to 17
/// images sees a bias, with 12 hardly, with 16 none.
static uint64_t scramble(uint64_t value, int bits, uint64_t seed,
                         uint32_t epoch) {
  int lowBits = bits / 2;
  uint32_t lowMask = static_cast<uint32_t>((uint64_t{1} << lowBits) - 1);
  uint32_t highMask =
      static_cast<uint32_t>((uint64_t{1} << (bits - lowBits)) - 1);
  uint32_t low = static_cast<uint32_t>(value) & lowMask;
  uint32_t high = static_cast<uint32_t>(value >> lowBits);
  std::array<uint32_t, 2> key = {static_cast<uint32_t>(seed),
                                 static_cast<uint32_t>(seed >> 32)};
  for (uint32_t round = 0; round < 16; round += 2) {
    high ^= philox4x32({low, round, epoch, orderStream}, key)[0] & highMask;
    low ^= philox4x32({high, round + 1, epoch, orderStream}, key)[0] & lowMask;
  }
  return uint64_t{high} << lowBits | low;
}

int64_t shuffledIndex(int64_t size, uint64_t seed, int64_t epoch,
                      int64_t position) {
  if (size <= 1)
    return 0;
  // Cycle walking: the network permutes the next power of two; steps that leave
  // the range go on until they are back. Fewer than two on average.
  int bits = std::bit_width(static_cast<uint64_t>(size - 1));
  uint64_t value = static_cast<uint64_t>(position);
  do
    value = scramble(value, bits, seed, static_cast<uint32_t>(epoch));
  while (value >= static_cast<uint64_t>(size));
  return static_cast<int64_t>(value);
}

std::vector<int64_t> BatchOrder::indices(int64_t step) const {
  std::vector<int64_t> result(static_cast<size_t>(batch));
  for (int64_t slot = 0; slot < batch; ++slot)
    result[static_cast<size_t>(slot)] = index(step, slot);
  return result;
}

} // namespace bcssl
