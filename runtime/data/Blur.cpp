//===- Blur.cpp - box blurs with running sums -----------------------------===//

#include "runtime/data/Blur.h"

#include <algorithm>
#include <cmath>

namespace bcssl {

namespace {

/// A box of 2 * whole + 1 positions with weight `inner` and one more on each
/// side with weight `outer`; the weights add up to 1 << 24 at most.
struct Box {
  int whole;
  uint32_t inner;
  uint32_t outer;
};

} // namespace

/// The box whose third power comes closest to a Gaussian. Single precision
/// where Pillow has it.
static Box boxFor(float radius) {
  float variance = radius * radius / 3;
  float length = static_cast<float>(std::sqrt(12.0 * variance + 1.0));
  float whole = static_cast<float>(std::floor((length - 1.0) / 2.0));
  float part = (2 * whole + 1) * (whole * (whole + 1) - 3 * variance);
  part /= 6 * (variance - (whole + 1) * (whole + 1));
  float boxRadius = whole + part;
  Box box;
  box.whole = static_cast<int>(boxRadius);
  box.inner =
      static_cast<uint32_t>(static_cast<float>(1 << 24) / (boxRadius * 2 + 1));
  box.outer =
      ((1u << 24) - static_cast<uint32_t>(box.whole * 2 + 1) * box.inner) / 2;
  return box;
}

/// One box blur along the first axis of `input` [count, bytes] into `output`.
/// Positions outside repeat the edge. A stretch of bytes is taken through all
/// positions at once, so the inner loops run along contiguous bytes.
static void boxBlur(const uint8_t *input, int count, size_t bytes, Box box,
                    uint8_t *output) {
  constexpr size_t stretch = 128;
  for (size_t at = 0; at < bytes; at += stretch) {
    size_t length = std::min(stretch, bytes - at);
    auto line = [&](int position) {
      return input +
             static_cast<size_t>(std::clamp(position, 0, count - 1)) * bytes +
             at;
    };
    uint32_t sums[stretch] = {};
    for (int i = -box.whole - 1; i < box.whole; ++i)
      for (size_t x = 0; x < length; ++x)
        sums[x] += line(i)[x];
    for (int i = 0; i < count; ++i) {
      const uint8_t *before = line(i - box.whole - 1);
      const uint8_t *enters = line(i + box.whole);
      const uint8_t *after = line(i + box.whole + 1);
      uint8_t *out = output + static_cast<size_t>(i) * bytes + at;
      for (size_t x = 0; x < length; ++x) {
        sums[x] += static_cast<uint32_t>(enters[x]) - before[x];
        uint32_t value =
            sums[x] * box.inner +
            static_cast<uint32_t>(before[x] + after[x]) * box.outer;
        out[x] = static_cast<uint8_t>((value + (1u << 23)) >> 24);
      }
    }
  }
}

/// [height, width] pixels of `channels` bytes to [width, height].
static void transpose(const uint8_t *input, int height, int width, int channels,
                      uint8_t *output) {
  constexpr int tile = 16;
  for (int top = 0; top < height; top += tile)
    for (int x = 0; x < width; ++x)
      for (int y = top; y < std::min(top + tile, height); ++y)
        for (int c = 0; c < channels; ++c)
          output[(static_cast<size_t>(x) * height + y) * channels + c] =
              input[(static_cast<size_t>(y) * width + x) * channels + c];
}

void gaussianBlur(Image &image, float radius, std::vector<uint8_t> &scratch) {
  if (radius == 0)
    return;
  Box box = boxFor(radius);
  int width = image.width, height = image.height, channels = image.channels;
  size_t size = image.pixels.size();
  scratch.resize(2 * size);
  uint8_t *here = image.pixels.data();
  uint8_t *there = scratch.data();
  uint8_t *spare = scratch.data() + size;

  size_t column = static_cast<size_t>(height) * channels;
  transpose(here, height, width, channels, there);
  boxBlur(there, width, column, box, spare);
  boxBlur(spare, width, column, box, there);
  boxBlur(there, width, column, box, spare);
  transpose(spare, width, height, channels, here);

  boxBlur(here, height, image.stride(), box, there);
  boxBlur(there, height, image.stride(), box, spare);
  boxBlur(spare, height, image.stride(), box, here);
}

} // namespace bcssl
