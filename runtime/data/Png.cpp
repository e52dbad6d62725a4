//===- Png.cpp - libpng behind Result -------------------------------------===//
//
// libpng reports errors by longjmp. It is called in steps, each a plain
// function without destructors on its stack; runStep() is the only place that
// can be jumped back to, and everything with a destructor lives outside.
//
//===----------------------------------------------------------------------===//

#include "runtime/data/Png.h"

#include "runtime/data/ImageBuffer.h"

#include <algorithm>
#include <csetjmp>
#include <cstring>
#include <png.h>

namespace bcssl {

namespace {

struct PngState {
  png_structp png = nullptr;
  png_infop info = nullptr;
  std::span<const uint8_t> file;
  size_t position = 0;
  bool truncated = false;
  char message[128] = {};
  Image image; ///< sides and channels after the header

  ~PngState() { png_destroy_read_struct(&png, &info, nullptr); }
};

} // namespace

static void onError(png_structp png, png_const_charp message) {
  auto *state = static_cast<PngState *>(png_get_error_ptr(png));
  std::strncpy(state->message, message, sizeof(state->message) - 1);
  png_longjmp(png, 1);
}

/// What libpng only warns about cannot change pixels here: benign errors are
/// made fatal and all chunks that are not needed are skipped.
static void onWarning(png_structp, png_const_charp) {}

static void onRead(png_structp png, png_bytep out, size_t length) {
  auto *state = static_cast<PngState *>(png_get_io_ptr(png));
  if (state->file.size() - state->position < length) {
    state->position = state->file.size();
    state->truncated = true;
    png_error(png, "the file ends too early");
  }
  std::memcpy(out, state->file.data() + state->position, length);
  state->position += length;
}

/// Runs one step; false if libpng failed in it.
__attribute__((noinline)) static bool runStep(PngState &state,
                                              void (*step)(PngState &)) {
  if (setjmp(png_jmpbuf(state.png)))
    return false;
  step(state);
  return true;
}

static void readHeader(PngState &state) {
  png_structp png = state.png;
  png_set_read_fn(png, &state, onRead);
  png_set_crc_action(png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
  png_set_benign_errors(png, 0);
  png_set_user_limits(png, mostImageSide, mostImageSide);
  png_set_chunk_cache_max(png, 128);
  png_set_chunk_malloc_max(png, 4 << 20);
  // Texts, profiles and the like are never unpacked, nor is transparency read.
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
  static const png_byte transparency[] = "tRNS";
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, transparency, 1);
  png_read_info(png, state.info);

  int type = png_get_color_type(png, state.info);
  png_set_strip_16(png);
  png_set_strip_alpha(png);
  if (type == PNG_COLOR_TYPE_PALETTE)
    png_set_palette_to_rgb(png);
  if (type == PNG_COLOR_TYPE_GRAY)
    png_set_expand_gray_1_2_4_to_8(png);
  state.image.width = static_cast<int>(png_get_image_width(png, state.info));
  state.image.height = static_cast<int>(png_get_image_height(png, state.info));
  state.image.channels = (type & PNG_COLOR_MASK_COLOR) ? 3 : 1;
}

static void readPixels(PngState &state) {
  png_structp png = state.png;
  int passes = png_set_interlace_handling(png);
  png_read_update_info(png, state.info);
  if (png_get_rowbytes(png, state.info) != state.image.stride())
    png_error(png, "unexpected row size");
  for (int pass = 0; pass < passes; ++pass)
    for (int y = 0; y < state.image.height; ++y)
      png_read_row(png, state.image.row(y), nullptr);
  png_read_end(png, nullptr);
}

bool isPng(std::span<const uint8_t> file) {
  static constexpr uint8_t magic[] = {0x89, 'P',  'N',  'G',
                                      '\r', '\n', 0x1a, '\n'};
  return file.size() >= 8 && std::equal(magic, magic + 8, file.begin());
}

Result<Image> decodePng(std::span<const uint8_t> file, const std::string &name,
                        const DecodeLimits &limits) {
  PngState state;
  state.file = file;
  state.png =
      png_create_read_struct(PNG_LIBPNG_VER_STRING, &state, onError, onWarning);
  if (state.png)
    state.info = png_create_info_struct(state.png);
  if (!state.info)
    return outOfImageMemory(name);
  auto failure = [&] {
    return Error{
        ExitCode::BadData, state.truncated ? "png-truncated" : "png-corrupt",
        std::string("not a sound PNG: ") + state.message, name, state.position};
  };
  if (!runStep(state, readHeader))
    return failure();
  BCSSL_RETURN_IF_ERROR(allocatePixels(state.image, limits, name));
  if (!runStep(state, readPixels))
    return failure();
  return std::move(state.image);
}

} // namespace bcssl
