//===- ColorOps.h - Pillow's colour changes on 8-bit images -----*- C++ -*-===//
//
// Each function changes an image in place and gives the bytes of the Pillow or
// torchvision call it names. Grey images stay grey: saturation and hue leave
// them as they are.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_RUNTIME_DATA_COLOROPS_H
#define BCSSL_RUNTIME_DATA_COLOROPS_H

#include "runtime/data/Image.h"

namespace bcssl {

/// ITU-R 601 luma in 16-bit fixed point: Pillow's RGB to "L".
inline uint8_t luma(const uint8_t *rgb) {
  return static_cast<uint8_t>(
      (rgb[0] * 19595 + rgb[1] * 38470 + rgb[2] * 7471 + 0x8000) >> 16);
}

/// ImageOps.mirror.
void flipHorizontally(Image &image);
/// ImageEnhance.Brightness(image).enhance(factor).
void adjustBrightness(Image &image, float factor);
/// ImageEnhance.Contrast(image).enhance(factor).
void adjustContrast(Image &image, float factor);
/// ImageEnhance.Color(image).enhance(factor).
void adjustSaturation(Image &image, float factor);
/// torchvision's adjust_hue; `shift` is -0.5 to 0.5 of the circle.
void adjustHue(Image &image, float shift);
/// image.convert("L"), then back to three channels.
void makeGrey(Image &image);
/// ImageOps.solarize(image, 128).
void solarize(Image &image);

} // namespace bcssl

#endif // BCSSL_RUNTIME_DATA_COLOROPS_H
