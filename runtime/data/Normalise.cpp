//===- Normalise.cpp ------------------------------------------------------===//

#include "runtime/data/Normalise.h"

namespace bcssl {

void normalise(const ImageView &image, const std::array<float, 3> &mean,
               const std::array<float, 3> &deviation, std::span<float> out) {
  size_t channels = static_cast<size_t>(image.channels);
  std::array<std::array<float, 256>, 3> table;
  for (size_t c = 0; c < channels; ++c)
    for (int value = 0; value < 256; ++value)
      table[c][value] =
          (static_cast<float>(value) / 255.0f - mean[c]) / deviation[c];
  float *to = out.data();
  for (int y = 0; y < image.height; ++y) {
    const uint8_t *row = image.row(y);
    for (int x = 0; x < image.width; ++x)
      for (size_t c = 0; c < channels; ++c)
        *to++ = table[c][*row++];
  }
}

} // namespace bcssl
