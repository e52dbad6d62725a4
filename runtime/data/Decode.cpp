//===- Decode.cpp - the first bytes decide --------------------------------===//

#include "runtime/data/Decode.h"

#include "runtime/base/ReadFile.h"
#include "runtime/data/ColorOps.h"
#include "runtime/data/ImageBuffer.h"
#include "runtime/data/Jpeg.h"
#include "runtime/data/Png.h"

#include <new>

namespace bcssl {

Error outOfImageMemory(const std::string &name) {
  return {ExitCode::NoResource, "out-of-memory", "no memory for the image",
          name};
}

Status allocatePixels(Image &image, const DecodeLimits &limits,
                      const std::string &name) {
  uint64_t pixels =
      static_cast<uint64_t>(image.width) * static_cast<uint64_t>(image.height);
  if (image.width < 1 || image.height < 1 || image.width > mostImageSide ||
      image.height > mostImageSide || pixels > limits.pixels)
    return Error{ExitCode::BadData, "image-pixels",
                 "the image has " + std::to_string(image.width) + " x " +
                     std::to_string(image.height) + " pixels, the limit is " +
                     std::to_string(limits.pixels) + " and 65535 a side",
                 name};
  image.pixels.resize(pixels * static_cast<uint64_t>(image.channels));
  return {};
}

Result<Image> decodeImage(std::span<const uint8_t> file,
                          const std::string &name, const DecodeLimits &limits) {
  try {
    if (isPng(file))
      return decodePng(file, name, limits);
    if (isJpeg(file))
      return decodeJpeg(file, name, limits);
  } catch (const std::bad_alloc &) {
    return outOfImageMemory(name);
  }
  return Error{ExitCode::BadData,
               "image-format",
               file.empty() ? "the file is empty"
                            : "the content is neither PNG nor JPEG",
               name,
               0,
               "convert the image or remove the file"};
}

Result<Image> readImage(const std::string &path, const DecodeLimits &limits) {
  try {
    BCSSL_ASSIGN_OR_RETURN(bytes, readFile(path, limits.fileBytes));
    return decodeImage(
        {reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size()}, path,
        limits);
  } catch (const std::bad_alloc &) {
    return outOfImageMemory(path);
  }
}

Image withChannels(Image image, int channels) {
  if (image.channels == channels)
    return image;
  Image result{image.width, image.height, channels};
  size_t count = static_cast<size_t>(image.width) * image.height;
  result.pixels.resize(count * channels);
  for (size_t i = 0; i < count; ++i)
    if (channels == 1)
      result.pixels[i] = luma(image.pixels.data() + 3 * i);
    else
      for (int c = 0; c < 3; ++c)
        result.pixels[3 * i + c] = image.pixels[i];
  return result;
}

} // namespace bcssl
