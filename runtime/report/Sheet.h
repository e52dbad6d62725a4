//===- Sheet.h - images in rows ---------------------------------*- C++ -*-===//
//
// Crops of an image, a query with its nearest neighbours: rows of small
// pictures with captions, to look at by eye.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_RUNTIME_REPORT_SHEET_H
#define BCSSL_RUNTIME_REPORT_SHEET_H

#include "runtime/report/Canvas.h"

#include <string>

namespace bcssl {

/// One picture: [height, width, channels] of 1 or 3 channels.
struct SheetCell {
  int width = 0;
  int height = 0;
  int channels = 1;
  std::vector<uint8_t> pixels;
  std::string caption;
  /// A frame in this colour: right or wrong neighbours.
  std::optional<Colour> frame = {};
};

struct SheetRow {
  std::string title; ///< above the row; may be empty
  std::vector<SheetCell> cells;
};

inline constexpr Colour frameRight = {0, 158, 115};
inline constexpr Colour frameWrong = {213, 94, 0};

/// Draws rows below each other; every picture is `cellSize` pixels wide and
/// high. Captions that are too long are cut.
Canvas drawSheet(const std::vector<SheetRow> &rows, int cellSize = 84);

/// A float crop [size, size, channels], normalised by mean and deviation, back
/// as bytes.
std::vector<uint8_t> cropPixels(std::span<const float> crop, int channels,
                                const std::array<float, 3> &mean,
                                const std::array<float, 3> &deviation);

} // namespace bcssl

#endif // BCSSL_RUNTIME_REPORT_SHEET_H
