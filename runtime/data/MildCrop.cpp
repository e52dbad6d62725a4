//===- MildCrop.cpp - separable sampling and float colour changes ---------===//

#include "runtime/data/MildCrop.h"

#include <algorithm>
#include <cmath>

namespace bcssl {

MildDraw drawMild(const AugmentOptions &options, int crop, Philox &random) {
  MildDraw draw;
  Range scale = options.scale(crop);
  float area = random.uniform(scale.low, scale.high);
  float logAspect = std::log(options.aspect);
  float aspect = std::exp(random.uniform(-logAspect, logAspect));
  draw.width = std::min(std::sqrt(area * aspect), 1.0f);
  draw.height = std::min(std::sqrt(area / aspect), 1.0f);
  draw.centerX = random.uniform(-1, 1) * (1 - draw.width);
  draw.centerY = random.uniform(-1, 1) * (1 - draw.height);
  draw.flip = random.uniform() < options.flip;
  bool jitter = random.uniform() < options.jitter;
  float brightness =
      random.uniform(1 - options.brightness, 1 + options.brightness);
  float contrast = random.uniform(1 - options.contrast, 1 + options.contrast);
  if (jitter) {
    draw.brightness = brightness;
    draw.contrast = contrast;
  }
  draw.blur = random.uniform() < options.blurProbability(crop);
  return draw;
}

/// Taps of all positions of an axis. `extent` is that of the padded image; the
/// coordinates are grid_sample's, whose reflection at the border only moves
/// points less than half a pixel outside, which then clamp to the edge.
static void makeTaps(int size, int extent, float span, float center,
                     std::vector<SampleTap> &taps) {
  taps.resize(static_cast<size_t>(size));
  for (int i = 0; i < size; ++i) {
    float grid = span * ((2 * i + 1) / static_cast<float>(size) - 1) + center;
    float at = ((grid + 1) * static_cast<float>(extent) - 1) / 2;
    at = std::clamp(at, 0.0f, static_cast<float>(extent - 1));
    int low = std::min(static_cast<int>(at), extent - 1);
    taps[i] = {low, std::min(low + 1, extent - 1),
               at - static_cast<float>(low)};
  }
}

/// One channel of the crop: along x for each row that is needed, then along y.
/// Pixel values become 0..1; rows of padding are never read.
static void sample(const Image &image, int channel, int pad,
                   const std::vector<SampleTap> &across,
                   const std::vector<SampleTap> &down, std::vector<float> &line,
                   std::vector<float> &rows, float *out) {
  size_t size = across.size();
  int padded = image.width + 2 * pad;
  line.assign(static_cast<size_t>(padded), 0.0f);
  int first = down.front().low, last = down.back().high;
  rows.resize(static_cast<size_t>(last - first + 1) * size);
  for (int y = first; y <= last; ++y) {
    float *row = rows.data() + static_cast<size_t>(y - first) * size;
    if (y < pad || y >= image.height + pad) {
      std::fill(row, row + size, 0.0f);
      continue;
    }
    const uint8_t *source = image.row(y - pad) + channel;
    for (int x = 0; x < image.width; ++x)
      line[static_cast<size_t>(x + pad)] =
          static_cast<float>(source[x * image.channels]) * (1.0f / 255.0f);
    for (size_t x = 0; x < size; ++x) {
      const SampleTap &tap = across[x];
      float low = line[static_cast<size_t>(tap.low)];
      row[x] = low + tap.fraction * (line[static_cast<size_t>(tap.high)] - low);
    }
  }
  for (size_t y = 0; y < size; ++y) {
    const float *low = rows.data() + (down[y].low - first) * size;
    const float *high = rows.data() + (down[y].high - first) * size;
    float fraction = down[y].fraction;
    for (size_t x = 0; x < size; ++x)
      out[y * size + x] = low[x] + fraction * (high[x] - low[x]);
  }
}

/// Sum in a fixed order that the compiler can vectorise.
static float sum(const std::vector<float> &values) {
  constexpr size_t lanes = 16;
  float partial[lanes] = {};
  size_t count = values.size() / lanes * lanes;
  for (size_t i = 0; i < count; i += lanes)
    for (size_t lane = 0; lane < lanes; ++lane)
      partial[lane] += values[i + lane];
  float total = 0;
  for (float value : partial)
    total += value;
  for (size_t i = count; i < values.size(); ++i)
    total += values[i];
  return total;
}

static float unit(float value) { return std::min(std::max(value, 0.0f), 1.0f); }

/// Mean over 3x3 pixels; the row and column beyond the border are the second
/// ones from it (reflection).
static void boxBlur(std::vector<float> &plane, int size,
                    std::vector<float> &sums) {
  size_t n = static_cast<size_t>(size);
  sums.resize(plane.size());
  for (size_t y = 0; y < n; ++y) {
    const float *middle = plane.data() + y * n;
    const float *above = plane.data() + (y == 0 ? 1 : y - 1) * n;
    const float *below = plane.data() + (y + 1 == n ? n - 2 : y + 1) * n;
    for (size_t x = 0; x < n; ++x)
      sums[y * n + x] = above[x] + middle[x] + below[x];
  }
  for (size_t y = 0; y < n; ++y) {
    const float *row = sums.data() + y * n;
    float *out = plane.data() + y * n;
    out[0] = (row[0] + 2 * row[1]) * (1.0f / 9.0f);
    out[n - 1] = (row[n - 1] + 2 * row[n - 2]) * (1.0f / 9.0f);
    for (size_t x = 1; x + 1 < n; ++x)
      out[x] = (row[x - 1] + row[x] + row[x + 1]) * (1.0f / 9.0f);
  }
}

void applyMild(const AugmentOptions &options, const Image &image,
               const MildDraw &draw, int size, AugmentScratch &scratch,
               std::span<float> out) {
  std::vector<SampleTap> &across = scratch.across, &down = scratch.down;
  makeTaps(size, image.width + 2 * options.pad,
           draw.flip ? -draw.width : draw.width, draw.centerX, across);
  makeTaps(size, image.height + 2 * options.pad, draw.height, draw.centerY,
           down);
  int channels = options.channels;
  size_t area = static_cast<size_t>(size) * size;
  float total = 0;
  for (int c = 0; c < channels; ++c) {
    std::vector<float> &plane = scratch.planes[static_cast<size_t>(c)];
    plane.resize(area);
    sample(image, c, options.pad, across, down, scratch.line, scratch.rows,
           plane.data());
    for (float &value : plane)
      value = unit(value * draw.brightness);
    total += sum(plane);
  }
  float mean = total / static_cast<float>(area * channels);
  for (int c = 0; c < channels; ++c) {
    std::vector<float> &plane = scratch.planes[static_cast<size_t>(c)];
    for (float &value : plane)
      value = unit((value - mean) * draw.contrast + mean);
    if (draw.blur)
      boxBlur(plane, size, scratch.rows);
    float shift = options.mean[static_cast<size_t>(c)];
    float factor = 1.0f / options.deviation[static_cast<size_t>(c)];
    for (size_t i = 0; i < area; ++i)
      out[i * channels + c] = (plane[i] - shift) * factor;
  }
}

} // namespace bcssl
