//===- Cubin.h - what a cubin says of its kernels ---------------*- C++ -*-===//
//
// Reads NVIDIA's machine code without a tool of NVIDIA's: a cubin is an ELF
// file whose sections `.nv.info*` hold attributes of kernels, and whose code is
// made of instructions of 16 bytes. Neither is documented; the numbers used
// here were found by comparing with `ptxas -v` of CUDA 13.0 for sm_80 and
// sm_90a.
//
//===----------------------------------------------------------------------===//

#ifndef BCSSL_RUNTIME_DEVICE_CUDA_CUBIN_H
#define BCSSL_RUNTIME_DEVICE_CUDA_CUBIN_H

#include "runtime/base/Status.h"

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace bcssl {

/// How many instructions of a kind stand in a kernel's code, which is not how
/// often they run.
struct InstructionCounts {
  uint64_t all = 0;
  uint64_t tensor = 0;    ///< HMMA, HGMMA: products of matrices
  uint64_t fma = 0;       ///< FFMA: multiply-adds of f32
  uint64_t loads = 0;     ///< of global or shared memory
  uint64_t wideLoads = 0; ///< those of 16 bytes
  uint64_t stores = 0;    ///< to global or shared memory
  uint64_t wideStores = 0;
  /// LDGSTS, and by the copy engine UTMALDG, UTMASTG and UBLKCP: between global
  /// and shared memory, past the registers.
  uint64_t asyncCopies = 0;
  uint64_t local = 0; ///< loads and stores of local memory: spills
};

struct CubinKernel {
  std::string symbol;
  uint64_t registers = 0;    ///< of a thread
  uint64_t stackBytes = 0;   ///< of a thread: spilled registers, local arrays
  uint64_t sharedBytes = 0;  ///< static, of a block; without the reserved part
  uint64_t blockThreads = 0; ///< that its code asks for or allows, 0: any
  InstructionCounts instructions;
};

struct CubinInfo {
  unsigned chip = 0; ///< 80 for sm_80, 90 for sm_90 and sm_90a
  std::vector<CubinKernel> kernels;
};

/// Reads a cubin, whose bytes may be damaged. Takes time and memory in
/// proportion to its size. Errors: "image-invalid" (BadData).
Result<CubinInfo> readCubin(std::span<const std::byte> image);

} // namespace bcssl

#endif // BCSSL_RUNTIME_DEVICE_CUDA_CUBIN_H
