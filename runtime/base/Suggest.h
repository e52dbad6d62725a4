//===- Suggest.h - "did you mean" -------------------------------*- C++ -*-===//

#ifndef BCSSL_RUNTIME_BASE_SUGGEST_H
#define BCSSL_RUNTIME_BASE_SUGGEST_H

#include <span>
#include <string>
#include <string_view>

namespace bcssl {

/// The number of insertions, deletions, replacements and swaps of neighbours
/// that turn `a` into `b` (optimal string alignment distance).
size_t editDistance(std::string_view a, std::string_view b);

/// The candidate nearest to `word`, or an empty string where none is near
/// enough to be what a person meant (more than a third of the letters differ).
std::string closest(std::string_view word,
                    std::span<const std::string> candidates);

} // namespace bcssl

#endif // BCSSL_RUNTIME_BASE_SUGGEST_H
