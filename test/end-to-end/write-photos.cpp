//===- write-photos.cpp - a folder of JPEG files --------------------------===//
//
//   write-photos FOLDER COUNT WIDTH HEIGHT
//
// For tests that train from a folder as a user's: Python's library writes no
// JPEG.
//
//===----------------------------------------------------------------------===//

#include "TestFiles.h"

#include <cstdio>
#include <cstdlib>

using namespace bcssl;

int main(int argc, char **argv) {
  if (argc != 5) {
    std::fprintf(stderr, "expects FOLDER COUNT WIDTH HEIGHT\n");
    return 2;
  }
  std::filesystem::path folder = argv[1];
  std::filesystem::create_directories(folder);
  for (int i = 0; i < std::atoi(argv[2]); ++i)
    test::writeFile(
        folder / ("photo-" + std::to_string(i) + ".jpg"),
        test::jpegFile(test::picture(std::atoi(argv[3]), std::atoi(argv[4]), 3,
                                     static_cast<uint32_t>(i))));
  return testing::Test::HasFailure() ? 1 : 0;
}
