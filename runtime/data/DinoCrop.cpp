//===- DinoCrop.cpp - draws as torchvision, pixels as Pillow --------------===//

#include "runtime/data/DinoCrop.h"

#include "runtime/data/Blur.h"
#include "runtime/data/ColorOps.h"

#include <algorithm>
#include <cmath>

namespace bcssl {

/// A whole number from 0 to `count` - 1. The bias of the multiplication is
/// below count / 2^32.
static int below(Philox &random, int count) {
  return static_cast<int>(
      uint64_t{random.bits()} * static_cast<uint32_t>(count) >> 32);
}

/// RandomResizedCrop.get_params: ten tries, then the largest central crop with
/// an aspect ratio in the range.
static void drawBox(const AugmentOptions &options, Range scale, int width,
                    int height, Philox &random, DinoDraw &draw) {
  double area = static_cast<double>(width) * height;
  float logAspect = std::log(options.aspect);
  for (int attempt = 0; attempt < 10; ++attempt) {
    double target = area * random.uniform(scale.low, scale.high);
    double aspect = std::exp(random.uniform(-logAspect, logAspect));
    double w = std::nearbyint(std::sqrt(target * aspect));
    double h = std::nearbyint(std::sqrt(target / aspect));
    if (w < 1 || w > width || h < 1 || h > height)
      continue;
    draw.width = static_cast<int>(w);
    draw.height = static_cast<int>(h);
    draw.top = below(random, height - draw.height + 1);
    draw.left = below(random, width - draw.width + 1);
    return;
  }
  double aspect = static_cast<double>(width) / height;
  double widest = options.aspect, narrowest = 1 / widest;
  draw.width = width;
  draw.height = height;
  if (aspect < narrowest)
    draw.height = static_cast<int>(std::nearbyint(width / narrowest));
  else if (aspect > widest)
    draw.width = static_cast<int>(std::nearbyint(height * widest));
  draw.top = (height - draw.height) / 2;
  draw.left = (width - draw.width) / 2;
}

static float around(Philox &random, float middle, float strength) {
  return random.uniform(middle - strength, middle + strength);
}

DinoDraw drawDino(const AugmentOptions &options, int crop, int width,
                  int height, Philox &random) {
  DinoDraw draw;
  drawBox(options, options.scale(crop), width, height, random, draw);
  draw.flip = random.uniform() < options.flip;
  draw.jitter = random.uniform() < options.jitter;
  for (int i = 3; i > 0; --i)
    std::swap(draw.order[i], draw.order[below(random, i + 1)]);
  draw.brightness = around(random, 1, options.brightness);
  draw.contrast = around(random, 1, options.contrast);
  draw.saturation = around(random, 1, options.saturation);
  draw.hue = around(random, 0, options.hue);
  draw.grey = random.uniform() < options.grey;
  bool blur = random.uniform() < options.blurProbability(crop);
  float radius =
      random.uniform(options.blurRadius.low, options.blurRadius.high);
  draw.blurRadius = blur ? radius : 0;
  // Drawn for each crop, so that what follows never depends on which it is.
  bool solarize = random.uniform() < options.solarize;
  draw.solarize = solarize && crop > 0 && options.isGlobal(crop);
  return draw;
}

static void jitter(const DinoDraw &draw, Image &image) {
  for (ColorChange change : draw.order)
    switch (change) {
    case ColorChange::Brightness:
      adjustBrightness(image, draw.brightness);
      break;
    case ColorChange::Contrast:
      adjustContrast(image, draw.contrast);
      break;
    case ColorChange::Saturation:
      adjustSaturation(image, draw.saturation);
      break;
    case ColorChange::Hue:
      adjustHue(image, draw.hue);
      break;
    }
}

void applyDino(const AugmentOptions &options, const Image &image,
               const DinoDraw &draw, int size, AugmentScratch &scratch) {
  Image &view = scratch.image;
  resize(ImageView(image).crop(draw.left, draw.top, draw.width, draw.height),
         size, size, options.filter, scratch.resize, view);
  if (draw.flip)
    flipHorizontally(view);
  if (draw.jitter)
    jitter(draw, view);
  if (draw.grey)
    makeGrey(view);
  gaussianBlur(view, draw.blurRadius, scratch.bytes);
  if (draw.solarize)
    solarize(view);
}

} // namespace bcssl
