//===- ToolsTest.cpp - bcssl-run and bcssl-info on a small file -----------===//

#include "runtime/base/AtomicFile.h"
#include "runtime/base/Child.h"
#include "runtime/executable/Npy.h"
#include "runtime/train/Safetensors.h"
#include "test/runtime/device/TestImages.h"
#include "test/runtime/executable/TestFile.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>

using namespace bcssl;
namespace fs = std::filesystem;

namespace {

class ToolsTest : public testing::Test {
protected:
  void SetUp() override {
    char name[] = "/tmp/bcssl-tools-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    folder = std::string(name) + "/";
    auto image = testImage("kernels");
    artifact::Contents contents = goodContents(image);
    contents.variables[0].name = "model.w";
    ASSERT_TRUE(writeFileAtomically(file(), encode(contents)).ok());
  }
  void TearDown() override { fs::remove_all(folder); }

  std::string file() const { return folder + "test.bcx"; }

  void write(const std::string &name, std::vector<float> values,
             std::vector<int64_t> shape) {
    ASSERT_TRUE(writeNpy(folder + name, NpyType::F32, shape,
                         std::as_bytes(std::span(values)))
                    .ok());
  }
  std::vector<float> read(const std::string &name) {
    auto array = readNpy(folder + name);
    EXPECT_TRUE(array.ok());
    std::vector<float> values(array->elements());
    std::memcpy(values.data(), array->data.data(), array->data.size());
    return values;
  }
  /// Runs a tool of ours; its words on stderr go where the test's go.
  ChildResult tool(const std::string &name, std::vector<std::string> words) {
    auto path = findTool(name);
    EXPECT_TRUE(path.ok());
    auto result = runChild(*path, words, /*captureOutput=*/true);
    EXPECT_TRUE(result.ok());
    return *result;
  }

  /// The same with its words on stderr in the output.
  ChildResult toolWithErrors(const std::string &name,
                             std::vector<std::string> words) {
    auto path = findTool(name);
    EXPECT_TRUE(path.ok());
    words.insert(words.begin(), {"-c", "exec \"$@\" 2>&1", "sh", *path});
    auto result = runChild("/bin/sh", words, /*captureOutput=*/true);
    EXPECT_TRUE(result.ok());
    return *result;
  }

