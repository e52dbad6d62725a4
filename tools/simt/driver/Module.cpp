//===- Module.cpp - entry points of modules and kernels -------------------===//

#include "tools/simt/driver/Driver.h"

#include <algorithm>
#include <cstring>

using namespace bcssl::simt;

namespace {

constexpr uint32_t wrapperMagic = 0x0b17c0de, bitcodeMagic = 0xdec04342;

uint32_t wordAt(const char *bytes, size_t offset) {
  uint32_t word;
  std::memcpy(&word, bytes + offset, sizeof(word));
  return word;
}

/// The length of LLVM bitcode, whose caller does not tell it: blocks say how
/// long they are, and that of strings (23) is the last. Zero for other bytes.
size_t lengthOfBitcode(const char *bytes) {
  constexpr uint32_t enterBlock = 1, strings = 23;
  constexpr size_t limit = size_t{1} << 30;
  for (size_t offset = 4; offset < limit;) {
    uint32_t head = wordAt(bytes, offset);
    uint32_t block = head >> 2 & 0xff;
    if ((head & 3) != enterBlock || block >= 128)
      return 0;
    offset += 8 + size_t{4} * wordAt(bytes, offset + 4);
    if (block == strings)
      return offset;
  }
  return 0;
}

/// The bytes of an LLVM module, or what a driver says to other images. Assembly
/// of LLVM begins with a comment, and ends with a zero as PTX does.
CUresult findModule(const void *image, std::string_view &module) {
  auto *bytes = static_cast<const char *>(image);
  if (bytes[0] == ';') {
    module = bytes;
    return CUDA_SUCCESS;
  }
  if (bytes[0] == '/' || bytes[0] == '.')
    return CUDA_ERROR_INVALID_PTX;
  switch (wordAt(bytes, 0)) {
  case 0x464c457f: // ELF
    return CUDA_ERROR_NO_BINARY_FOR_GPU;
  case wrapperMagic: // version, offset, length
    module = {bytes, size_t{wordAt(bytes, 8)} + wordAt(bytes, 12)};
    return CUDA_SUCCESS;
  case bitcodeMagic:
    module = {bytes, lengthOfBitcode(bytes)};
    return module.empty() ? CUDA_ERROR_INVALID_IMAGE : CUDA_SUCCESS;
  }
  return CUDA_ERROR_INVALID_IMAGE;
}

/// Tells the caller, where it wants to know, and the reader of findings.
void complain(Driver &driver, const std::string &problem, unsigned count,
              const CUjit_option *names, void **values) {
  Finding finding;
  finding.kind = FindingKind::Unsupported;
  finding.detail = "the module " + problem;
  driver.machine.findings().add(std::move(finding));
  char *buffer = nullptr;
  size_t size = 0;
  for (unsigned i = 0; i < count; ++i) {
    if (names[i] == CU_JIT_ERROR_LOG_BUFFER)
      buffer = static_cast<char *>(values[i]);
    if (names[i] == CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES)
      size = reinterpret_cast<uintptr_t>(values[i]) & 0xffffffff;
  }
  if (!buffer || size == 0)
    return;
  size_t length = std::min(size - 1, problem.size());
  std::memcpy(buffer, problem.data(), length);
  buffer[length] = 0;
}

} // namespace

BCSSL_SIMT_EXPORT CUresult cuModuleLoadDataEx(Module **handle,
                                              const void *image, unsigned count,
                                              CUjit_option *names,
                                              void **values) {
  return enter("cuModuleLoadDataEx", [&](Driver &driver) {
    std::string_view bytes;
    if (CUresult result = findModule(image, bytes); result != CUDA_SUCCESS)
      return result;
    auto [program, problem] =
        Program::load(bytes, driver.machine.options().checks);
    if (!program) {
      complain(driver, problem, count, names, values);
      return CUDA_ERROR_INVALID_IMAGE;
    }
    auto module = std::make_unique<Module>();
    module->program = std::move(program);
    *handle = module.get();
    driver.modules.emplace(*handle, std::move(module));
    return CUDA_SUCCESS;
  });
}

BCSSL_SIMT_EXPORT CUresult cuModuleLoadData(Module **handle,
                                            const void *image) {
  return cuModuleLoadDataEx(handle, image, 0, nullptr, nullptr);
}

BCSSL_SIMT_EXPORT CUresult cuModuleUnload(Module *module) {
  return enter("cuModuleUnload", [&](Driver &driver) {
    if (!driver.modules.contains(module))
      return CUDA_ERROR_INVALID_HANDLE;
    if (CUresult result = driver.drainAll(); result != CUDA_SUCCESS)
      return result;
    for (auto &[name, function] : module->functions)
      driver.functions.erase(function.get());
    driver.modules.erase(module);
    return CUDA_SUCCESS;
  });
}

