//===- ElfImageTest.cpp ---------------------------------------------------===//

#include "runtime/device/cpu/ElfImage.h"
#include "test/runtime/device/TestImages.h"

#include <gtest/gtest.h>

#include <cstring>
#include <elf.h>

using namespace bcssl;

namespace {

using Bytes = std::vector<std::byte>;

template <typename T> T get(const Bytes &image, size_t offset) {
  T value;
  std::memcpy(&value, image.data() + offset, sizeof(T));
  return value;
}
template <typename T> void set(Bytes &image, size_t offset, T value) {
  std::memcpy(image.data() + offset, &value, sizeof(T));
}

/// The text of the error that checking gives, empty for a good image.
std::string problem(const Bytes &image) {
  Status status = checkElfImage(image);
  if (status.ok())
    return "";
  EXPECT_EQ(status.error().id, "image-invalid");
  return status.error().message;
}

bool contains(const std::string &text, const std::string &part) {
  return text.find(part) != std::string::npos;
}

TEST(ElfImageTest, LoadsAndRuns) {
  auto image = ElfImage::load(testImage("kernels"));
  ASSERT_TRUE(image.ok()) << image.error().text();
  auto symbol = image->find("scale");
  ASSERT_TRUE(symbol.ok());
  float x[32], y[32] = {};
  for (int i = 0; i < 32; ++i)
    x[i] = static_cast<float>(i);
  void *arguments[] = {x, y};
  reinterpret_cast<void (*)(void *const *, int64_t)>(*symbol)(arguments, 1);
  EXPECT_EQ(y[15], 0);
  EXPECT_EQ(y[16], 32);
  EXPECT_EQ(y[31], 62);
}

TEST(ElfImageTest, MissingKernelIsNamed) {
  auto image = ElfImage::load(testImage("kernels"));
  ASSERT_TRUE(image.ok());
  auto symbol = image->find("no_such_kernel");
  ASSERT_FALSE(symbol.ok());
  EXPECT_EQ(symbol.error().id, "image-symbol");
  EXPECT_TRUE(contains(symbol.error().message, "no_such_kernel"));
}

TEST(ElfImageTest, RefusesImports) {
  EXPECT_TRUE(contains(problem(testImage("undefined")), "missing_function"));
}

TEST(ElfImageTest, RefusesCodeThatRunsOnLoading) {
  EXPECT_TRUE(contains(problem(testImage("constructor")), "runs when"));
}

TEST(ElfImageTest, RefusesOtherMachines) {
  const Bytes good = testImage("kernels");
  ASSERT_EQ(problem(good), "");
  Bytes image = good;
  set<uint16_t>(image, offsetof(Elf64_Ehdr, e_machine), EM_AARCH64);
  EXPECT_TRUE(contains(problem(image), "machine 183"));
  image = good;
  set<uint16_t>(image, offsetof(Elf64_Ehdr, e_type), ET_EXEC);
  EXPECT_TRUE(contains(problem(image), "type 2"));
  image = good;
  image[EI_CLASS] = std::byte{ELFCLASS32};
  EXPECT_TRUE(contains(problem(image), "class 1"));
  image = good;
  image[0] = std::byte{0};
  EXPECT_TRUE(contains(problem(image), "magic"));
  EXPECT_TRUE(contains(problem({}), "0 bytes"));
}

TEST(ElfImageTest, RefusesNeededLibraryAndInterpreter) {
  const Bytes good = testImage("kernels");
  auto header = get<Elf64_Ehdr>(good, 0);
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    size_t at = header.e_phoff + i * sizeof(Elf64_Phdr);
    auto segment = get<Elf64_Phdr>(good, at);
    Bytes image = good;
    if (segment.p_type == PT_DYNAMIC) {
      set<Elf64_Sxword>(image, segment.p_offset, DT_NEEDED);
      EXPECT_TRUE(contains(problem(image), "needed library"));
      image = good;
      set<uint32_t>(image, at, PT_NULL);
      EXPECT_TRUE(contains(problem(image), "dynamic segment"));
    }
    image = good;
    set<uint32_t>(image, at, PT_INTERP);
    EXPECT_TRUE(contains(problem(image), "interpreter"));
  }
}

TEST(ElfImageTest, EveryTruncationIsRefused) {
  // The section headers stand at the end, so no shorter file is whole.
  const Bytes good = testImage("kernels");
  for (size_t size = 0; size < good.size(); ++size)
    ASSERT_NE(problem(Bytes(good.begin(), good.begin() + size)), "") << size;
}

TEST(ElfImageTest, DamagedHeadersNeverReadOutside) {
  // Every byte of the headers and tables takes some values; the sanitizers
  // watch.
  const Bytes good = testImage("kernels");
  for (size_t at = 0; at < good.size(); ++at)
    for (unsigned value : {0x00, 0x7f, 0x80, 0xff}) {
      Bytes image = good;
      image[at] = std::byte(value);
      (void)checkElfImage(image);
    }
}

} // namespace
