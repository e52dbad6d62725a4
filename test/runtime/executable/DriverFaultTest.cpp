//===- DriverFaultTest.cpp - a driver whose calls fail --------------------===//
//
// Runs bcssl-run on the driver that computes on the CPU and lets each of its
// calls fail in turn (BCSSL_SIMT_FAIL): every failure must end in an error with
// an exit code of its kind, none in a crash or a wrong success.
//
//===----------------------------------------------------------------------===//

#include "runtime/base/AtomicFile.h"
#include "runtime/base/Child.h"
#include "test/runtime/device/TestDevices.h"
#include "test/runtime/executable/TestFile.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>

using namespace bcssl;
namespace fs = std::filesystem;

namespace {

class DriverFaultTest : public testing::Test {
protected:
  void SetUp() override {
    auto device = openDevice({.name = "cuda"});
    if (!device || !(*device)->rank("cuda:simt", "bitcode"))
      GTEST_SKIP() << "BCSSL_CUDA_DRIVER names no driver of tools/simt";
    TestImage image = testImageFor(**device);
    if (image.bytes.empty())
      GTEST_SKIP() << "the build has no test kernels";
    char name[] = "/tmp/bcssl-faults-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    folder = std::string(name) + "/";
    auto contents = gpuContents(image.bytes, image.target, image.format);
    ASSERT_TRUE(
        writeFileAtomically(folder + "test.bcx", encode(contents)).ok());
  }
  void TearDown() override {
    unsetenv("BCSSL_SIMT_FAIL");
    if (!folder.empty())
      fs::remove_all(folder);
  }

  /// Runs the program three times while the call that `fault` names fails.
  int exitCode(const std::string &fault, const char *how) {
    setenv("BCSSL_SIMT_FAIL", fault.c_str(), 1);
    auto path = findTool("bcssl-run");
    EXPECT_TRUE(path.ok());
    auto ended = runChild(*path,
                          {folder + "test.bcx", "--function=step",
                           "--device=cuda", "--repeat=2", "--json", how},
                          /*captureOutput=*/true);
    EXPECT_TRUE(ended.ok());
    return ended->exitCode;
  }

  std::string folder;
};

TEST_F(DriverFaultTest, EveryFailingCallIsAnError) {
  for (const char *how : {"--graph=true", "--graph=false", "--overlap"}) {
    ASSERT_EQ(exitCode("", how), 0);
    int number = 1;
    for (; number < 1000; ++number) {
      int code = exitCode(std::to_string(number), how);
      if (code == 0)
        break;
      EXPECT_TRUE(code == 69 || code == 70 || code == 71)
          << "call " << number << " ends in " << code;
    }
    // Errors of the last calls, which free things, are nobody's loss.
    EXPECT_GT(number, 20);
  }
}

} // namespace
