//===- Initialize.cpp - draws by counter ----------------------------------===//

#include "runtime/executable/Initialize.h"
#include "runtime/base/Philox.h"
#include "runtime/executable/Published.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <xxhash.h>

namespace bcssl {

using artifact::Initializer;
using artifact::Variable;

/// The polynomial with the given coefficients, constant first (Horner).
template <size_t N>
static double polynomial(const double (&coefficients)[N], double x) {
  double value = coefficients[N - 1];
  for (size_t i = N - 1; i-- > 0;)
    value = value * x + coefficients[i];
  return value;
}

double normalQuantile(double p) {
  // Numerators and denominators for the middle, the sides and the tails.
  static constexpr double a[] = {
      3.3871328727963666080e0,  1.3314166789178437745e+2,
      1.9715909503065514427e+3, 1.3731693765509461125e+4,
      4.5921953931549871457e+4, 6.7265770927008700853e+4,
      3.3430575583588128105e+4, 2.5090809287301226727e+3};
  static constexpr double b[] = {1.0,
                                 4.2313330701600911252e+1,
                                 6.8718700749205790830e+2,
                                 5.3941960214247511077e+3,
                                 2.1213794301586595867e+4,
                                 3.9307895800092710610e+4,
                                 2.8729085735721942674e+4,
                                 5.2264952788528545610e+3};
  static constexpr double c[] = {
      1.42343711074968357734e0,  4.63033784615654529590e0,
      5.76949722146069140550e0,  3.64784832476320460504e0,
      1.27045825245236838258e0,  2.41780725177450611770e-1,
      2.27238449892691845833e-2, 7.74545014278341407640e-4};
  static constexpr double d[] = {1.0,
                                 2.05319162663775882187e0,
                                 1.67638483018380384940e0,
                                 6.89767334985100004550e-1,
                                 1.48103976427480074590e-1,
                                 1.51986665636164571966e-2,
                                 5.47593808499534494600e-4,
                                 1.05075007164441684324e-9};
  static constexpr double e[] = {
      6.65790464350110377720e0,  5.46378491116411436990e0,
      1.78482653991729133580e0,  2.96560571828504891230e-1,
      2.65321895265761230930e-2, 1.24266094738807843860e-3,
      2.71155556874348757815e-5, 2.01033439929228813265e-7};
  static constexpr double f[] = {1.0,
                                 5.99832206555887937690e-1,
                                 1.36929880922735805310e-1,
                                 1.48753612908506148525e-2,
                                 7.86869131145613259100e-4,
                                 1.84631831751005468180e-5,
                                 1.42151175831644588870e-7,
                                 2.04426310338993978564e-15};
  double q = p - 0.5;
  if (std::abs(q) <= 0.425) {
    double r = 0.180625 - q * q;
    return q * polynomial(a, r) / polynomial(b, r);
  }
  double r = std::sqrt(-std::log(q < 0 ? p : 1 - p));
  double x = r <= 5 ? polynomial(c, r - 1.6) / polynomial(d, r - 1.6)
                    : polynomial(e, r - 5) / polynomial(f, r - 5);
  return q < 0 ? -x : x;
}

uint16_t roundToBf16(float value) {
  auto bits = std::bit_cast<uint32_t>(value);
  return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

/// One random element from 32 bits.
static double draw(const Variable &variable, uint32_t bits) {
  // The probability of a standard normal variable below -2.
  constexpr double below = 0.022750131948179207;
  double uniform = (static_cast<double>(bits) + 0.5) * 0x1p-32;
  if (variable.initializer == Initializer::Uniform)
    return variable.value * (2 * uniform - 1);
  return variable.value * normalQuantile(below + uniform * (1 - 2 * below));
}

static void store(DataType type, std::byte *at, double value) {
  if (type == DataType::F32) {
    auto narrow = static_cast<float>(value);
    std::memcpy(at, &narrow, sizeof(narrow));
  } else if (type == DataType::BF16) {
    uint16_t narrow = roundToBf16(static_cast<float>(value));
    std::memcpy(at, &narrow, sizeof(narrow));
  } else {
    auto narrow = static_cast<int32_t>(value);
    std::memcpy(at, &narrow, sizeof(narrow));
  }
}

static void fill(const Variable &variable, std::byte *to, double value) {
  uint64_t size = sizeOf(variable.type);
  for (uint64_t i = 0; i < variable.elements(); ++i)
    store(variable.type, to + i * size, value);
}

static void fillRandom(const Variable &variable, std::byte *to, uint64_t seed) {
  uint64_t name = XXH3_64bits(variable.name.data(), variable.name.size());
  uint64_t size = sizeOf(variable.type);
  std::array<uint32_t, 4> block{};
  forEachPublished(variable, [&](uint64_t published, uint64_t stored) {
    if (published % 4 == 0)
      block = philox4x32(
          {static_cast<uint32_t>(published / 4),
           static_cast<uint32_t>(published / 4 >> 32),
           static_cast<uint32_t>(name), static_cast<uint32_t>(name >> 32)},
          {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)});
    store(variable.type, to + stored * size,
          draw(variable, block[published % 4]));
  });
}

void initializeVariables(const artifact::Contents &contents,
                         std::span<std::byte> state, uint64_t seed) {
  for (const Variable &variable : contents.variables) {
    std::byte *to = state.data() + variable.offset;
    switch (variable.initializer) {
    case Initializer::Zeros:
      std::memset(to, 0, variable.bytes());
      break;
    case Initializer::Ones:
      fill(variable, to, 1);
      break;
    case Initializer::Constant:
      fill(variable, to, variable.value);
      break;
    case Initializer::TruncNormal:
    case Initializer::Uniform:
      fillRandom(variable, to, seed);
      break;
    case Initializer::Copy: {
      // Verified: the source stands before its copies, so it has its value.
      auto source = std::ranges::find(contents.variables, variable.source,
                                      &Variable::name);
      std::memcpy(to, state.data() + source->offset, variable.bytes());
      break;
    }
    }
  }
}

} // namespace bcssl
