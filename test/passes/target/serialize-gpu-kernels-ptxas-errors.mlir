// A ptxas that is named but cannot run is an error, and what it says is kept.
//
// RUN: not bcssl-opt %s --bcssl-serialize-gpu-kernels=ptxas=/nowhere/ptxas 2>&1 | FileCheck %s --check-prefix=NOWHERE
// RUN: echo '#!/bin/sh' > %t.ptxas
// RUN: echo 'echo "ptxas fatal: no such architecture" >&2; exit 3' >> %t.ptxas
// RUN: chmod +x %t.ptxas
// RUN: not bcssl-opt %s --bcssl-serialize-gpu-kernels=ptxas=%t.ptxas 2>&1 | FileCheck %s --check-prefix=FAILED
// RUN: env BCSSL_PTXAS=%t.ptxas not bcssl-opt %s --bcssl-serialize-gpu-kernels 2>&1 | FileCheck %s --check-prefix=FAILED
// RUN: not bcssl-opt %s --bcssl-serialize-gpu-kernels=ptx-file=/nowhere/kernels.ptx 2>&1 | FileCheck %s --check-prefix=FILE

// NOWHERE: error: /nowhere/ptxas failed on the kernels:
// FAILED: error: {{.*}}.ptxas failed on the kernels: ptxas fatal: no such architecture
// FILE: error: cannot open output file '/nowhere/kernels.ptx'
gpu.module @kernels [#nvvm.target<O = 3, chip = "sm_80", features = "+ptx70">] {
  llvm.func @nothing() attributes {gpu.kernel, nvvm.kernel} {
    llvm.return
  }
}