  std::string folder;
};

TEST_F(ToolsTest, RunReadsWritesAndCompares) {
  write("x.npy", std::vector<float>(32, 3), {32});
  write("good.npy", std::vector<float>(32, 12.0001f), {32});
  write("bad.npy", std::vector<float>(32, 13), {32});
  std::vector<std::string> words = {file(), "--function=scale",
                                    "--input=x=" + folder + "x.npy"};
  auto with = [&](std::initializer_list<std::string> more) {
    std::vector<std::string> all = words;
    all.insert(all.end(), more);
    return tool("bcssl-run", all);
  };
  EXPECT_EQ(with({"--output", folder + "y.npy"}).exitCode, 0);
  EXPECT_EQ(read("y.npy"), std::vector<float>(32, 12));
  EXPECT_EQ(with({"--expect=" + folder + "good.npy"}).exitCode, 0);
  EXPECT_EQ(with({"--expect=" + folder + "good.npy", "--rtol=1e-9"}).exitCode,
            1);
  ChildResult bad = with({"--expect=y=" + folder + "bad.npy", "--threads=3"});
  EXPECT_EQ(bad.exitCode, 1);
  EXPECT_NE(bad.output.find("32 of 32 elements differ"), std::string::npos);
  EXPECT_EQ(with({"--profile=" + folder + "trace.json"}).exitCode, 0);
  EXPECT_TRUE(fs::exists(folder + "trace.json"));
}

TEST_F(ToolsTest, RunTakesWeightsFromACheckpoint) {
  write("x.npy", std::vector<float>(1024, 1), {1024});
  write("rate.npy", {1.0f / 2048}, {});
  std::vector<std::string> words = {
      file(), "--function=step", "--input=" + folder + "x.npy",
      "--input=" + folder + "rate.npy", "--output=echo=" + folder + "e.npy"};
  ChildResult fresh = tool("bcssl-run", words);
  EXPECT_EQ(fresh.exitCode, 0);
  EXPECT_NE(fresh.output.find("loss = 1024\n"), std::string::npos);
  EXPECT_EQ(read("e.npy"), std::vector<float>(64, 0.0f));

  std::vector<float> weights(64, 2);
  std::string path = folder + "w.safetensors";
  TensorSource source{"model.w", TensorType::F32, {64}, [&](auto out) {
                        std::memcpy(out.data(), weights.data(), out.size());
                        return Status();
                      }};
  ASSERT_TRUE(writeSafetensors(path, {source}).ok());
  words.push_back("--checkpoint=" + path);
  EXPECT_EQ(tool("bcssl-run", words).exitCode, 0);
  EXPECT_EQ(read("e.npy"), std::vector<float>(64, 1.5f));
}

TEST_F(ToolsTest, RunReportsWhatIsWrong) {
  auto code = [&](std::vector<std::string> words) {
    return tool("bcssl-run", words).exitCode;
  };
  write("x.npy", std::vector<float>(31, 3), {31});
  EXPECT_EQ(code({file()}), 2);
  EXPECT_EQ(code({file(), "--function=nothing"}), 2);
  EXPECT_EQ(code({file(), "--function=scale"}), 2);
  EXPECT_EQ(code({file(), "--function=scale", "--inptu=x"}), 2);
  EXPECT_EQ(code({file(), "--function=scale", "--rtol=nan"}), 2);
  EXPECT_EQ(code({file(), "--function=scale", "--input=" + folder + "x.npy"}),
            65);
  EXPECT_EQ(code({file(), "--function=scale", "--input=" + folder + "no.npy"}),
            66);
  EXPECT_EQ(code({folder + "x.npy", "--function=scale"}), 65);
  EXPECT_EQ(code({folder + "none.bcx", "--function=scale"}), 66);
  EXPECT_EQ(code({file(), "--function=scale", "--device=cpu:z80"}), 69);
}

/// Sets a variable of the environment for children, and back again.
class Environment {
public:
  Environment(const char *name, const char *value) : name(name) {
    if (const char *before = std::getenv(name))
      old = before;
    setenv(name, value, 1);
  }
  ~Environment() { old ? setenv(name, old->c_str(), 1) : unsetenv(name); }

private:
  const char *name;
  std::optional<std::string> old;
};

TEST_F(ToolsTest, DriversThatAreNoneAreNoDevice) {
  write("x.npy", std::vector<float>(32, 3), {32});
  // No file, a library of something else, and no library at all.
  for (std::string driver :
       {folder + "none.so", std::string("libm.so.6"), folder + "x.npy"}) {
    Environment named("BCSSL_CUDA_DRIVER", driver.c_str());
    ChildResult ended =
        tool("bcssl-run", {file(), "--function=scale", "--device=cuda",
                           "--input=" + folder + "x.npy"});
    EXPECT_EQ(ended.exitCode, 69) << driver;
  }
}

/// Runs a program for GPUs on the driver without a device, which answers as its
/// variables say (test/runtime/device/driver/Answers.cpp).
class DriverAnswersTest : public ToolsTest {
protected:
  void SetUp() override {
    ToolsTest::SetUp();
    auto contents = gpuContents(code, "cuda:sm_90a", "cubin");
    contents.images.push_back({"cuda:sm_90", "ptx", 0, 0, code});
    contents.launchTables.push_back(contents.launchTables[0]);
    contents.launchTables[1].target = "cuda:sm_90";
    contents.launchTables[1].format = "ptx";
    ASSERT_TRUE(writeFileAtomically(folder + "gpu.bcx", encode(contents)).ok());
  }

  void expect(const char *variable, const char *value, int exitCode,
              const std::string &message) {
    Environment answer(variable, value);
    ChildResult ended = toolWithErrors(
        "bcssl-run", {folder + "gpu.bcx", "--function=scale", "--device=cuda"});
    EXPECT_EQ(ended.exitCode, exitCode) << variable << "=" << value;
    EXPECT_NE(ended.output.find(message), std::string::npos) << ended.output;
  }

