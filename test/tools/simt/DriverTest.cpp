//===- DriverTest.cpp - the driver as a runtime opens it ------------------===//
//
// Each test runs in a process of its own, as the library reads its variables
// once.
//
//===----------------------------------------------------------------------===//

#include "tools/simt/driver/Cuda.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <dlfcn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <map>
#include <numeric>
#include <sstream>
#include <vector>

namespace bcssl::simt {
namespace {

/// Adds a constant to `count` words of a buffer, 32 threads a block.
const char *const addKernel = R"(; a kernel of a test
target triple = "nvptx64-nvidia-cuda"
define ptx_kernel void @add(ptr addrspace(1) %words, i32 %count, i32 %more) {
  %tid = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  %block = call i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()
  %first = mul i32 %block, 32
  %i = add i32 %first, %tid
  %inside = icmp ult i32 %i, %count
  br i1 %inside, label %work, label %end
work:
  %at = getelementptr i32, ptr addrspace(1) %words, i32 %i
  %old = load i32, ptr addrspace(1) %at, align 4
  %new = add i32 %old, %more
  store i32 %new, ptr addrspace(1) %at, align 4
  br label %end
end:
  ret void
}
declare i32 @llvm.nvvm.read.ptx.sreg.tid.x()
declare i32 @llvm.nvvm.read.ptx.sreg.ctaid.x()
)";

/// Leaves the number of the thread that ran last.
const char *const lastKernel = R"(; a kernel of a test
target triple = "nvptx64-nvidia-cuda"
define ptx_kernel void @last(ptr addrspace(1) %word) {
  %tid = call i32 @llvm.nvvm.read.ptx.sreg.tid.x()
  store i32 %tid, ptr addrspace(1) %word, align 4
  ret void
}
declare i32 @llvm.nvvm.read.ptx.sreg.tid.x()
)";

/// The library's functions, looked up at each call.
struct Library {
  void *handle = dlopen(BCSSL_SIMT_LIBRARY, RTLD_NOW | RTLD_LOCAL);

  template <typename... Arguments>
  CUresult operator()(const char *name, Arguments... arguments) const {
    auto *function =
        reinterpret_cast<CUresult (*)(Arguments...)>(dlsym(handle, name));
    return function ? function(arguments...) : CUDA_ERROR_NOT_FOUND;
  }

  uint64_t findings() const {
    return reinterpret_cast<uint64_t (*)()>(
        dlsym(handle, "bcsslSimtFindings"))();
  }
};

using Variables = std::map<std::string, std::string>;

