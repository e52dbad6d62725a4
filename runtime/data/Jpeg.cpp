//===- Jpeg.cpp - libjpeg-turbo behind Result -----------------------------===//
//
// libjpeg reports errors by a callback that must not return. It is called in
// steps, each a plain function without destructors on its stack; runStep() is
// the only place that can be jumped back to, and everything with a destructor
// lives outside.
//
//===----------------------------------------------------------------------===//

#include "runtime/data/Jpeg.h"

#include "runtime/data/ImageBuffer.h"

#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <jerror.h>
#include <jpeglib.h>

namespace bcssl {

namespace {

struct JpegState {
  jpeg_decompress_struct info = {};
  jpeg_error_mgr errors = {};
  jpeg_source_mgr source = {};
  jpeg_progress_mgr progress = {};
  std::jmp_buf jump = {};
  const char *id = "jpeg-corrupt";
  char message[JMSG_LENGTH_MAX] = {};
  int mostScans = 0;
  uint64_t mostMemory = 0;
  std::span<const uint8_t> file;
  Image image;               ///< sides and channels after the header
  std::vector<uint8_t> inks; ///< one row of four components

  ~JpegState() { jpeg_destroy_decompress(&info); }
};

} // namespace

static JpegState &stateOf(j_common_ptr info) {
  return *static_cast<JpegState *>(info->client_data);
}

[[noreturn]] static void fail(JpegState &state, const char *id,
                              const char *message) {
  state.id = id;
  std::snprintf(state.message, sizeof(state.message), "%s", message);
  std::longjmp(state.jump, 1);
}

[[noreturn]] static void onError(j_common_ptr info) {
  JpegState &state = stateOf(info);
  info->err->format_message(info, state.message);
  // The decoder wanted to go to disk, which is how it says "over the limit".
  if (info->err->msg_code == JERR_NO_BACKING_STORE)
    state.id = "jpeg-memory";
  std::longjmp(state.jump, 1);
}

static void onMessage(j_common_ptr info, int level) {
  if (level < 0) // a warning; the others are traces
    onError(info);
}

static void ignore(j_decompress_ptr) {}

static boolean onEndOfInput(j_decompress_ptr info) {
  fail(stateOf(reinterpret_cast<j_common_ptr>(info)), "jpeg-truncated",
       "the file ends too early");
}

static void onSkip(j_decompress_ptr info, long count) {
  if (count <= 0)
    return;
  if (static_cast<size_t>(count) > info->src->bytes_in_buffer)
    onEndOfInput(info);
  info->src->next_input_byte += count;
  info->src->bytes_in_buffer -= static_cast<size_t>(count);
}

static void onProgress(j_common_ptr info) {
  JpegState &state = stateOf(info);
  if (state.info.input_scan_number > state.mostScans)
    fail(state, "jpeg-scans", "too many scans");
}

/// Runs one step; false if libjpeg failed in it.
__attribute__((noinline)) static bool runStep(JpegState &state,
                                              void (*step)(JpegState &)) {
  if (setjmp(state.jump))
    return false;
  step(state);
  return true;
}

static void readHeader(JpegState &state) {
  jpeg_decompress_struct &info = state.info;
  info.err = jpeg_std_error(&state.errors);
  state.errors.error_exit = onError;
  state.errors.emit_message = onMessage;
  info.client_data = &state;
  jpeg_create_decompress(&info);
  info.mem->max_memory_to_use = static_cast<long>(state.mostMemory);
  state.source.init_source = ignore;
  state.source.fill_input_buffer = onEndOfInput;
  state.source.skip_input_data = onSkip;
  state.source.resync_to_restart = jpeg_resync_to_restart;
  state.source.term_source = ignore;
  state.source.next_input_byte = state.file.data();
  state.source.bytes_in_buffer = state.file.size();
  info.src = &state.source;
  state.progress.progress_monitor = onProgress;
  info.progress = &state.progress;
  jpeg_read_header(&info, TRUE);
  switch (info.num_components) {
  case 1:
    info.out_color_space = JCS_GRAYSCALE;
    break;
  case 3:
    info.out_color_space = JCS_RGB;
    break;
  case 4:
    info.out_color_space = JCS_CMYK;
    break;
  default:
    fail(state, "jpeg-corrupt", "expects 1, 3 or 4 components");
  }
  state.image.width = static_cast<int>(info.image_width);
  state.image.height = static_cast<int>(info.image_height);
  state.image.channels = info.num_components == 1 ? 1 : 3;
}

/// value * part / 255, rounded, as Pillow's MULDIV255.
static int scaleByte(int value, int part) {
  int product = value * part + 128;
  return ((product >> 8) + product) >> 8;
}

/// One row of Adobe's inverted inks to RGB, as Pillow's cmyk2rgb.
static void inksToRgb(const uint8_t *inks, int width, uint8_t *rgb) {
  for (int x = 0; x < width; ++x, inks += 4, rgb += 3) {
    int light = inks[3];
    for (int c = 0; c < 3; ++c)
      rgb[c] = static_cast<uint8_t>(
          std::max(light - scaleByte(255 - inks[c], light), 0));
  }
}

static void readPixels(JpegState &state) {
  jpeg_decompress_struct &info = state.info;
  jpeg_start_decompress(&info);
  while (info.output_scanline < info.output_height) {
    uint8_t *out = state.image.row(static_cast<int>(info.output_scanline));
    uint8_t *row = state.inks.empty() ? out : state.inks.data();
    jpeg_read_scanlines(&info, &row, 1);
    if (!state.inks.empty())
      inksToRgb(row, state.image.width, out);
  }
  // Reads on to the end marker, so that a lost tail is noticed.
  jpeg_finish_decompress(&info);
}

bool isJpeg(std::span<const uint8_t> file) {
  return file.size() >= 3 && file[0] == 0xff && file[1] == 0xd8 &&
         file[2] == 0xff;
}

Result<Image> decodeJpeg(std::span<const uint8_t> file, const std::string &name,
                         const DecodeLimits &limits) {
  JpegState state;
  state.file = file;
  state.mostScans = limits.scans;
  state.mostMemory = limits.memory;
  auto failure = [&] {
    if (state.errors.msg_code == JERR_OUT_OF_MEMORY)
      return outOfImageMemory(name);
    return Error{ExitCode::BadData, state.id,
                 std::string("not a sound JPEG: ") + state.message, name,
                 file.size() - state.source.bytes_in_buffer};
  };
  if (!runStep(state, readHeader))
    return failure();
  BCSSL_RETURN_IF_ERROR(allocatePixels(state.image, limits, name));
  if (state.info.num_components == 4)
    state.inks.resize(static_cast<size_t>(state.image.width) * 4);
  if (!runStep(state, readPixels))
    return failure();
  return std::move(state.image);
}

} // namespace bcssl
