//===- Initialize.h - first values of variables -----------------*- C++ -*-===//

#ifndef BCSSL_RUNTIME_EXECUTABLE_INITIALIZE_H
#define BCSSL_RUNTIME_EXECUTABLE_INITIALIZE_H

#include "runtime/executable/Contents.h"

namespace bcssl {

/// Gives every variable in the state block its first value. A random element is
/// a function of the seed, the variable's name and the element's index in the
/// published tensor alone, so neither layout nor order nor other variables
/// change it: Philox4x32-10 with the seed as key and (index / 4, XXH3-64 of the
/// name) as counter gives four elements a block. TruncNormal is a normal
/// variable of standard deviation `value`, before it is limited to two of them.
void initializeVariables(const artifact::Contents &contents,
                         std::span<std::byte> state, uint64_t seed);

/// The x with P(X < x) = p for a standard normal X, 0 < p < 1, to 1e-15
/// relative (Wichura, "Algorithm AS 241", Applied Statistics 37, 1988).
double normalQuantile(double p);

/// The nearest bf16 of a finite number, ties to even.
uint16_t roundToBf16(float value);

} // namespace bcssl

#endif // BCSSL_RUNTIME_EXECUTABLE_INITIALIZE_H
