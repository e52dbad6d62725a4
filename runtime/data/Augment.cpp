//===- Augment.cpp - presets, checks, dispatch ----------------------------===//

#include "runtime/data/Augment.h"

#include "runtime/data/DinoCrop.h"
#include "runtime/data/MildCrop.h"
#include "runtime/data/Normalise.h"

#include <algorithm>

namespace bcssl {

/// The draws of this file are told from others by this word ("AUGM").
static constexpr uint32_t augmentStream = 0x4155474d;

/// More crops than this would not fit beside the epoch in the draws' counter.
static constexpr int mostCrops = 256;

AugmentOptions mildAugmentOptions() {
  AugmentOptions options;
  options.preset = AugmentPreset::Mild;
  options.channels = 1;
  options.localCrops = 2;
  options.globalSize = 32;
  options.localSize = 16;
  options.globalScale = {0.6f, 1.0f};
  options.localScale = {0.3f, 0.6f};
  options.pad = 2;
  options.blur = {0.5f, 0.1f, 0.5f};
  options.mean = {0.2860f, 0.2860f, 0.2860f};
  options.deviation = {0.3530f, 0.3530f, 0.3530f};
  return options;
}

static Error wrong(const std::string &what) {
  return {ExitCode::Usage, "augment-options", "expects " + what};
}

// Written so that a NaN is refused as well.
static bool isProbability(float value) { return value >= 0 && value <= 1; }
static bool isScale(Range range) {
  return range.low > 0 && range.low <= range.high && range.high <= 1;
}

Status checkAugmentOptions(const AugmentOptions &options) {
  if (options.channels != 1 && options.channels != 3)
    return wrong("1 or 3 channels, got " + std::to_string(options.channels));
  if (options.globalCrops < 1 || options.localCrops < 0 ||
      options.globalCrops > mostCrops || options.localCrops > mostCrops ||
      options.crops() > mostCrops)
    return wrong("1 to 256 crops, at least one of them global");
  for (int size : {options.globalSize, options.localSize})
    if (size < 2 || size > 4096)
      return wrong("crops of 2 to 4096 pixels, got " + std::to_string(size));
  if (options.pad < 0 || options.pad > 4096)
    return wrong("a padding of 0 to 4096 pixels, got " +
                 std::to_string(options.pad));
  if (!isScale(options.globalScale) || !isScale(options.localScale))
    return wrong("crop scales with 0 < low <= high <= 1");
  if (!(options.aspect >= 1 && options.aspect <= 100))
    return wrong("an aspect ratio of 1 to 100");
  for (float value :
       {options.flip, options.jitter, options.grey, options.solarize,
        options.blur[0], options.blur[1], options.blur[2]})
    if (!isProbability(value))
      return wrong("probabilities from 0 to 1, got " + std::to_string(value));
  for (float value : {options.brightness, options.contrast, options.saturation})
    if (!isProbability(value))
      return wrong("colour strengths from 0 to 1, got " +
                   std::to_string(value));
  if (!(options.hue >= 0 && options.hue <= 0.5f))
    return wrong("a hue strength from 0 to 0.5, got " +
                 std::to_string(options.hue));
  if (!(options.blurRadius.low >= 0 &&
        options.blurRadius.low <= options.blurRadius.high &&
        options.blurRadius.high <= 100))
    return wrong("blur radii with 0 <= low <= high <= 100");
  for (float value : options.deviation)
    if (!(value > 0))
      return wrong("positive standard deviations, got " +
                   std::to_string(value));
  return {};
}

Status checkByteCrops(const AugmentOptions &options) {
  if (options.preset == AugmentPreset::Dino)
    return {};
  return Error{ExitCode::Usage,
               "augment-bytes",
               "the program takes images as bytes, and mild crops are floats",
               {},
               {},
               "compile with --image-type=f32, or use --augment=dino"};
}

static Philox drawsOf(const CropKey &key) {
  uint32_t epochAndCrop = static_cast<uint32_t>(key.epoch) * mostCrops +
                          static_cast<uint32_t>(key.crop);
  return {key.seed, augmentStream, static_cast<uint32_t>(key.index),
          epochAndCrop};
}

/// The crop of the preset Dino, which lies in the scratch.
static const Image &dinoCrop(const AugmentOptions &options, const Image &image,
                             const CropKey &key, AugmentScratch &scratch) {
  Philox random = drawsOf(key);
  applyDino(options, image,
            drawDino(options, key.crop, image.width, image.height, random),
            options.size(key.crop), scratch);
  return scratch.image;
}

void makeCrop(const AugmentOptions &options, const Image &image,
              const CropKey &key, AugmentScratch &scratch,
              std::span<float> out) {
  if (options.preset == AugmentPreset::Dino)
    return normalise(dinoCrop(options, image, key, scratch), options.mean,
                     options.deviation, out);
  Philox random = drawsOf(key);
  applyMild(options, image, drawMild(options, key.crop, random),
            options.size(key.crop), scratch, out);
}

void makeByteCrop(const AugmentOptions &options, const Image &image,
                  const CropKey &key, AugmentScratch &scratch,
                  std::span<uint8_t> out) {
  std::ranges::copy(dinoCrop(options, image, key, scratch).pixels, out.data());
}

} // namespace bcssl
