//===- Sheet.cpp - images in rows -----------------------------------------===//

#include "runtime/report/Sheet.h"

#include <algorithm>
#include <cmath>

namespace bcssl {

static constexpr int gap = 8;
static constexpr int titleHeight = 22;
static constexpr int captionHeight = 14;
static constexpr int frameWidth = 3;

static int rowHeight(const SheetRow &row, int cellSize) {
  return (row.title.empty() ? 0 : titleHeight) + cellSize + captionHeight + gap;
}

Canvas drawSheet(const std::vector<SheetRow> &rows, int cellSize) {
  size_t most = 1;
  size_t titleLetters = 0;
  int height = gap;
  for (const SheetRow &row : rows) {
    most = std::max(most, row.cells.size());
    titleLetters = std::max(titleLetters, row.title.size());
    height += rowHeight(row, cellSize);
  }
  int width = std::max(gap + static_cast<int>(most) * (cellSize + gap),
                       2 * gap + static_cast<int>(titleLetters) *
                                     Canvas::letterWidth * 2);
  Canvas canvas(width, height);
  int y = gap;
  for (const SheetRow &row : rows) {
    int top = y;
    if (!row.title.empty()) {
      canvas.text(gap, top, row.title, black, 2);
      top += titleHeight;
    }
    int x = gap;
    for (const SheetCell &cell : row.cells) {
      if (cell.frame)
        canvas.fill(x - frameWidth, top - frameWidth, cellSize + 2 * frameWidth,
                    cellSize + 2 * frameWidth, *cell.frame);
      canvas.image(x, top, cellSize, cell.pixels, cell.width, cell.height,
                   cell.channels);
      size_t letters = static_cast<size_t>(cellSize / Canvas::letterWidth);
      canvas.text(x, top + cellSize + 4, cell.caption.substr(0, letters),
                  black);
      x += cellSize + gap;
    }
    y += rowHeight(row, cellSize);
  }
  return canvas;
}

std::vector<uint8_t> cropPixels(std::span<const float> crop, int channels,
                                const std::array<float, 3> &mean,
                                const std::array<float, 3> &deviation) {
  std::vector<uint8_t> pixels(crop.size());
  for (size_t i = 0; i < crop.size(); ++i) {
    size_t channel = i % static_cast<size_t>(channels);
    float value = (crop[i] * deviation[channel] + mean[channel]) * 255;
    pixels[i] = static_cast<uint8_t>(std::lround(
        std::clamp(std::isfinite(value) ? value : 0, 0.0f, 255.0f)));
  }
  return pixels;
}

} // namespace bcssl