/// Runs `body` in a new process with these variables; its expectations count.
void inProcess(const Variables &variables,
               const std::function<void(const Library &)> &body) {
  pid_t child = fork();
  if (child == 0) {
    for (auto &[name, value] : variables)
      setenv(name.c_str(), value.c_str(), 1);
    Library library;
    EXPECT_NE(library.handle, nullptr) << dlerror();
    if (library.handle)
      body(library);
    _exit(testing::Test::HasFailure());
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

/// What a runtime does before its first launch.
struct Session {
  explicit Session(const Library &library) : library(library) {
    EXPECT_EQ(library("cuInit", 0u), CUDA_SUCCESS);
    EXPECT_EQ(library("cuDevicePrimaryCtxRetain", &context, 0), CUDA_SUCCESS);
    EXPECT_EQ(library("cuCtxSetCurrent", context), CUDA_SUCCESS);
    EXPECT_EQ(library("cuStreamCreate", &stream, 1u), CUDA_SUCCESS);
    EXPECT_EQ(library("cuModuleLoadDataEx", &module,
                      static_cast<const void *>(addKernel), 0u, nullptr,
                      nullptr),
              CUDA_SUCCESS);
    EXPECT_EQ(library("cuModuleGetFunction", &add, module, "add"),
              CUDA_SUCCESS);
    EXPECT_EQ(library("cuMemAlloc_v2", &words, size_t{400}), CUDA_SUCCESS);
    EXPECT_EQ(library("cuMemHostAlloc", reinterpret_cast<void **>(&host),
                      size_t{400}, 0u),
              CUDA_SUCCESS);
    std::iota(host, host + 100, 0);
  }

  CUresult launch(unsigned count, unsigned more, unsigned blocks = 4) const {
    void *parameters[] = {const_cast<CUdeviceptr *>(&words), &count, &more};
    return library("cuLaunchKernel", add, blocks, 1u, 1u, 32u, 1u, 1u, 0u,
                   stream, static_cast<void **>(parameters),
                   static_cast<void **>(nullptr));
  }
  CUresult upload() const {
    return library("cuMemcpyHtoDAsync_v2", words,
                   static_cast<const void *>(host), size_t{400}, stream);
  }
  CUresult download() const {
    return library("cuMemcpyDtoHAsync_v2", static_cast<void *>(host), words,
                   size_t{400}, stream);
  }
  CUresult synchronize() const {
    return library("cuStreamSynchronize", stream);
  }

  const Library &library;
  Context *context = nullptr;
  Stream *stream = nullptr;
  Module *module = nullptr;
  Function *add = nullptr;
  CUdeviceptr words = 0;
  uint32_t *host = nullptr;
};

TEST(SimtDriver, TheDevice) {
  inProcess({{"BCSSL_SIMT_MEMORY", "1000000"}}, [](const Library &library) {
    int value = 0;
    EXPECT_EQ(library("cuDeviceGetCount", &value), CUDA_ERROR_NOT_INITIALIZED);
    EXPECT_EQ(library("cuInit", 0u), CUDA_SUCCESS);
    EXPECT_EQ(library("cuDeviceGetCount", &value), CUDA_SUCCESS);
    EXPECT_EQ(value, 1);
    EXPECT_EQ(library("cuDeviceGetAttribute", &value,
                      CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, 0),
              CUDA_SUCCESS);
    EXPECT_EQ(value, 9);
    EXPECT_EQ(library("cuDeviceGet", &value, 1), CUDA_ERROR_INVALID_DEVICE);
    size_t available = 0, total = 0;
    EXPECT_EQ(library("cuMemGetInfo_v2", &available, &total), CUDA_SUCCESS);
    EXPECT_EQ(total, 1000000u);
    CUdeviceptr memory = 0;
    EXPECT_EQ(library("cuMemAlloc_v2", &memory, size_t{1000001}),
              CUDA_ERROR_OUT_OF_MEMORY);
    EXPECT_EQ(library("cuMemAlloc_v2", &memory, size_t{600000}), CUDA_SUCCESS);
    EXPECT_EQ(library("cuMemFree_v2", memory + 1), CUDA_ERROR_INVALID_VALUE);
    EXPECT_EQ(library("cuMemFree_v2", memory), CUDA_SUCCESS);
    const char *name = nullptr;
    EXPECT_EQ(library("cuGetErrorName", CUDA_ERROR_ILLEGAL_ADDRESS, &name),
              CUDA_SUCCESS);
    EXPECT_STREQ(name, "CUDA_ERROR_ILLEGAL_ADDRESS");
  });
}

TEST(SimtDriver, OtherVersions) {
  auto expectVersions = [](const Library &library, int driver, int major,
                           int minor) {
    int value = 0;
    EXPECT_EQ(library("cuDriverGetVersion", &value), CUDA_SUCCESS);
    EXPECT_EQ(value, driver);
    EXPECT_EQ(library("cuInit", 0u), CUDA_SUCCESS);
    auto attribute = [&](CUdevice_attribute which) {
      EXPECT_EQ(library("cuDeviceGetAttribute", &value, which, 0),
                CUDA_SUCCESS);
      return value;
    };
    EXPECT_EQ(attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR), major);
    EXPECT_EQ(attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR), minor);
  };
  inProcess({}, [&](const Library &library) {
    expectVersions(library, 13000, 9, 0);
  });
  inProcess(
      {{"BCSSL_SIMT_CUDA", "11.8"}, {"BCSSL_SIMT_CAPABILITY", "8.6"}},
      [&](const Library &library) { expectVersions(library, 11080, 8, 6); });
  for (const char *text : {"11", "11.8.1", "-1.0", "new"})
    EXPECT_EXIT(
        {
          setenv("BCSSL_SIMT_CUDA", text, 1);
          Library()("cuInit", 0u);
        },
        testing::ExitedWithCode(2),
        "expects a version such as 12.4 for BCSSL_SIMT_CUDA, got ");
}

