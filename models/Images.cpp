//===- Images.cpp - how a step takes its images ---------------------------===//

#include "models/Images.h"

#include <numeric>

using namespace bcssl::models;

namespace {

/// Pixels that are normalised as one row where that comes out even: a row of
/// three channels alone would leave most of a vector empty.
constexpr int64_t kRowPixels = 32;

} // namespace

std::vector<Tensor>
bcssl::models::imageInputs(Program &program, ImageType type,
                           const std::vector<ImageInput> &inputs, Where where) {
  std::vector<Tensor> images;
  int64_t channels = inputs.front().second.back(), pixels = kRowPixels;
  for (const auto &[name, shape] : inputs) {
    bool bytes = type == ImageType::U8;
    ElementType element = bytes ? ElementType::U8 : ElementType::F32;
    images.push_back(program.input(name, shape, element, where));
    pixels = std::gcd(pixels, images.back().type().elements() / channels);
  }
  if (type == ImageType::F32)
    return images;
  Shape row = {pixels * channels};
  Tensor mean = program.input("images.mean", row, ElementType::F32, where);
  Tensor deviation =
      program.input("images.deviation", row, ElementType::F32, where);
  for (Tensor &image : images) {
    int64_t rows = image.type().elements() / row.front();
    Tensor values = toFloat(reshape(image, {rows, row.front()}, where), where);
    values = (Located(values, where) / 255.0 - mean) / deviation;
    image = reshape(values, image.shape(), where);
  }
  return images;
}
