# What the build can do without: NVIDIA's assembler, the CUDA headers and NCCL.
# Reports what was found; scripts/test says which tests were left out for it.
# Also a script: cmake -P cmake/OptionalTools.cmake

# BCSSL_PTXAS in the environment comes first, as in scripts/test and bcssl-opt.
if(EXISTS "$ENV{BCSSL_PTXAS}")
  set(BCSSL_PTXAS "$ENV{BCSSL_PTXAS}" CACHE FILEPATH "NVIDIA's assembler" FORCE)
endif()
find_program(BCSSL_PTXAS NAMES ptxas HINTS ENV CUDA_HOME /usr/local/cuda PATH_SUFFIXES bin
             DOC "NVIDIA's assembler")
find_path(BCSSL_CUDA_INCLUDE NAMES cuda.h HINTS ENV CUDA_HOME /usr/local/cuda PATH_SUFFIXES include
          DOC "The CUDA headers")
# The name that a program opens while it runs; the other one is for linking.
find_file(BCSSL_NCCL NAMES libnccl.so.2 libnccl.so HINTS ENV CUDA_HOME /usr/local/cuda
          PATHS /usr/lib/x86_64-linux-gnu /usr/lib64 /usr/local/lib PATH_SUFFIXES lib lib64
          DOC "NVIDIA's collectives")
mark_as_advanced(BCSSL_PTXAS BCSSL_CUDA_INCLUDE BCSSL_NCCL)

foreach(tool "ptxas;BCSSL_PTXAS" "CUDA headers;BCSSL_CUDA_INCLUDE" "NCCL;BCSSL_NCCL")
  list(GET tool 0 name)
  list(GET tool 1 variable)
  if(${variable})
    message(STATUS "${name}: ${${variable}}")
  else()
    message(STATUS "${name}: not found (optional)")
  endif()
endforeach()
