//===- Rest.cpp - entry points that do nothing ----------------------------===//
//
// One for each function that the runtime looks up, so that it finds all of
// them; those of Answers.cpp take their place.
//
//===----------------------------------------------------------------------===//

#include "runtime/device/cuda/CudaDriver.h"

using namespace bcssl::cuda;

#define BCSSL_TEST_ENTRY_POINT(name, symbol, parameters)                       \
  extern "C" __attribute__((weak)) CUresult symbol parameters {                \
    return CUDA_SUCCESS;                                                       \
  }
BCSSL_CUDA_FUNCTIONS(BCSSL_TEST_ENTRY_POINT)
#undef BCSSL_TEST_ENTRY_POINT
