//===- Canvas.cpp - a small rasterizer ------------------------------------===//

#include "runtime/report/Canvas.h"

#include <algorithm>
#include <cmath>

namespace bcssl {

Canvas::Canvas(int width, int height, Colour background)
    : columns(std::max(1, width)), rows(std::max(1, height)),
      data(static_cast<size_t>(columns) * rows * 3) {
  fill(0, 0, columns, rows, background);
}

Colour Canvas::pixel(int x, int y) const {
  if (x < 0 || y < 0 || x >= columns || y >= rows)
    return black;
  const uint8_t *at = &data[(static_cast<size_t>(y) * columns + x) * 3];
  return {at[0], at[1], at[2]};
}

void Canvas::fill(int x, int y, int width, int height, Colour colour) {
  int right = std::min(columns, x + width);
  int bottom = std::min(rows, y + height);
  for (int j = std::max(0, y); j < bottom; ++j)
    for (int i = std::max(0, x); i < right; ++i)
      std::copy(colour.begin(), colour.end(),
                &data[(static_cast<size_t>(j) * columns + i) * 3]);
}

void Canvas::blend(int x, int y, Colour colour, double weight) {
  if (x < 0 || y < 0 || x >= columns || y >= rows || !(weight > 0))
    return;
  weight = std::min(1.0, weight);
  uint8_t *at = &data[(static_cast<size_t>(y) * columns + x) * 3];
  for (int c = 0; c < 3; ++c)
    at[c] =
        static_cast<uint8_t>(std::lround(at[c] + weight * (colour[c] - at[c])));
}

void Canvas::line(double x0, double y0, double x1, double y1, Colour colour,
                  double thickness) {
  double dx = x1 - x0;
  double dy = y1 - y0;
  double square = dx * dx + dy * dy;
  if (!std::isfinite(square))
    return;
  double reach = thickness / 2 + 1;
  int left = static_cast<int>(std::max(0.0, std::min(x0, x1) - reach));
  int top = static_cast<int>(std::max(0.0, std::min(y0, y1) - reach));
  double right = std::min<double>(columns - 1, std::max(x0, x1) + reach);
  double bottom = std::min<double>(rows - 1, std::max(y0, y1) + reach);
  // A pixel is covered by how far its centre lies inside the band around the
  // line.
  for (int y = top; y <= bottom; ++y)
    for (int x = left; x <= right; ++x) {
      double along = square > 0 ? ((x - x0) * dx + (y - y0) * dy) / square : 0;
      along = std::clamp(along, 0.0, 1.0);
      double distance =
          std::hypot(x - (x0 + along * dx), y - (y0 + along * dy));
      blend(x, y, colour, thickness / 2 + 0.5 - distance);
    }
}

void Canvas::text(int x, int y, std::string_view text, Colour colour,
                  int scale) {
  for (char character : text) {
    std::array<uint8_t, 7> bits = glyph(character);
    for (int j = 0; j < 7; ++j)
      for (int i = 0; i < 5; ++i)
        if (bits[j] >> (4 - i) & 1)
          fill(x + i * scale, y + j * scale, scale, scale, colour);
    x += letterWidth * scale;
  }
}

void Canvas::textUpwards(int x, int y, std::string_view text, Colour colour,
                         int scale) {
  for (char character : text) {
    std::array<uint8_t, 7> bits = glyph(character);
    for (int j = 0; j < 7; ++j)
      for (int i = 0; i < 5; ++i)
        if (bits[j] >> (4 - i) & 1)
          fill(x + j * scale, y - (i + 1) * scale, scale, scale, colour);
    y -= letterWidth * scale;
  }
}

void Canvas::image(int x, int y, int size, std::span<const uint8_t> source,
                   int width, int height, int channels) {
  if (width < 1 || height < 1 ||
      source.size() < static_cast<size_t>(width) * height * channels)
    return;
  for (int j = 0; j < size; ++j)
    for (int i = 0; i < size; ++i) {
      size_t row = static_cast<size_t>(j) * height / size;
      size_t column = static_cast<size_t>(i) * width / size;
      const uint8_t *from = &source[(row * width + column) * channels];
      Colour colour = channels == 3 ? Colour{from[0], from[1], from[2]}
                                    : Colour{from[0], from[0], from[0]};
      fill(x + i, y + j, 1, 1, colour);
    }
}

} // namespace bcssl