  const std::vector<std::byte> code = std::vector<std::byte>(100);
  Environment driver{"BCSSL_CUDA_DRIVER",
                     (testImageFolder() + "/driver.so").c_str()};
};

TEST_F(DriverAnswersTest, OldDriversAreNoDevice) {
  expect("BCSSL_TEST_DRIVER_VERSION", "11080", 69,
         "expects a driver for CUDA 12.0 or newer, got one for 11.8 "
         "[driver-version]; install a newer driver");
}

TEST_F(DriverAnswersTest, OtherChipsAreToldWhatToCompileFor) {
  expect("BCSSL_TEST_DRIVER_CAPABILITY", "75", 69,
         "expects compute capability 8.0 or newer, got 7.5 [no-device]");
  expect("BCSSL_TEST_DRIVER_CAPABILITY", "86", 69,
         "expects machine code for one of cuda:sm_86a, cuda:sm_86, cuda:sm_80 "
         "as PTX (device is sm_86), got cuda:sm_90a (cubin), cuda:sm_90 (ptx) "
         "[no-image]; compile the program with --target=cuda:sm_80\n");
}

TEST_F(DriverAnswersTest, ImagesThatADriverRefuses) {
  expect("BCSSL_TEST_DRIVER_LOAD", "200", 65,
         "gpu.bcx: cuda:0 (GPU of a test): cuModuleLoadDataEx failed with "
         "CUDA_ERROR_INVALID_IMAGE: refused, because of the test "
         "[image-invalid]; compile the program again\n");
  expect("BCSSL_TEST_DRIVER_LOAD", "209", 69,
         "CUDA_ERROR_NO_BINARY_FOR_GPU: refused, because of the test "
         "[image-load]; compile the program with "
         "--target=cuda:sm_90a,cuda:sm_80\n");
  expect("BCSSL_TEST_DRIVER_LOAD", "222", 69,
         "CUDA_ERROR_UNSUPPORTED_PTX_VERSION: refused, because of the test "
         "[image-load]; install a newer driver\n");
}

TEST_F(ToolsTest, InfoPrintsTheImagesOfATargetAsOne) {
  std::vector<std::byte> code(100, std::byte{7});
  auto contents = gpuContents(code, "cuda:sm_90a", "cubin");
  contents.images.push_back(contents.images[0]);
  ASSERT_TRUE(writeFileAtomically(folder + "gpu.bcx", encode(contents)).ok());
  std::string text = tool("bcssl-info", {folder + "gpu.bcx"}).output;
  EXPECT_NE(text.find("image cuda:sm_90a: cubin in 2 parts, 200 bytes, "
                      "5 kernels\n"),
            std::string::npos)
      << text;
  auto json = nlohmann::json::parse(
      tool("bcssl-info", {folder + "gpu.bcx", "--json"}).output);
  ASSERT_EQ(json["images"].size(), 1u);
  EXPECT_EQ(json["images"][0]["parts"], 2);
  EXPECT_EQ(json["images"][0]["geometry"].size(), 5u);
  EXPECT_EQ(json["images"][0]["geometry"][3]["blocks"], 4);
  // The message of a device that runs none of them names each once.
  write("x.npy", std::vector<float>(32, 3), {32});
  EXPECT_EQ(tool("bcssl-run", {folder + "gpu.bcx", "--function=scale",
                               "--input=" + folder + "x.npy"})
                .exitCode,
            69);
}

TEST_F(ToolsTest, InfoPrintsTheContents) {
  ChildResult text = tool("bcssl-info", {file()});
  EXPECT_EQ(text.exitCode, 0);
  for (const char *part :
       {"property model: test", "image cpu:x86-64-v3: elf",
        "program step: 4 launches, 2 moves, 1 sums over ranks",
        "  input  x: f32 [1024]", "state: 6 variables, 141 elements",
        "  model: 1 variables, 64 elements",
        "variable filter: f32 [5, 1, 3, 2] stored as f32 [3, 2, 5], "
        "trunc_normal 0.02",
        "variable ema.filter: f32 [5, 1, 3, 2] stored as f32 [3, 2, 5], copy "
        "of filter"})
    EXPECT_NE(text.output.find(part), std::string::npos) << part << "\n"
                                                         << text.output;
  ChildResult kernels = tool("bcssl-info", {"kernels", file()});
  EXPECT_EQ(kernels.exitCode, 0);
  EXPECT_NE(kernels.output.find("2 x     0.000000 GFLOP 100.0 %  scale"),
            std::string::npos)
      << kernels.output;
  EXPECT_EQ(tool("bcssl-info", {}).exitCode, 2);
  EXPECT_EQ(tool("bcssl-info", {"/nonexistent"}).exitCode, 66);
  EXPECT_EQ(tool("bcssl-info", {"--list-targets"}).exitCode, 0);
}

TEST_F(ToolsTest, InfoPrintsJson) {
  ChildResult result = tool("bcssl-info", {file(), "--json"});
  ASSERT_EQ(result.exitCode, 0);
  auto json = nlohmann::json::parse(result.output);
  EXPECT_EQ(json["properties"]["batch"], "2");
  EXPECT_EQ(json["total"]["elements"], 141);
  EXPECT_EQ(json["programs"][0]["arena_bytes"], 256);
  EXPECT_EQ(json["programs"][0]["launches"], 4);
  EXPECT_EQ(json["variables"][1]["shape"], (std::vector<int>{5, 1, 3, 2}));
  EXPECT_EQ(json["kernels"].size(), 4u);
}

TEST_F(ToolsTest, InfoAsksTheCompilerBesideIt) {
  auto info = findTool("bcssl-info");
  ASSERT_TRUE(info.ok());
  fs::copy_file(*info, folder + "bcssl-info");
  ASSERT_TRUE(
      writeFileAtomically(folder + "bcssl-compile",
                          "#!/bin/sh\necho \"{\\\"words\\\": \\\"$*\\\", "
                          "\\\"parameters\\\": 28807720}\"\nexit 3\n")
          .ok());
  fs::permissions(folder + "bcssl-compile", fs::perms::owner_all);
  auto result = runChild(folder + "bcssl-info",
                         {"--model=bcssl-tiny", "--kernel", "31"}, true);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->exitCode, 3);
  EXPECT_EQ(result->output, "words: --describe --model=bcssl-tiny --kernel 31\n"
                            "parameters: 28,807,720\n");
  result = runChild(folder + "bcssl-info", {"--list-models"}, true);
  ASSERT_TRUE(result.ok());
  EXPECT_NE(result->output.find("\"--list-models\""), std::string::npos);
}

} // namespace
