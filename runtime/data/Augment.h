//===- Augment.h - random crops of an image ---------------------*- C++ -*-===//
//
// The views that self-supervised training compares. Each crop is a pure
// function of (image, options, seed, epoch, index, crop number): the draws are
// counter-based, so threads and restarts change nothing.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_RUNTIME_DATA_AUGMENT_H
#define BCSSL_RUNTIME_DATA_AUGMENT_H

#include "runtime/base/Status.h"
#include "runtime/data/Image.h"
#include "runtime/data/Resize.h"

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace bcssl {

/// How crops are made.
enum class AugmentPreset {
  Dino, ///< DINO's multi-crop in 8 bits, as Pillow and torchvision do it
  Mild, ///< a float pipeline for small images: bilinear crop, flip,
        ///< brightness, contrast, 3x3 box blur
};

/// A closed range that a value is drawn from uniformly.
struct Range {
  float low;
  float high;
};

/// The defaults are DINO's for ImageNet.
struct AugmentOptions {
  AugmentPreset preset = AugmentPreset::Dino;
  int channels = 3; ///< of the crops, 1 or 3; images are converted
  int globalCrops = 2;
  int localCrops = 8;
  int globalSize = 224; ///< side in pixels
  int localSize = 96;
  Range globalScale{0.4f, 1.0f}; ///< area of the crop over that of the image
  Range localScale{0.05f, 0.4f};
  float aspect = 4.0f / 3.0f; ///< log-uniform in [1/aspect, aspect]
  ResizeFilter filter = ResizeFilter::Bicubic; ///< Dino only
  int pad = 0; ///< Mild only: zero pixels put around the image first
  float flip = 0.5f;
  float jitter = 0.8f; ///< probability of the colour changes below
  float brightness = 0.4f;
  float contrast = 0.4f;
  float saturation = 0.2f; ///< Dino only, as are hue and grey
  float hue = 0.1f;
  float grey = 0.2f;
  /// Probability of blur for the first global crop, the other global ones and
  /// the local ones.
  std::array<float, 3> blur{1.0f, 0.1f, 0.5f};
  Range blurRadius{0.1f, 2.0f}; ///< Dino only; Mild blurs by a 3x3 box
  float solarize = 0.2f;        ///< Dino only; all global crops but the first
  std::array<float, 3> mean{0.485f, 0.456f, 0.406f};
  std::array<float, 3> deviation{0.229f, 0.224f, 0.225f};

  int crops() const { return globalCrops + localCrops; }
  bool isGlobal(int crop) const { return crop < globalCrops; }
  int size(int crop) const { return isGlobal(crop) ? globalSize : localSize; }
  Range scale(int crop) const {
    return isGlobal(crop) ? globalScale : localScale;
  }
  float blurProbability(int crop) const {
    return blur[crop == 0 ? 0 : isGlobal(crop) ? 1 : 2];
  }
  /// Values of one crop: size * size * channels.
  size_t cropElements(int crop) const {
    return static_cast<size_t>(size(crop)) * size(crop) * channels;
  }
};

/// The quick recipe for small grey images (Fashion-MNIST): 2 crops of 32 and 2
/// of 16 pixels from the image padded by 2, mild changes.
AugmentOptions mildAugmentOptions();

/// Errors (Usage): "augment-options", naming the value that makes no sense.
Status checkAugmentOptions(const AugmentOptions &options);

/// Errors (Usage): "augment-bytes" where crops are no bytes before they are
/// normalised.
Status checkByteCrops(const AugmentOptions &options);

/// Where one output position of bilinear sampling reads along one axis.
struct SampleTap {
  int low;
  int high;
  float fraction; ///< weight of high; low has the rest
};

/// Buffers that are reused from crop to crop; one per thread.
struct AugmentScratch {
  // Dino
  ResizeScratch resize;
  Image image;
  std::vector<uint8_t> bytes;
  // Mild
  std::vector<SampleTap> across;
  std::vector<SampleTap> down;
  std::vector<float> line;
  std::vector<float> rows;
  std::array<std::vector<float>, 3> planes;
};

/// What the draws of a crop are keyed by.
struct CropKey {
  uint64_t seed = 0;
  int64_t epoch = 0;
  int64_t index = 0; ///< of the image in the data set
  int crop = 0;      ///< global crops first
};

/// Writes crop `key.crop` of `image` to `out`: float32 [size, size, channels],
/// (value / 255 - mean) / deviation. `image` has `options.channels` channels
/// and at least one pixel; `options` have been checked.
void makeCrop(const AugmentOptions &options, const Image &image,
              const CropKey &key, AugmentScratch &scratch,
              std::span<float> out);

/// The same in 8 bits, before it is normalised; of the preset Dino only.
void makeByteCrop(const AugmentOptions &options, const Image &image,
                  const CropKey &key, AugmentScratch &scratch,
                  std::span<uint8_t> out);

} // namespace bcssl

#endif // BCSSL_RUNTIME_DATA_AUGMENT_H