TEST(SimtDriver, WorkIsDoneWhenWaitedFor) {
  inProcess({}, [](const Library &library) {
    Session session(library);
    EXPECT_EQ(session.upload(), CUDA_SUCCESS);
    EXPECT_EQ(session.launch(100, 7), CUDA_SUCCESS);
    EXPECT_EQ(session.download(), CUDA_SUCCESS);
    EXPECT_EQ(session.host[50], 50u); // not yet
    session.host[50] = 1000;          // and the upload has not read it yet
    EXPECT_EQ(session.synchronize(), CUDA_SUCCESS);
    EXPECT_EQ(session.host[50], 1007u);
    EXPECT_EQ(session.host[99], 106u);
    EXPECT_EQ(library.findings(), 0u);
  });
}

TEST(SimtDriver, GraphsAndEvents) {
  inProcess({}, [](const Library &library) {
    Session session(library);
    Event *start = nullptr, *end = nullptr;
    EXPECT_EQ(library("cuEventCreate", &start, 0u), CUDA_SUCCESS);
    EXPECT_EQ(library("cuEventCreate", &end, 0u), CUDA_SUCCESS);
    session.upload();
    EXPECT_EQ(library("cuStreamBeginCapture_v2", session.stream, 1),
              CUDA_SUCCESS);
    EXPECT_EQ(session.launch(100, 1), CUDA_SUCCESS);
    EXPECT_EQ(session.launch(50, 10), CUDA_SUCCESS);
    Graph *graph = nullptr;
    GraphExec *exec = nullptr;
    EXPECT_EQ(library("cuStreamEndCapture", session.stream, &graph),
              CUDA_SUCCESS);
    EXPECT_EQ(library("cuGraphInstantiateWithFlags", &exec, graph, 0ull),
              CUDA_SUCCESS);
    EXPECT_EQ(library("cuGraphDestroy", graph), CUDA_SUCCESS);
    EXPECT_EQ(library("cuEventRecord", start, session.stream), CUDA_SUCCESS);
    for (int i = 0; i < 3; ++i)
      EXPECT_EQ(library("cuGraphLaunch", exec, session.stream), CUDA_SUCCESS);
    EXPECT_EQ(library("cuEventRecord", end, session.stream), CUDA_SUCCESS);
    float milliseconds = -1;
    EXPECT_EQ(library("cuEventElapsedTime", &milliseconds, start, end),
              CUDA_ERROR_NOT_READY);
    session.download();
    EXPECT_EQ(session.synchronize(), CUDA_SUCCESS);
    EXPECT_EQ(session.host[49], 49u + 33);
    EXPECT_EQ(session.host[50], 50u + 3);
    EXPECT_EQ(library("cuEventElapsedTime", &milliseconds, start, end),
              CUDA_SUCCESS);
    EXPECT_GE(milliseconds, 0);
  });
}

TEST(SimtDriver, LaunchesTakeOrdersInTurn) {
  inProcess(
      {{"BCSSL_SIMT_ORDER", "forward,reverse"}}, [](const Library &library) {
        Session session(library);
        Module *module = nullptr;
        Function *last = nullptr;
        EXPECT_EQ(library("cuModuleLoadDataEx", &module,
                          static_cast<const void *>(lastKernel), 0u, nullptr,
                          nullptr),
                  CUDA_SUCCESS);
        EXPECT_EQ(library("cuModuleGetFunction", &last, module, "last"),
                  CUDA_SUCCESS);
        void *parameters[] = {&session.words};
        for (uint32_t expected : {31u, 0u, 31u}) {
          EXPECT_EQ(library("cuLaunchKernel", last, 1u, 1u, 1u, 32u, 1u, 1u, 0u,
                            session.stream, static_cast<void **>(parameters),
                            static_cast<void **>(nullptr)),
                    CUDA_SUCCESS);
          session.download();
          EXPECT_EQ(session.synchronize(), CUDA_SUCCESS);
          EXPECT_EQ(session.host[0], expected);
        }
      });
}

