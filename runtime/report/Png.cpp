//===- Png.cpp - pictures to files ----------------------------------------===//

#include "runtime/report/Png.h"

#include "runtime/base/AtomicFile.h"

#include <png.h>

namespace bcssl {

Status writePng(const std::string &path, const Canvas &canvas) {
  png_image image = {};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(canvas.width());
  image.height = static_cast<png_uint_32>(canvas.height());
  image.format = PNG_FORMAT_RGB;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
  std::vector<std::byte> bytes(size);
  if (!png_image_write_to_memory(&image, bytes.data(), &size,
                                 /*convert_to_8_bit=*/0, canvas.pixels().data(),
                                 /*row_stride=*/0,
                                 /*colormap=*/nullptr))
    return Error{ExitCode::Io, "png-write",
                 std::string("cannot encode the picture: ") + image.message,
                 path};
  return writeFileAtomically(path,
                             std::span<const std::byte>(bytes).first(size));
}

} // namespace bcssl
