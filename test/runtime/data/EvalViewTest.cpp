//===- EvalViewTest.cpp ---------------------------------------------------===//

#include "runtime/data/EvalView.h"

#include "TestFiles.h"

#include "runtime/data/Normalise.h"

#include <algorithm>

using namespace bcssl;
using namespace bcssl::test;

namespace {

EvalOptions plainValues(EvalOptions options) {
  options.mean = {0, 0, 0};
  options.deviation = {1 / 255.0f, 1 / 255.0f, 1 / 255.0f};
  return options;
}

std::vector<float> view(const EvalOptions &options, const Image &image) {
  AugmentScratch scratch;
  std::vector<float> out(options.elements());
  makeEvalView(options, image, scratch, out);
  return out;
}

// Resize(40), CenterCrop(32) of sides whose halves are not whole: torchvision
// truncates the long side and rounds the offset half to even.
TEST(EvalViewTest, ResizesTheShortSideAndCutsTheMiddle) {
  EvalOptions options =
      plainValues({.channels = 3, .shortSide = 40, .size = 32});
  struct Case {
    int width, height, toWidth, toHeight, left, top;
  };
  for (const Case &c : {Case{100, 50, 80, 40, 24, 4},
                        {50, 100, 40, 80, 4, 24},
                        {70, 47, 59, 40, 14, 4}, // 13.5 rounds to 14
                        {75, 49, 61, 40, 14, 4}, // 14.5 rounds to 14
                        {40, 40, 40, 40, 4, 4}}) {
    Image image = picture(c.width, c.height, 3), whole;
    ResizeScratch scratch;
    resize(image, c.toWidth, c.toHeight, ResizeFilter::Bicubic, scratch, whole);
    std::vector<float> out = view(options, image);
    for (int y = 0; y < 32; ++y)
      for (int x = 0; x < 96; ++x)
        ASSERT_NEAR(out[y * 96 + x], whole.row(y + c.top)[c.left * 3 + x], 1e-3)
            << c.width << " x " << c.height;
  }
}

TEST(EvalViewTest, LongThinImageCostsNoMoreThanAnother) {
  EvalOptions options = plainValues({});
  for (auto [width, height] : {std::pair{65535, 1}, {1, 65535}, {1, 1}}) {
    Image image{width, height, 3, Bytes(size_t{3} * width * height, 77)};
    for (float value : view(options, image))
      ASSERT_NEAR(value, 77, 1e-3);
  }
}

TEST(EvalViewTest, SmallImagesArePaddedWithZeros) {
  EvalOptions options =
      plainValues({.channels = 1, .shortSide = 0, .size = 32, .pad = 2});
  Image image = picture(28, 28, 1);
  std::vector<float> out = view(options, image);
  for (int y = 0; y < 32; ++y)
    for (int x = 0; x < 32; ++x) {
      bool inside = std::min(x, y) >= 2 && std::max(x, y) < 30;
      ASSERT_NEAR(out[y * 32 + x], inside ? image.row(y - 2)[x - 2] : 0, 1e-3);
    }
  // Another size is reached by a resize.
  options.size = 24;
  EXPECT_EQ(view(options, image).size(), 24u * 24);
}

TEST(EvalViewTest, OptionsFollowTheRecipe) {
  EvalOptions dino = evalOptionsFor(AugmentOptions());
  EXPECT_EQ(dino.shortSide, 256);
  EXPECT_EQ(dino.size, 224);
  EXPECT_EQ(dino.pad, 0);
  EvalOptions mild = evalOptionsFor(mildAugmentOptions());
  EXPECT_EQ(mild.shortSide, 0);
  EXPECT_EQ(mild.size, 32);
  EXPECT_EQ(mild.pad, 2);
  EXPECT_EQ(mild.channels, 1);
  EXPECT_EQ(mild.mean[0], 0.2860f);
  EXPECT_TRUE(checkEvalOptions(dino).ok());
  EXPECT_TRUE(checkEvalOptions(mild).ok());
  dino.size = 300;
  EXPECT_EQ(checkEvalOptions(dino).error().id, "eval-options");
}

} // namespace
