//===- Resize.h - Pillow's antialiased resize -------------------*- C++ -*-===//
//
// Networks see what their training saw: the resize is Pillow's (Image.resize
// with BICUBIC or BILINEAR), bit for bit: that of 10.4.0 and 12.0.0, held by
// test/peers/resize_pillow.py; 13.0.0 rounds otherwise. Two passes, horizontal
// then vertical; each output pixel is a weighted sum over a window that widens
// with the scale; weights are rounded to 22-bit fixed point and each pass
// rounds to 8 bits.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_RUNTIME_DATA_RESIZE_H
#define BCSSL_RUNTIME_DATA_RESIZE_H

#include "runtime/data/Image.h"

#include <cstdint>
#include <vector>

namespace bcssl {

enum class ResizeFilter {
  Bilinear, ///< triangle, support 1
  Bicubic,  ///< Keys' cubic with a = -0.5, support 2
};

/// A rectangle of the output.
struct ResizeWindow {
  int left = 0;
  int top = 0;
  int width = 0;
  int height = 0;
};

/// For each wanted output position of one axis: the first input position, the
/// number of taps and their weights.
struct ResizeTable {
  int taps = 0; ///< room per output position
  std::vector<int> first;
  std::vector<int> count;
  std::vector<int32_t> weights; ///< [positions, taps], 1.0 is 1 << 22
};

/// Buffers that are reused from image to image; one per thread.
struct ResizeScratch {
  ResizeTable horizontal;
  ResizeTable vertical;
  std::vector<uint8_t> rows;
  std::vector<double> weights;
};

/// Resizes `input` to `width` by `height` and writes the pixels of `window` to
/// `output`, whose storage is reused; the rest is not computed. All sides are
/// at least 1 and the window lies inside. The whole of `input` is the box, so a
/// resized crop is `resize(view.crop(...))`, as torchvision does it.
void resize(const ImageView &input, int width, int height, ResizeFilter filter,
            const ResizeWindow &window, ResizeScratch &scratch, Image &output);

/// The same with the whole output as window.
inline void resize(const ImageView &input, int width, int height,
                   ResizeFilter filter, ResizeScratch &scratch, Image &output) {
  resize(input, width, height, filter, {0, 0, width, height}, scratch, output);
}

} // namespace bcssl

#endif // BCSSL_RUNTIME_DATA_RESIZE_H