TEST(SimtDriver, WaitingEndsACapture) {
  inProcess({}, [](const Library &library) {
    Session session(library);
    library("cuStreamBeginCapture_v2", session.stream, 1);
    EXPECT_EQ(session.synchronize(), CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
    Graph *graph = nullptr;
    EXPECT_EQ(library("cuStreamEndCapture", session.stream, &graph),
              CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
    EXPECT_EQ(graph, nullptr);
  });
}

TEST(SimtDriver, NobodyWaitsForEventsOfACapture) {
  inProcess({}, [](const Library &library) {
    Session session(library);
    Event *event = nullptr;
    Stream *other = nullptr;
    EXPECT_EQ(library("cuEventCreate", &event, 0u), CUDA_SUCCESS);
    EXPECT_EQ(library("cuStreamCreate", &other, 1u), CUDA_SUCCESS);
    library("cuStreamBeginCapture_v2", session.stream, 1);
    EXPECT_EQ(library("cuEventRecord", event, session.stream), CUDA_SUCCESS);
    auto expectRefusal = [&] {
      EXPECT_EQ(library("cuEventSynchronize", event), CUDA_ERROR_INVALID_VALUE);
      EXPECT_EQ(library("cuStreamWaitEvent", other, event, 0u), CUDA_SUCCESS);
      EXPECT_EQ(library("cuStreamSynchronize", other),
                CUDA_ERROR_INVALID_VALUE);
    };
    expectRefusal();
    // Nor is it done when the capture ends with its stream.
    EXPECT_EQ(library("cuStreamDestroy_v2", session.stream), CUDA_SUCCESS);
    expectRefusal();
  });
}

TEST(SimtDriver, AFaultLosesTheDevice) {
  inProcess({{"BCSSL_SIMT_FINDINGS", "findings.txt"}},
            [](const Library &library) {
              std::remove("findings.txt");
              Session session(library);
              session.upload();
              EXPECT_EQ(session.launch(101, 1), CUDA_SUCCESS);
              EXPECT_EQ(session.synchronize(), CUDA_ERROR_ILLEGAL_ADDRESS);
              EXPECT_EQ(session.launch(1, 1), CUDA_ERROR_ILLEGAL_ADDRESS);
              EXPECT_EQ(library.findings(), 2u); // a read and a write
              std::stringstream text;
              text << std::ifstream("findings.txt").rdbuf();
              EXPECT_THAT(text.str(),
                          testing::HasSubstr(
                              "out-of-bounds in add at load of 4 bytes, block "
                              "3 thread 4"));
              std::remove("findings.txt");
            });
}

TEST(SimtDriver, ReadsOfWhatNobodyWrote) {
  inProcess({}, [](const Library &library) {
    Session session(library);
    EXPECT_EQ(session.launch(100, 1), CUDA_SUCCESS);
    EXPECT_EQ(session.synchronize(), CUDA_SUCCESS);
    EXPECT_EQ(library.findings(), 100u);
  });
  inProcess({{"BCSSL_SIMT_CHECKS", "off"}}, [](const Library &library) {
    Session session(library);
    EXPECT_EQ(session.launch(100, 1), CUDA_SUCCESS);
    EXPECT_EQ(session.synchronize(), CUDA_SUCCESS);
    EXPECT_EQ(library.findings(), 0u);
  });
}

TEST(SimtDriver, BoundsOfArguments) {
  inProcess({}, [](const Library &library) {
    Session session(library);
    session.upload();
    auto *bound = reinterpret_cast<void (*)(const uint64_t *, unsigned)>(
        dlsym(library.handle, "bcsslSimtBoundArguments"));
    const uint64_t bytes[] = {396};
    bound(bytes, 1);
    EXPECT_EQ(session.launch(99, 1), CUDA_SUCCESS);
    EXPECT_EQ(session.synchronize(), CUDA_SUCCESS);
    bound(bytes, 1);
    EXPECT_EQ(session.launch(100, 1), CUDA_SUCCESS);
    EXPECT_EQ(session.synchronize(), CUDA_ERROR_ILLEGAL_ADDRESS);
  });
}

TEST(SimtDriver, Images) {
  inProcess({}, [](const Library &library) {
    Session session(library);
    char log[200] = "";
    CUjit_option names[] = {CU_JIT_ERROR_LOG_BUFFER,
                            CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
    void *values[] = {log, reinterpret_cast<void *>(sizeof(log))};
    auto load = [&](const char *image) {
      Module *module = nullptr;
      return library(
          "cuModuleLoadDataEx", &module, static_cast<const void *>(image), 2u,
          static_cast<CUjit_option *>(names), static_cast<void **>(values));
    };
    EXPECT_EQ(load("\x7f"
                   "ELF\2\1\1"),
              CUDA_ERROR_NO_BINARY_FOR_GPU);
    EXPECT_EQ(load("//\n.version 8.0\n"), CUDA_ERROR_INVALID_PTX);
    EXPECT_EQ(load("nothing"), CUDA_ERROR_INVALID_IMAGE);
    EXPECT_EQ(load("BC\xc0\xde no blocks"), CUDA_ERROR_INVALID_IMAGE);
    EXPECT_EQ(load("; a comment\nnonsense"), CUDA_ERROR_INVALID_IMAGE);
    EXPECT_THAT(log, testing::HasSubstr("is no LLVM module"));
    Function *function = nullptr;
    EXPECT_EQ(
        library("cuModuleGetFunction", &function, session.module, "subtract"),
        CUDA_ERROR_NOT_FOUND);
  });
}

TEST(SimtDriver, LaunchesThatADriverRefuses) {
  inProcess({}, [](const Library &library) {
    Session session(library);
    EXPECT_EQ(session.launch(1, 1, /*blocks=*/0), CUDA_ERROR_INVALID_VALUE);
    // More than 48 KiB must be asked for.
    void *parameters[3] = {};
    uint32_t word = 0;
    for (void *&parameter : parameters)
      parameter = &session.words;
    parameters[1] = parameters[2] = &word;
    auto launch = [&] {
      return library("cuLaunchKernel", session.add, 1u, 1u, 1u, 32u, 1u, 1u,
                     60000u, session.stream, static_cast<void **>(parameters),
                     static_cast<void **>(nullptr));
    };
    EXPECT_EQ(launch(), CUDA_ERROR_INVALID_VALUE);
    EXPECT_EQ(library("cuFuncSetAttribute", session.add,
                      CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, 60000),
              CUDA_SUCCESS);
    EXPECT_EQ(launch(), CUDA_SUCCESS);
    EXPECT_EQ(library("cuFuncSetAttribute", session.add,
                      CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, 233000),
              CUDA_ERROR_INVALID_VALUE);
    EXPECT_EQ(library("cuStreamSynchronize", &session),
              CUDA_ERROR_INVALID_HANDLE);
  });
}

TEST(SimtDriver, TensorMaps) {
  inProcess({}, [](const Library &library) {
    EXPECT_EQ(library("cuInit", 0u), CUDA_SUCCESS);
    alignas(64) std::byte map[128], tensor[64];
    uint64_t sizes[] = {64, 10}, strides[] = {128};
    uint32_t box[] = {64, 8}, steps[] = {1, 1};
    // bf16, rows of 128 bytes.
    auto encode = [&](unsigned swizzle, std::byte *address) {
      return library("cuTensorMapEncodeTiled", static_cast<void *>(map), 9u, 2u,
                     static_cast<void *>(address),
                     static_cast<const uint64_t *>(sizes),
                     static_cast<const uint64_t *>(strides),
                     static_cast<const uint32_t *>(box),
                     static_cast<const uint32_t *>(steps), 0u, swizzle, 0u, 0u);
    };
    EXPECT_EQ(encode(/*swizzle of 128 bytes=*/3, tensor), CUDA_SUCCESS);
    EXPECT_EQ(encode(/*swizzle of 64 bytes=*/2, tensor),
              CUDA_ERROR_INVALID_VALUE); // rows are wider
    EXPECT_EQ(encode(0, tensor + 8), CUDA_ERROR_INVALID_VALUE);
    strides[0] = 132;
    EXPECT_EQ(encode(0, tensor), CUDA_ERROR_INVALID_VALUE);
    strides[0] = 128;
    box[1] = 257;
    EXPECT_EQ(encode(0, tensor), CUDA_ERROR_INVALID_VALUE);
    box[1] = 8;
    steps[0] = 2;
    EXPECT_EQ(encode(0, tensor), CUDA_ERROR_NOT_SUPPORTED);
  });
}

TEST(SimtDriver, CallsThatAreToldToFail) {
  inProcess({{"BCSSL_SIMT_FAIL", "cuLaunchKernel:2=719"}},
            [](const Library &library) {
              Session session(library);
              session.upload();
              EXPECT_EQ(session.launch(1, 1), CUDA_SUCCESS);
              EXPECT_EQ(session.launch(1, 1), CUDA_ERROR_LAUNCH_FAILED);
              EXPECT_EQ(session.launch(1, 1), CUDA_SUCCESS);
            });
  inProcess({{"BCSSL_SIMT_FAIL", "cuMemAlloc:1"}}, [](const Library &library) {
    CUdeviceptr memory = 0;
    EXPECT_EQ(library("cuInit", 0u), CUDA_SUCCESS);
    EXPECT_EQ(library("cuMemAlloc_v2", &memory, size_t{4}),
              CUDA_ERROR_OUT_OF_MEMORY);
    EXPECT_EQ(library("cuMemAlloc_v2", &memory, size_t{4}), CUDA_SUCCESS);
  });
  inProcess({{"BCSSL_SIMT_FAIL", "2"}}, [](const Library &library) {
    int count = 0;
    EXPECT_EQ(library("cuInit", 0u), CUDA_SUCCESS);
    EXPECT_EQ(library("cuDeviceGetCount", &count), CUDA_ERROR_UNKNOWN);
    EXPECT_EQ(library("cuDeviceGetCount", &count), CUDA_SUCCESS);
  });
  // Also those that need no cuInit.
  inProcess({{"BCSSL_SIMT_FAIL", "cuDriverGetVersion:1"}},
            [](const Library &library) {
              int version = 0;
              EXPECT_EQ(library("cuDriverGetVersion", &version),
                        CUDA_ERROR_UNKNOWN);
              EXPECT_EQ(library("cuDriverGetVersion", &version), CUDA_SUCCESS);
            });
  for (std::string name : {"cuGetErrorName", "cuGetErrorString"})
    inProcess({{"BCSSL_SIMT_FAIL", name + ":1=1"}},
              [&](const Library &library) {
                const char *text = nullptr;
                EXPECT_EQ(library(name.c_str(), CUDA_ERROR_NOT_FOUND, &text),
                          CUDA_ERROR_INVALID_VALUE);
                EXPECT_EQ(library(name.c_str(), CUDA_ERROR_NOT_FOUND, &text),
                          CUDA_SUCCESS);
              });
}

TEST(SimtDriver, CallsAreNamedInTheOrderThatFaultsCount) {
  std::string path = testing::TempDir() + "bcssl-simt-calls.txt";
  std::remove(path.c_str());
  inProcess({{"BCSSL_SIMT_CALLS", path}, {"BCSSL_SIMT_FAIL", "2"}},
            [](const Library &library) {
              size_t free = 0, total = 0;
              library("cuInit", 0u);
              EXPECT_EQ(library("cuMemGetInfo_v2", &free, &total),
                        CUDA_ERROR_UNKNOWN);
              library("cuMemGetInfo_v2", &free, &total);
            });
  std::ifstream file(path);
  std::stringstream names;
  names << file.rdbuf();
  std::remove(path.c_str());
  EXPECT_EQ(names.str(), "cuInit\ncuMemGetInfo_v2\ncuMemGetInfo_v2\n");
}

} // namespace
} // namespace bcssl::simt
