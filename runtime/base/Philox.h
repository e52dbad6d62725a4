//===- Philox.h - counter-based random numbers ------------------*- C++ -*-===//
//
// Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel Random Numbers: As Easy
// as 1, 2, 3", SC 2011). A draw is a pure function of counter and key, so data
// order, augmentation and initial weights need no saved generator state and do
// not depend on threads.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_RUNTIME_BASE_PHILOX_H
#define BCSSL_RUNTIME_BASE_PHILOX_H

#include <array>
#include <cstdint>

namespace bcssl {

/// Four 32-bit draws for one counter under one key.
inline std::array<uint32_t, 4> philox4x32(std::array<uint32_t, 4> counter,
                                          std::array<uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    uint64_t left = uint64_t{0xD2511F53} * counter[0];
    uint64_t right = uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<uint32_t>(right >> 32) ^ counter[1] ^ key[0],
               static_cast<uint32_t>(right),
               static_cast<uint32_t>(left >> 32) ^ counter[3] ^ key[1],
               static_cast<uint32_t>(left)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return counter;
}

/// A uniform value in [0, 1) with 24 random bits.
inline float uniformFromBits(uint32_t bits) {
  return static_cast<float>(bits >> 8) * 0x1p-24f;
}

/// A stream of draws for one thing: key = seed, counter = (index, a, b,
/// stream).
class Philox {
public:
  Philox(uint64_t seed, uint32_t stream, uint32_t a = 0, uint32_t b = 0)
      : key{static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)},
        counter{0, a, b, stream} {}

  uint32_t bits() {
    if (used == 4) {
      block = philox4x32(counter, key);
      ++counter[0];
      used = 0;
    }
    return block[used++];
  }
  float uniform() { return uniformFromBits(bits()); }
  float uniform(float low, float high) {
    return low + (high - low) * uniform();
  }

private:
  std::array<uint32_t, 2> key;
  std::array<uint32_t, 4> counter;
  std::array<uint32_t, 4> block{};
  int used = 4;
};

} // namespace bcssl

#endif // BCSSL_RUNTIME_BASE_PHILOX_H