BCSSL_SIMT_EXPORT CUresult cuModuleGetFunction(Function **handle,
                                               Module *module,
                                               const char *name) {
  return enter("cuModuleGetFunction", [&](Driver &driver) {
    if (!driver.modules.contains(module))
      return CUDA_ERROR_INVALID_HANDLE;
    std::unique_ptr<Function> &function = module->functions[name];
    if (!function) {
      auto [kernel, problem] = module->program->find(name);
      if (!kernel)
        return CUDA_ERROR_NOT_FOUND;
      function = std::make_unique<Function>();
      function->kernel = kernel;
      driver.functions.insert(function.get());
    }
    *handle = function.get();
    return CUDA_SUCCESS;
  });
}

BCSSL_SIMT_EXPORT CUresult cuFuncSetAttribute(Function *function,
                                              CUfunction_attribute attribute,
                                              int value) {
  return enter("cuFuncSetAttribute", [&](Driver &driver) {
    if (!driver.functions.contains(function))
      return CUDA_ERROR_INVALID_HANDLE;
    int limit =
        (227 << 10) - static_cast<int>(function->kernel->staticSharedBytes);
    if (attribute != CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES ||
        value < 0 || value > limit)
      return CUDA_ERROR_INVALID_VALUE;
    function->dynamicSharedLimit = value;
    return CUDA_SUCCESS;
  });
}

BCSSL_SIMT_EXPORT CUresult cuFuncGetAttribute(int *value,
                                              CUfunction_attribute attribute,
                                              Function *function) {
  return enter("cuFuncGetAttribute", [&](Driver &driver) {
    if (!driver.functions.contains(function))
      return CUDA_ERROR_INVALID_HANDLE;
    switch (attribute) {
    case CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK:
      *value = 1024;
      return CUDA_SUCCESS;
    case CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES:
      *value = static_cast<int>(function->kernel->staticSharedBytes);
      return CUDA_SUCCESS;
    case CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES:
      *value = function->dynamicSharedLimit;
      return CUDA_SUCCESS;
    case CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES:
    case CU_FUNC_ATTRIBUTE_NUM_REGS:
      *value = 0; // there are none to speak of
      return CUDA_SUCCESS;
    }
    return CUDA_ERROR_INVALID_VALUE;
  });
}

namespace {

/// A launch that waits in a queue: parameters are copied when it is asked for.
struct QueuedLaunch {
  const Kernel *kernel;
  Grid grid;
  std::vector<std::vector<std::byte>> parameters;
  std::vector<Extent> extents;

  CUresult run(Driver &driver) const {
    std::vector<const void *> values;
    for (const std::vector<std::byte> &parameter : parameters)
      values.push_back(parameter.data());
    driver.takeTurn(kernel);
    auto fault = driver.machine.launch(*kernel, grid, values.data(), extents);
    if (fault)
      driver.lost =
          *fault == FindingKind::Misaligned ? CUDA_ERROR_MISALIGNED_ADDRESS
          : *fault == FindingKind::Deadlock ? CUDA_ERROR_LAUNCH_TIMEOUT
                                            : CUDA_ERROR_ILLEGAL_ADDRESS;
    return driver.lost;
  }
};

} // namespace

BCSSL_SIMT_EXPORT CUresult cuLaunchKernel(Function *function, unsigned gridX,
                                          unsigned gridY, unsigned gridZ,
                                          unsigned blockX, unsigned blockY,
                                          unsigned blockZ, unsigned sharedBytes,
                                          Stream *handle, void **parameters,
                                          void **extra) {
  return enter("cuLaunchKernel", [&](Driver &driver) {
    Stream *stream = driver.streamOf(handle);
    if (!stream || !driver.functions.contains(function))
      return CUDA_ERROR_INVALID_HANDLE;
    QueuedLaunch launch{
        function->kernel,
        {{gridX, gridY, gridZ}, {blockX, blockY, blockZ}, sharedBytes},
        {},
        {}};
    std::vector<uint64_t> reach;
    reach.swap(driver.argumentBytes);
    bool hasParameters = parameters || launch.kernel->parameterBytes.empty();
    if (!Machine::problemOf(*launch.kernel, launch.grid).empty() ||
        sharedBytes > static_cast<unsigned>(function->dynamicSharedLimit) ||
        !hasParameters || extra)
      return CUDA_ERROR_INVALID_VALUE;
    for (size_t i = 0; i < launch.kernel->parameterBytes.size(); ++i) {
      auto *bytes = static_cast<const std::byte *>(parameters[i]);
      launch.parameters.emplace_back(bytes,
                                     bytes + launch.kernel->parameterBytes[i]);
      const std::byte *address = nullptr;
      if (i < reach.size() && launch.parameters[i].size() == sizeof(address)) {
        std::memcpy(&address, bytes, sizeof(address));
        launch.extents.push_back({address, reach[i]});
      }
    }
    return driver.enqueue(*stream,
                          [launch = std::move(launch)](Driver &driver) {
                            return launch.run(driver);
                          });
  });
}
