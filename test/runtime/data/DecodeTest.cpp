//===- DecodeTest.cpp -----------------------------------------------------===//

#include "runtime/data/Decode.h"

#include "TestFiles.h"

#include "runtime/data/ColorOps.h"

using namespace bcssl;
using namespace bcssl::test;

namespace {

std::string idOf(const Result<Image> &result) {
  return result.ok() ? "ok" : result.error().id;
}

TEST(DecodeTest, MagicBytesDecide) {
  EXPECT_EQ(idOf(decodeImage({}, "a.png")), "image-format");
  EXPECT_EQ(idOf(decodeImage(Bytes{'G', 'I', 'F', '8'}, "a.png")),
            "image-format");
  EXPECT_EQ(idOf(decodeImage(jpegFile(picture(8, 8, 3)), "a.png")), "ok");
  EXPECT_EQ(idOf(decodeImage(pngFile(picture(8, 8, 3)), "a.JPEG")), "ok");
}

TEST(DecodeTest, BytesAfterTheEndAreIgnored) {
  for (Bytes file : {jpegFile(picture(8, 8, 3)), pngFile(picture(8, 8, 3))}) {
    file.insert(file.end(), 100, 'x');
    EXPECT_EQ(idOf(decodeImage(file, "a")), "ok");
  }
}

TEST(DecodeTest, ChannelsAreConverted) {
  Image one = picture(5, 4, 1), three = picture(5, 4, 3);
  Image grey = withChannels(three, 1), colour = withChannels(one, 3);
  for (size_t i = 0; i < one.pixels.size(); ++i) {
    EXPECT_EQ(grey.pixels[i], luma(&three.pixels[3 * i]));
    for (int c = 0; c < 3; ++c)
      EXPECT_EQ(colour.pixels[3 * i + c], one.pixels[i]);
  }
  EXPECT_EQ(withChannels(one, 1).pixels, one.pixels);
}

using DecodeFileTest = DirectoryTest;

TEST_F(DecodeFileTest, LargeFilesAreRefused) {
  Bytes file = pngFile(picture(8, 8, 3));
  writeFile(directory / "a.png", file);
  DecodeLimits limits;
  limits.fileBytes = file.size();
  EXPECT_EQ(idOf(readImage(directory / "a.png", limits)), "ok");
  limits.fileBytes = file.size() - 1;
  EXPECT_EQ(idOf(readImage(directory / "a.png", limits)), "file-too-large");
}

} // namespace
