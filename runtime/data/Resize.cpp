//===- Resize.cpp - two passes of fixed-point sums ------------------------===//

#include "runtime/data/Resize.h"

#include <algorithm>
#include <cmath>

namespace bcssl {

// 8 bits for the result and two for sums that leave 0..1: negative lobes make
// the other weights add up to more than 1.
static constexpr int weightBits = 32 - 8 - 2;
static constexpr int32_t half = 1 << (weightBits - 1);

static double bilinear(double x) { return std::max(1.0 - std::abs(x), 0.0); }

static double bicubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1.0)
    return ((a + 2.0) * x - (a + 3.0)) * x * x + 1;
  if (x < 2.0)
    return (((x - 5) * x + 8) * x - 4) * a;
  return 0.0;
}

/// Weights for the output positions `begin` to `begin + length` of one axis
/// that goes from `inSize` to `outSize`. Each line rounds as Pillow does: the
/// order of the double operations matters.
static void makeTable(int inSize, int outSize, int begin, int length,
                      ResizeFilter filter, std::vector<double> &exact,
                      ResizeTable &table) {
  double scale = static_cast<double>(inSize) / outSize;
  double filterScale = std::max(scale, 1.0);
  double support = (filter == ResizeFilter::Bicubic ? 2.0 : 1.0) * filterScale;
  double inverse = 1.0 / filterScale;
  table.taps = static_cast<int>(std::ceil(support)) * 2 + 1;
  table.first.resize(static_cast<size_t>(length));
  table.count.resize(static_cast<size_t>(length));
  table.weights.resize(static_cast<size_t>(length) * table.taps);
  exact.resize(static_cast<size_t>(table.taps));
  for (int i = 0; i < length; ++i) {
    double center = (begin + i + 0.5) * scale;
    int first = std::max(static_cast<int>(center - support + 0.5), 0);
    int last = std::min(static_cast<int>(center + support + 0.5), inSize);
    int count = last - first;
    double sum = 0;
    for (int t = 0; t < count; ++t) {
      double x = (t + first - center + 0.5) * inverse;
      exact[t] = filter == ResizeFilter::Bicubic ? bicubic(x) : bilinear(x);
      sum += exact[t];
    }
    int32_t *weights =
        table.weights.data() + static_cast<size_t>(i) * table.taps;
    for (int t = 0; t < count; ++t) {
      double weight =
          (sum != 0 ? exact[t] / sum : exact[t]) * (1 << weightBits);
      weights[t] =
          static_cast<int32_t>(weight < 0 ? weight - 0.5 : weight + 0.5);
    }
    table.first[i] = first;
    table.count[i] = count;
  }
}

static uint8_t clip(int32_t sum) {
  return static_cast<uint8_t>(std::clamp(sum >> weightBits, 0, 255));
}

template <int Channels>
static void resizeRow(const uint8_t *input, const ResizeTable &table,
                      uint8_t *output) {
  size_t size = table.first.size();
  for (size_t i = 0; i < size; ++i) {
    const uint8_t *pixel =
        input + static_cast<size_t>(table.first[i]) * Channels;
    const int32_t *weights = table.weights.data() + i * table.taps;
    int32_t sums[Channels];
    std::fill(sums, sums + Channels, half);
    for (int t = 0; t < table.count[i]; ++t)
      for (int c = 0; c < Channels; ++c)
        sums[c] += pixel[t * Channels + c] * weights[t];
    for (int c = 0; c < Channels; ++c)
      output[i * Channels + c] = clip(sums[c]);
  }
}

/// One output row from the rows of `input` that `first` and `count` name. The
/// sums of a stretch of bytes stay in registers or first-level cache, and the
/// inner loop runs along the row.
static void mixRows(const ImageView &input, int first, int count,
                    const int32_t *weights, uint8_t *output) {
  constexpr size_t stretch = 128;
  size_t bytes = static_cast<size_t>(input.width) * input.channels;
  for (size_t at = 0; at < bytes; at += stretch) {
    int32_t sums[stretch];
    size_t length = std::min(stretch, bytes - at);
    std::fill(sums, sums + length, half);
    for (int t = 0; t < count; ++t) {
      const uint8_t *row = input.row(first + t) + at;
      int32_t weight = weights[t];
      for (size_t x = 0; x < length; ++x)
        sums[x] += row[x] * weight;
    }
    for (size_t x = 0; x < length; ++x)
      output[at + x] = clip(sums[x]);
  }
}

/// The horizontal pass over `input`, whose output positions `begin` on are
/// wanted, into `rows`.
static ImageView resizeRows(const ImageView &input, int width, int begin,
                            int length, ResizeFilter filter,
                            ResizeScratch &scratch) {
  // A pass that keeps its size would multiply by one.
  if (width == input.width)
    return input.crop(begin, 0, length, input.height);
  makeTable(input.width, width, begin, length, filter, scratch.weights,
            scratch.horizontal);
  ImageView result = input;
  result.width = length;
  result.stride = static_cast<size_t>(length) * input.channels;
  scratch.rows.resize(result.stride * input.height);
  result.pixels = scratch.rows.data();
  auto *pass = input.channels == 1 ? resizeRow<1> : resizeRow<3>;
  for (int y = 0; y < input.height; ++y)
    pass(input.row(y), scratch.horizontal,
         scratch.rows.data() + result.stride * y);
  return result;
}

void resize(const ImageView &input, int width, int height, ResizeFilter filter,
            const ResizeWindow &window, ResizeScratch &scratch, Image &output) {
  output.width = window.width;
  output.height = window.height;
  output.channels = input.channels;
  output.pixels.resize(output.stride() * output.height);
  if (height == input.height) {
    ImageView rows =
        resizeRows(input.crop(0, window.top, input.width, window.height), width,
                   window.left, window.width, filter, scratch);
    for (int y = 0; y < output.height; ++y)
      std::copy_n(rows.row(y), output.stride(), output.row(y));
    return;
  }
  ResizeTable &table = scratch.vertical;
  makeTable(input.height, height, window.top, window.height, filter,
            scratch.weights, table);
  int first = table.first.front();
  int last = table.first.back() + table.count.back();
  ImageView rows =
      resizeRows(input.crop(0, first, input.width, last - first), width,
                 window.left, window.width, filter, scratch);
  for (int y = 0; y < output.height; ++y)
    mixRows(rows, table.first[y] - first, table.count[y],
            table.weights.data() + static_cast<size_t>(y) * table.taps,
            output.row(y));
}

} // namespace bcssl
