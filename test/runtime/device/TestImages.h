//===- TestImages.h - machine code built with the tests ---------*- C++ -*-===//

#ifndef BCSSL_TEST_RUNTIME_DEVICE_TESTIMAGES_H
#define BCSSL_TEST_RUNTIME_DEVICE_TESTIMAGES_H

#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace bcssl {

/// Where they are. `BCSSL_TEST_IMAGES` in the environment names another folder,
/// where tests run on another machine than that which built them.
inline std::string testImageFolder() {
  const char *given = std::getenv("BCSSL_TEST_IMAGES");
  return given ? given : BCSSL_TEST_IMAGES;
}

/// The bytes of test/runtime/device/images/NAME.c, compiled: a shared object,
/// "ptx", or LLVM's "ll".
inline std::vector<std::byte> testImage(const std::string &name,
                                        const std::string &format = "so") {
  std::ifstream file(testImageFolder() + "/" + name + "." + format,
                     std::ios::binary);
  std::vector<char> text{std::istreambuf_iterator<char>(file), {}};
  auto *bytes = reinterpret_cast<const std::byte *>(text.data());
  return {bytes, bytes + text.size()};
}

} // namespace bcssl

#endif // BCSSL_TEST_RUNTIME_DEVICE_TESTIMAGES_H
