//===- Published.cpp ------------------------------------------------------===//

#include "runtime/executable/Published.h"

#include <cstring>

namespace bcssl {

/// Moves elements of one size.
template <typename Element, bool ToPublished>
static void reorder(const artifact::Variable &variable, const std::byte *from,
                    std::byte *to) {
  forEachPublished(variable, [&](uint64_t published, uint64_t stored) {
    uint64_t source = ToPublished ? stored : published;
    uint64_t target = ToPublished ? published : stored;
    std::memcpy(to + target * sizeof(Element), from + source * sizeof(Element),
                sizeof(Element));
  });
}

template <bool ToPublished>
static void copy(const artifact::Variable &variable,
                 std::span<const std::byte> from, std::span<std::byte> to) {
  if (variable.permutation.empty())
    std::memcpy(to.data(), from.data(), variable.bytes());
  else if (sizeOf(variable.type) == sizeof(uint16_t))
    reorder<uint16_t, ToPublished>(variable, from.data(), to.data());
  else
    reorder<uint32_t, ToPublished>(variable, from.data(), to.data());
}

void toPublished(const artifact::Variable &variable,
                 std::span<const std::byte> stored,
                 std::span<std::byte> published) {
  copy<true>(variable, stored, published);
}

void fromPublished(const artifact::Variable &variable,
                   std::span<const std::byte> published,
                   std::span<std::byte> stored) {
  copy<false>(variable, published, stored);
}

} // namespace bcssl
