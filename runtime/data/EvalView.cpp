//===- EvalView.cpp - resize, cut, normalise ------------------------------===//

#include "runtime/data/EvalView.h"

#include "runtime/data/Normalise.h"

#include <algorithm>
#include <cmath>

namespace bcssl {

EvalOptions evalOptionsFor(const AugmentOptions &options) {
  EvalOptions eval;
  eval.channels = options.channels;
  eval.size = options.globalSize;
  eval.mean = options.mean;
  eval.deviation = options.deviation;
  bool whole = options.preset == AugmentPreset::Mild;
  eval.pad = whole ? options.pad : 0;
  eval.shortSide =
      whole ? 0
            : static_cast<int>(std::lround(options.globalSize * 256.0 / 224));
  return eval;
}

Status checkEvalOptions(const EvalOptions &options) {
  auto wrong = [](const char *what) {
    return Error{ExitCode::Usage, "eval-options",
                 std::string("expects ") + what};
  };
  if (options.channels != 1 && options.channels != 3)
    return wrong("1 or 3 channels");
  if (options.size < 1 || options.size > 4096)
    return wrong("a view of 1 to 4096 pixels");
  if (options.shortSide != 0 &&
      (options.shortSide < options.size || options.shortSide > 8192))
    return wrong("a short side from the size of the view to 8192, or 0");
  if (options.pad < 0 || options.pad > 4096)
    return wrong("a padding of 0 to 4096 pixels");
  for (float value : options.deviation)
    if (!(value > 0))
      return wrong("positive standard deviations");
  return {};
}

/// torchvision's Resize(shortSide) and CenterCrop(size); only the middle is
/// computed, so that a long thin image costs no more than another.
static void cutMiddle(const EvalOptions &options, const Image &image,
                      AugmentScratch &scratch) {
  int64_t side = options.shortSide;
  bool wide = image.width > image.height;
  int64_t shorter = std::min(image.width, image.height);
  int64_t longer = std::max(image.width, image.height);
  int length = static_cast<int>(side * longer / shorter);
  int width = wide ? length : options.shortSide;
  int height = wide ? options.shortSide : length;
  // Python rounds halves to even.
  auto start = [&](int extent) {
    return static_cast<int>(std::nearbyint((extent - options.size) / 2.0));
  };
  resize(image, width, height, options.filter,
         {start(width), start(height), options.size, options.size},
         scratch.resize, scratch.image);
}

/// The whole image with a border of zeros, resized if it has another size.
static void padWhole(const EvalOptions &options, const Image &image,
                     AugmentScratch &scratch) {
  Image padded{image.width + 2 * options.pad, image.height + 2 * options.pad,
               image.channels};
  padded.pixels.assign(padded.stride() * padded.height, 0);
  for (int y = 0; y < image.height; ++y)
    std::copy_n(image.row(y), image.stride(),
                padded.row(y + options.pad) + options.pad * image.channels);
  resize(padded, options.size, options.size, options.filter, scratch.resize,
         scratch.image);
}

void makeEvalView(const EvalOptions &options, const Image &image,
                  AugmentScratch &scratch, std::span<float> out) {
  if (options.shortSide)
    cutMiddle(options, image, scratch);
  else
    padWhole(options, image, scratch);
  normalise(scratch.image, options.mean, options.deviation, out);
}

} // namespace bcssl
