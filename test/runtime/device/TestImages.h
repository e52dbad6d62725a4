//===- TestImages.h - shared objects built with the tests -------*- C++ -*-===//

#ifndef BCSSL_TEST_RUNTIME_DEVICE_TESTIMAGES_H
#define BCSSL_TEST_RUNTIME_DEVICE_TESTIMAGES_H

#include <cstddef>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace bcssl {

/// The bytes of test/runtime/device/images/NAME.c, compiled.
inline std::vector<std::byte> testImage(const std::string &name) {
  std::ifstream file(BCSSL_TEST_IMAGES "/" + name + ".so", std::ios::binary);
  std::vector<char> text{std::istreambuf_iterator<char>(file), {}};
  auto *bytes = reinterpret_cast<const std::byte *>(text.data());
  return {bytes, bytes + text.size()};
}

} // namespace bcssl

#endif // BCSSL_TEST_RUNTIME_DEVICE_TESTIMAGES_H
