//===- resize.cpp - our resize for resize_pillow.py -----------------------===//
//
// Reads requests from standard input: a line "WIDTH HEIGHT CHANNELS NEW-WIDTH
// NEW-HEIGHT bilinear|bicubic" and the pixels; answers each with the pixels of
// the result.
//
//===----------------------------------------------------------------------===//

#include "runtime/data/Resize.h"

#include <cstdio>
#include <cstring>

using namespace bcssl;

int main() {
  Image image, result;
  int width, height;
  char filter[16];
  ResizeScratch scratch;
  // One byte ends the line; the next may be a pixel that looks like a blank.
  while (std::scanf("%d %d %d %d %d %15s", &image.width, &image.height,
                    &image.channels, &width, &height, filter) == 6) {
    std::getchar();
    image.pixels.resize(image.stride() * static_cast<size_t>(image.height));
    if (std::fread(image.pixels.data(), 1, image.pixels.size(), stdin) !=
        image.pixels.size())
      return 1;
    resize(image, width, height,
           std::strcmp(filter, "bicubic") == 0 ? ResizeFilter::Bicubic
                                               : ResizeFilter::Bilinear,
           scratch, result);
    std::fwrite(result.pixels.data(), 1, result.pixels.size(), stdout);
  }
  return std::fflush(stdout) == 0 ? 0 : 1;
}
