//===- Mutator.cpp --------------------------------------------------------===//

#include "Mutator.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <string>

#if !defined(__SANITIZE_ADDRESS__) && defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__
#endif
#endif

namespace bcssl::test {

int mutantCount() {
  const char *text = std::getenv("BCSSL_MUTANTS");
  return text ? std::max(std::atoi(text), 500) : 500;
}

/// A line of /proc/self/status, in bytes.
static uint64_t status(const std::string &key) {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);)
    if (line.rfind(key, 0) == 0)
      return std::strtoull(line.c_str() + key.size(), nullptr, 10) * 1024;
  return 0;
}

MemoryWatch::MemoryWatch() {
  // Writing 5 sets the peak back to what is resident now.
  std::ofstream("/proc/self/clear_refs") << "5";
  before = status("VmRSS:");
}

uint64_t MemoryWatch::growth() const {
#if defined(__SANITIZE_ADDRESS__)
  // AddressSanitizer keeps freed memory for a while.
  return 0;
#endif
  uint64_t peak = status("VmHWM:");
  return peak > before ? peak - before : 0;
}

void Mutator::putExtreme(Bytes &file, size_t at) {
  static constexpr uint32_t extremes[] = {
      0,      1,      2,          0x7f,       0x80,       0xff,      0x100,
      0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 0x10000000};
  uint32_t value = extremes[below(std::size(extremes))];
  size_t bytes = size_t{1} << below(3);
  for (size_t i = 0; i < bytes && at + i < file.size(); ++i)
    file[at + i] = static_cast<uint8_t>(value >> 8 * (bytes - 1 - i));
}

void Mutator::mutateOnce(Bytes &file) {
  if (file.empty())
    return;
  // Headers decide more than data: half of the places are near the front.
  size_t reach = below(2) ? file.size() : std::min<size_t>(file.size(), 64);
  size_t at = below(reach);
  size_t length = std::min(file.size() - at, 1 + below(32));
  auto first = file.begin() + static_cast<std::ptrdiff_t>(at);
  auto last = first + static_cast<std::ptrdiff_t>(length);
  switch (below(8)) {
  case 0:
    file.resize(below(file.size()));
    break;
  case 1:
  case 2:
    file[at] ^= static_cast<uint8_t>(1 << below(8));
    break;
  case 3:
    putExtreme(file, at);
    break;
  case 4:
    std::fill(first, last, static_cast<uint8_t>(below(2) ? 0 : 0xff));
    break;
  case 5:
    file.erase(first, last);
    break;
  case 6: {
    Bytes copy(first, last);
    file.insert(file.begin() + static_cast<std::ptrdiff_t>(below(file.size())),
                copy.begin(), copy.end());
    break;
  }
  default:
    for (auto byte = first; byte != last; ++byte)
      *byte = static_cast<uint8_t>(random.bits());
  }
}

Bytes Mutator::mutate(Bytes file) {
  for (size_t times = 1 + below(4); times > 0; --times)
    mutateOnce(file);
  return file;
}

} // namespace bcssl::test
