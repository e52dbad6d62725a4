//===- Canvas.h - a small rasterizer ----------------------------*- C++ -*-===//
//
// Enough drawing for curves and sheets of images: rectangles, lines, text in a
// built-in bitmap font. Pixels are 8-bit RGB; (0, 0) is the upper left corner;
// everything is clipped.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_RUNTIME_REPORT_CANVAS_H
#define BCSSL_RUNTIME_REPORT_CANVAS_H

#include "runtime/base/Status.h"

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace bcssl {

using Colour = std::array<uint8_t, 3>;

inline constexpr Colour white = {255, 255, 255};
inline constexpr Colour black = {0, 0, 0};
inline constexpr Colour grey = {128, 128, 128};
inline constexpr Colour lightGrey = {225, 225, 225};

class Canvas {
public:
  Canvas(int width, int height, Colour background = white);

  int width() const { return columns; }
  int height() const { return rows; }
  /// [height, width, 3], row-major.
  std::span<const uint8_t> pixels() const { return data; }
  Colour pixel(int x, int y) const;

  void fill(int x, int y, int width, int height, Colour colour);
  /// Mixes a colour into a pixel; weight 1 replaces it.
  void blend(int x, int y, Colour colour, double weight);
  /// An antialiased line between points in pixels, about `thickness` wide.
  void line(double x0, double y0, double x1, double y1, Colour colour,
            double thickness = 1);
  /// Text with its upper left corner at (x, y); letters are 6 * scale wide and
  /// 8 * scale high, gaps included. Other characters than ASCII become '?'.
  void text(int x, int y, std::string_view text, Colour colour, int scale = 1);
  /// The same, read from bottom to top, starting at the lower left corner.
  void textUpwards(int x, int y, std::string_view text, Colour colour,
                   int scale = 1);
  /// Copies an image [height, width, channels] of 1 or 3 channels, enlarged or
  /// reduced to `size` by `size` pixels by taking the nearest pixel.
  void image(int x, int y, int size, std::span<const uint8_t> source, int width,
             int height, int channels);

  static constexpr int letterWidth = 6;
  static constexpr int letterHeight = 8;

private:
  int columns;
  int rows;
  std::vector<uint8_t> data;
};

/// The seven rows of a printable ASCII character, five bits each, the leftmost
/// pixel highest.
std::array<uint8_t, 7> glyph(char character);

} // namespace bcssl

#endif // BCSSL_RUNTIME_REPORT_CANVAS_H
