//===- Conv.cpp - plain loops of the convolutions -------------------------===//

#include "test/reference/Loops.h"

namespace bcssl::reference {

namespace {

/// Calls `visit(n, h, w, i, j, c, y, x)` for each output position (h,w) and
/// tap (i,j) whose input position (y,x) lies on the map.
template <typename Visit>
void forEachTap(const Shape &map, int64_t kernelHeight, int64_t kernelWidth,
                Visit visit) {
  for (int64_t n = 0; n < map[0]; ++n)
    for (int64_t h = 0; h < map[1]; ++h)
      for (int64_t w = 0; w < map[2]; ++w)
        for (int64_t i = 0; i < kernelHeight; ++i)
          for (int64_t j = 0; j < kernelWidth; ++j) {
            int64_t y = h + i - kernelHeight / 2;
            int64_t x = w + j - kernelWidth / 2;
            if (y < 0 || y >= map[1] || x < 0 || x >= map[2])
              continue;
            for (int64_t c = 0; c < map[3]; ++c)
              visit(n, h, w, i, j, c, y, x);
          }
}

} // namespace

Tensor depthwiseConv2d(const Tensor &input, const Tensor &filter) {
  Tensor output(input.shape);
  forEachTap(
      input.shape, filter.shape[0], filter.shape[1],
      [&](auto n, auto h, auto w, auto i, auto j, auto c, auto y, auto x) {
        output(n, h, w, c) += input(n, y, x, c) * filter(i, j, c);
      });
  return output;
}

Tensor depthwiseConv2dInputGrad(const Tensor &outputGrad,
                                const Tensor &filter) {
  Tensor inputGrad(outputGrad.shape);
  forEachTap(
      outputGrad.shape, filter.shape[0], filter.shape[1],
      [&](auto n, auto h, auto w, auto i, auto j, auto c, auto y, auto x) {
        inputGrad(n, y, x, c) += outputGrad(n, h, w, c) * filter(i, j, c);
      });
  return inputGrad;
}

Tensor depthwiseConv2dFilterGrad(const Tensor &input, const Tensor &outputGrad,
                                 int64_t kernelHeight, int64_t kernelWidth) {
  Tensor filterGrad({kernelHeight, kernelWidth, input.shape[3]});
  forEachTap(
      input.shape, kernelHeight, kernelWidth,
      [&](auto n, auto h, auto w, auto i, auto j, auto c, auto y, auto x) {
        filterGrad(i, j, c) += outputGrad(n, h, w, c) * input(n, y, x, c);
      });
  return filterGrad;
}

Tensor patchifyConv2d(const Tensor &input, const Tensor &filter,
                      const Tensor *bias) {
  int64_t patch = filter.shape[1];
  Tensor output({input.shape[0], input.shape[1] / patch, input.shape[2] / patch,
                 filter.shape[0]});
  for (int64_t n = 0; n < output.shape[0]; ++n)
    for (int64_t h = 0; h < output.shape[1]; ++h)
      for (int64_t w = 0; w < output.shape[2]; ++w)
        for (int64_t o = 0; o < output.shape[3]; ++o) {
          double sum = bias ? (*bias)(o) : 0;
          for (int64_t i = 0; i < patch; ++i)
            for (int64_t j = 0; j < patch; ++j)
              for (int64_t c = 0; c < input.shape[3]; ++c)
                sum += input(n, h * patch + i, w * patch + j, c) *
                       filter(o, i, j, c);
          output(n, h, w, o) = sum;
        }
  return output;
}

Tensor spaceToDepth(const Tensor &input, int64_t block) {
  int64_t channels = input.shape[3];
  Tensor output({input.shape[0], input.shape[1] / block, input.shape[2] / block,
                 block * block * channels});
  for (int64_t n = 0; n < input.shape[0]; ++n)
    for (int64_t y = 0; y < input.shape[1]; ++y)
      for (int64_t x = 0; x < input.shape[2]; ++x)
        for (int64_t c = 0; c < channels; ++c)
          output(n, y / block, x / block,
                 (y % block * block + x % block) * channels + c) =
              input(n, y, x, c);
  return output;
}

Tensor depthToSpace(const Tensor &input, int64_t block) {
  int64_t channels = input.shape[3] / (block * block);
  Tensor output({input.shape[0], input.shape[1] * block, input.shape[2] * block,
                 channels});
  for (int64_t n = 0; n < input.shape[0]; ++n)
    for (int64_t h = 0; h < input.shape[1]; ++h)
      for (int64_t w = 0; w < input.shape[2]; ++w)
        for (int64_t i = 0; i < block; ++i)
          for (int64_t j = 0; j < block; ++j)
            for (int64_t c = 0; c < channels; ++c)
              output(n, h * block + i, w * block + j, c) =
                  input(n, h, w, (i * block + j) * channels + c);
  return output;
}

} // namespace bcssl::reference
