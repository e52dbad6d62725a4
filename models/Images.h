//===- Images.h - how a step takes its images -------------------*- C++ -*-===//

#ifndef BCSSL_MODELS_IMAGES_H
#define BCSSL_MODELS_IMAGES_H

#include "frontend/Dsl.h"

#include <utility>

namespace bcssl::models {

using namespace bcssl::frontend;

/// F32: normalised by the caller. U8: bytes that the step normalises itself, to
/// (value / 255 - mean) / deviation with every operation rounded to f32, by the
/// inputs "images.mean" and "images.deviation". Those hold one number a
/// channel, over and over until they are full.
enum class ImageType { F32, U8 };

/// A name and [images, height, width, channels].
using ImageInput = std::pair<std::string, Shape>;

/// The inputs of a program that are images, normalised. They have equally many
/// channels.
std::vector<Tensor> imageInputs(Program &program, ImageType type,
                                const std::vector<ImageInput> &inputs,
                                Where where = Where::current());

} // namespace bcssl::models

#endif // BCSSL_MODELS_IMAGES_H
