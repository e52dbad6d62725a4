//===- DriverFaultTest.cpp - a driver whose calls fail --------------------===//
//
// Runs bcssl-run on the driver that computes on the CPU and lets each of its
// calls fail in turn (BCSSL_SIMT_FAIL): every failure must end in an error with
// an exit code of its kind that names the call, none in a crash, a hang or a
// wrong success.
//
//===----------------------------------------------------------------------===//

#include "runtime/base/AtomicFile.h"
#include "runtime/base/Child.h"
#include "test/runtime/device/TestDevices.h"
#include "test/runtime/executable/TestFile.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

using namespace bcssl;
namespace fs = std::filesystem;

namespace {

using Calls = std::vector<std::string>;

/// Those which free things: that one fails is nobody's loss.
const std::set<std::string> frees = {
    "cuEventDestroy_v2",  "cuGraphDestroy",
    "cuGraphExecDestroy", "cuMemFreeHost",
    "cuMemFree_v2",       "cuModuleUnload",
    "cuStreamDestroy_v2", "cuDevicePrimaryCtxRelease_v2"};

/// Where calls begin that only free things and prepare for that: behind the
/// wait for the last run.
size_t beginOfEnd(const Calls &calls) {
  size_t first = calls.size();
  auto prepares = [](const std::string &call) {
    return call == "cuCtxSetCurrent" || call == "cuStreamSynchronize";
  };
  while (first > 0 &&
         (frees.contains(calls[first - 1]) || prepares(calls[first - 1])))
    --first;
  auto wait = std::find(calls.begin() + static_cast<ptrdiff_t>(first),
                        calls.end(), "cuStreamSynchronize");
  return static_cast<size_t>(wait - calls.begin()) + 1;
}

/// Whether a message tells that this call failed. The name is that of cuda.h,
/// for which the library may have a longer one.
bool names(const std::string &message, const std::string &call) {
  if (call == "cuMemAlloc_v2" && message.find("cannot get ") != message.npos)
    return true;
  size_t end = message.find(" failed with");
  if (end == message.npos)
    return false;
  size_t begin = message.rfind(' ', end - 1) + 1;
  return end > begin && call.starts_with(message.substr(begin, end - begin));
}

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
    unsetenv("BCSSL_SIMT_CALLS");
    if (!folder.empty())
      fs::remove_all(folder);
  }

  /// Runs the program twice while the call of that number fails (0: none). A
  /// child that does not end within a minute ends in 124.
  int exitCode(size_t number, const std::string &how) {
    setenv("BCSSL_SIMT_FAIL", number ? std::to_string(number).c_str() : "", 1);
    auto tool = findTool("bcssl-run");
    EXPECT_TRUE(tool.ok());
    auto ended = runChild("/bin/sh",
                          {"-c", "exec timeout 60 \"$@\" > \"$0\" 2>&1",
                           folder + "said.txt", *tool, folder + "test.bcx",
                           "--function=step", "--device=cuda", "--repeat=1",
                           "--json", how},
                          /*captureOutput=*/false);
    EXPECT_TRUE(ended.ok());
    return ended->exitCode;
  }

  /// What the last child printed.
  std::string said() const {
    std::ifstream file(folder + "said.txt");
    return {std::istreambuf_iterator<char>(file), {}};
  }

  /// The calls of an undisturbed run.
  Calls callsOf(const std::string &how) {
    std::string path = folder + "calls.txt";
    fs::remove(path);
    setenv("BCSSL_SIMT_CALLS", path.c_str(), 1);
    EXPECT_EQ(exitCode(0, how), 0) << said();
    unsetenv("BCSSL_SIMT_CALLS");
    std::ifstream file(path);
    Calls calls;
    for (std::string line; std::getline(file, line);)
      calls.push_back(line);
    return calls;
  }

  /// Lets the calls from `first` on fail, one at a time.
  void failEach(const Calls &calls, size_t first, const std::string &how) {
    size_t end = beginOfEnd(calls);
    ASSERT_LT(end, calls.size()) << "a run ends with freeing things";
    for (size_t i = first; i < calls.size(); ++i) {
      int code = exitCode(i + 1, how);
      std::string what = how + ", call " + std::to_string(i + 1) + ", " +
                         calls[i] + ", ends in " + std::to_string(code) + ": " +
                         said();
      if (i >= end || frees.contains(calls[i])) {
        EXPECT_EQ(code, 0) << what;
        continue;
      }
      EXPECT_TRUE(code == 69 || code == 70 || code == 71) << what;
      EXPECT_TRUE(names(said(), calls[i])) << what;
    }
  }

  std::string folder;
};

TEST_F(DriverFaultTest, EveryFailingCallIsAnError) {
  Calls before;
  std::set<std::string> all;
  for (const char *how : {"--graph=true", "--overlap", "--graph=false"}) {
    Calls calls = callsOf(how);
    // What happened up to a call decides what its failure does: the same
    // beginning need not be tried again.
    auto differs = std::ranges::mismatch(calls, before).in1;
    failEach(calls, static_cast<size_t>(differs - calls.begin()), how);
    all.insert(calls.begin(), calls.end());
    before = std::move(calls);
  }
  for (const char *call :
       {"cuGraphLaunch", "cuLaunchKernel", "cuMemcpyHtoDAsync_v2",
        "cuMemcpyDtoHAsync_v2", "cuMemcpyDtoDAsync_v2", "cuStreamWaitEvent",
        "cuEventRecord", "cuEventSynchronize", "cuStreamSynchronize"})
    EXPECT_TRUE(all.contains(call)) << call;
}

} // namespace
