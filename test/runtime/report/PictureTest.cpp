//===- PictureTest.cpp - canvas, plot, sheet, PNG -------------------------===//

#include "runtime/report/Plot.h"
#include "runtime/report/Png.h"
#include "runtime/report/Sheet.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <limits>
#include <png.h>
#include <set>

using namespace bcssl;

namespace {

constexpr Colour red = {255, 0, 0};

int count(const Canvas &canvas, Colour colour) {
  int pixels = 0;
  for (int y = 0; y < canvas.height(); ++y)
    for (int x = 0; x < canvas.width(); ++x)
      pixels += canvas.pixel(x, y) == colour;
  return pixels;
}

TEST(CanvasTest, FillIsClipped) {
  Canvas canvas(10, 8);
  canvas.fill(-5, -5, 8, 8, red);
  canvas.fill(8, 6, 100, 100, red);
  EXPECT_EQ(count(canvas, red), 9 + 4);
}

TEST(CanvasTest, LinesCoverTheirLength) {
  Canvas canvas(40, 40);
  canvas.line(5, 20, 34, 20, red, 1);
  EXPECT_EQ(count(canvas, red), 30);
  canvas.line(-1e9, 0, 1e9, 39, red, 1); // far outside, still quick
  double inf = std::numeric_limits<double>::infinity();
  canvas.line(0, 0, inf, 0, red, 1);
  EXPECT_EQ(canvas.pixel(100, 100), black);
}

TEST(CanvasTest, EveryCharacterHasItsOwnGlyph) {
  std::set<std::array<uint8_t, 7>> glyphs;
  for (char c = ' '; c <= '~'; ++c) {
    glyphs.insert(glyph(c));
    for (uint8_t row : glyph(c))
      EXPECT_LT(row, 32);
  }
  EXPECT_EQ(glyphs.size(), 95u);
  EXPECT_EQ(glyph('\n'), glyph('?'));
  EXPECT_EQ(glyph('\xff'), glyph('?'));
}

TEST(CanvasTest, TextUpwardsIsTextTurned) {
  Canvas along(20, 20), up(20, 20);
  along.text(2, 3, "L", red);
  up.textUpwards(3, 18, "L", red);
  EXPECT_EQ(count(along, red), 11);
  EXPECT_EQ(count(up, red), 11);
  EXPECT_EQ(along.pixel(2, 9), red); // the corner of the L
  EXPECT_EQ(up.pixel(9, 17), red);
}

TEST(CanvasTest, ImagesAreScaledByPixels) {
  Canvas canvas(8, 8);
  std::vector<uint8_t> checker = {0, 255, 255, 0};
  canvas.image(0, 0, 8, checker, 2, 2, 1);
  EXPECT_EQ(canvas.pixel(0, 0), black);
  EXPECT_EQ(canvas.pixel(3, 3), black);
  EXPECT_EQ(canvas.pixel(4, 3), white);
  canvas.image(0, 0, 8, checker, 3, 3, 1); // too few bytes: nothing drawn
  EXPECT_EQ(canvas.pixel(0, 0), black);
}

TEST(PlotTest, TicksAreRound) {
  EXPECT_EQ(axisTicks(0, 10, 5), (std::vector<double>{0, 2, 4, 6, 8, 10}));
  EXPECT_EQ(axisTicks(-1, 1, 4), (std::vector<double>{-1, -0.5, 0, 0.5, 1}));
  for (double tick : axisTicks(80.1, 81.9, 6)) {
    EXPECT_GE(tick, 80.1);
    EXPECT_LE(tick, 81.9);
  }
  EXPECT_LE(axisTicks(1e-30, 1e30, 8).size(), 20u);
  EXPECT_EQ(axisTicks(3, 3, 5).size(), 1u);
}

TEST(PlotTest, CurvesAppearInTheirPanels) {
  std::vector<Panel> panels(2);
  panels[0] = {"loss", "step", "nats", {{"train", {0, 1, 2}, {3, 2, 1}}}};
  panels[1] = {"k-NN", "step", "%", {{"teacher", {0, 2}, {70, 80}, true}}};
  Canvas canvas = drawPlot(panels, 600, 200);
  EXPECT_EQ(canvas.width(), 600);
  EXPECT_EQ(canvas.height(), 400);
  Colour first = {0, 114, 178};
  int above = 0, below = 0;
  for (int y = 0; y < 400; ++y)
    for (int x = 90; x < 570; ++x)
      (y < 200 ? above : below) += canvas.pixel(x, y) == first;
  EXPECT_GT(above, 200);
  EXPECT_GT(below, 200);
}

TEST(PlotTest, OddValuesDrawSomething) {
  double nan = std::numeric_limits<double>::quiet_NaN();
  drawPlot({});
  drawPlot({{"empty", "", "", {}}});
  drawPlot({{"one", "x", "y", {{"a", {1}, {1}}}}});
  drawPlot({{"gap", "x", "y", {{"a", {0, 1, 2, 3}, {1, nan, 2, 3}}}}}, 20, 10);
}

TEST(SheetTest, CellsLieInRows) {
  SheetCell cell{2, 2, 1, {0, 0, 0, 0}, "caption", frameRight};
  SheetRow row{"query 1", {cell, cell, cell}};
  Canvas canvas = drawSheet({row, row}, 40);
  EXPECT_GE(count(canvas, black), 2 * 3 * 40 * 40);
  EXPECT_EQ(count(canvas, frameRight), 2 * 3 * (46 * 46 - 40 * 40));
}

TEST(SheetTest, CropsBecomeBytesAgain) {
  std::array<float, 3> mean{0.5f, 0.25f, 0.0f}, deviation{0.5f, 0.25f, 1.0f};
  std::vector<float> crop = {1,  -1, 0.5f,
                             -9, 9,  std::numeric_limits<float>::quiet_NaN()};
  EXPECT_EQ(cropPixels(crop, 3, mean, deviation),
            (std::vector<uint8_t>{255, 0, 128, 0, 255, 0}));
}

TEST(PngTest, WritesWhatWasDrawn) {
  Canvas canvas(5, 3);
  canvas.fill(1, 1, 2, 1, red);
  std::string path = testing::TempDir() + "/bcssl-canvas.png";
  Status status = writePng(path, canvas);
  ASSERT_TRUE(status.ok()) << status.error().text();
  png_image image = {};
  image.version = PNG_IMAGE_VERSION;
  ASSERT_TRUE(png_image_begin_read_from_file(&image, path.c_str()));
  image.format = PNG_FORMAT_RGB;
  std::vector<uint8_t> pixels(PNG_IMAGE_SIZE(image));
  ASSERT_TRUE(
      png_image_finish_read(&image, nullptr, pixels.data(), 0, nullptr));
  EXPECT_EQ(image.width, 5u);
  EXPECT_TRUE(std::equal(pixels.begin(), pixels.end(), canvas.pixels().begin(),
                         canvas.pixels().end()));
  std::filesystem::remove(path);
  EXPECT_FALSE(writePng(testing::TempDir() + "/none/x.png", canvas).ok());
}

} // namespace
