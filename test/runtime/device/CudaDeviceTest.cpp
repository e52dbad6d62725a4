//===- CudaDeviceTest.cpp - which images a GPU runs, what names mean ------===//

#include "runtime/device/cuda/CudaDevice.h"
#include "runtime/device/OpenDevice.h"

#include <gtest/gtest.h>

using namespace bcssl;
using cuda::rankImage;

namespace {

TEST(CudaDeviceTest, CubinsRunOnTheirMajorVersionFromTheirMinorOneOn) {
  EXPECT_TRUE(rankImage(8, 0, "cuda:sm_80", "cubin"));
  EXPECT_TRUE(rankImage(8, 9, "cuda:sm_80", "cubin"));
  EXPECT_FALSE(rankImage(8, 0, "cuda:sm_86", "cubin"));
  EXPECT_FALSE(rankImage(9, 0, "cuda:sm_80", "cubin"));
  EXPECT_FALSE(rankImage(8, 0, "cuda:sm_90", "cubin"));
}

TEST(CudaDeviceTest, PtxRunsOnAllChipsThatAreAsNew) {
  EXPECT_TRUE(rankImage(8, 0, "cuda:sm_80", "ptx"));
  EXPECT_TRUE(rankImage(9, 0, "cuda:sm_80", "ptx"));
  EXPECT_TRUE(rankImage(12, 0, "cuda:sm_90", "ptx"));
  EXPECT_FALSE(rankImage(8, 9, "cuda:sm_90", "ptx"));
}

TEST(CudaDeviceTest, ArchitectureSpecificCodeRunsThereOnly) {
  for (const char *format : {"cubin", "ptx"}) {
    EXPECT_TRUE(rankImage(9, 0, "cuda:sm_90a", format));
    EXPECT_FALSE(rankImage(10, 0, "cuda:sm_90a", format));
    EXPECT_FALSE(rankImage(8, 9, "cuda:sm_90a", format));
  }
}

TEST(CudaDeviceTest, SpecialNewAndReadyCodeComesFirst) {
  const std::pair<const char *, const char *> order[] = {
      {"cuda:sm_90a", "cubin"}, {"cuda:sm_90", "cubin"}, {"cuda:sm_90a", "ptx"},
      {"cuda:sm_90", "ptx"},    {"cuda:sm_86", "ptx"},   {"cuda:sm_80", "ptx"}};
  int last = -1;
  for (auto [target, format] : order) {
    auto rank = rankImage(9, 0, target, format);
    ASSERT_TRUE(rank) << target << " " << format;
    EXPECT_GT(static_cast<int>(*rank), last) << target << " " << format;
    last = static_cast<int>(*rank);
  }
  EXPECT_LT(*rankImage(8, 9, "cuda:sm_86", "cubin"),
            *rankImage(8, 9, "cuda:sm_80", "cubin"));
}

TEST(CudaDeviceTest, OtherNamesAreNoChips) {
  for (const char *target :
       {"cuda:sm_", "cuda:sm_9", "cuda:sm_-90", "cuda:sm_90b", "cuda:sm_90aa",
        "cuda:sm_99999999999", "cuda:sm_75", "cuda:simt", "cpu:x86-64-v3", ""})
    EXPECT_FALSE(rankImage(9, 0, target, "ptx")) << target;
  EXPECT_FALSE(rankImage(9, 0, "cuda:sm_90a", "elf"));
  EXPECT_FALSE(rankImage(9, 0, "cuda:sm_90a", "bitcode"));
}

// The numbers for which cuda.h says that the process must be relaunched, or
// that its context is unusable.
TEST(CudaDeviceTest, ResultsThatLoseTheDevice) {
  for (int number : {214, 220, 226, 700, 702, 709, 710, 714, 715, 716, 717, 718,
                     719, 721, 911})
    EXPECT_TRUE(cuda::losesDevice(static_cast<cuda::CUresult>(number)))
        << number;
  for (int number : {0, 1, 2, 200, 218, 500, 701, 999})
    EXPECT_FALSE(cuda::losesDevice(static_cast<cuda::CUresult>(number)))
        << number;
}

TEST(OpenDeviceTest, OtherNamesAreWrongUsage) {
  for (const char *name : {"", "gpu", "cuda:", "cuda:x", "cuda:-1", "cuda:1x",
                           "cuda:99999999999999", "CPU"}) {
    auto opened = openDevice({.name = name});
    ASSERT_FALSE(opened.ok()) << name;
    EXPECT_EQ(opened.error().id, "device-name");
    EXPECT_EQ(opened.error().code, ExitCode::Usage);
  }
}

TEST(OpenDeviceTest, MissingGpusAreNoDevice) {
  auto opened = openDevice({.name = "cuda:4096"});
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().id, "no-device") << opened.error().text();
  EXPECT_EQ(opened.error().code, ExitCode::NoDevice);
}

} // namespace
