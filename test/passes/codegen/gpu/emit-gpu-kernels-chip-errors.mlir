// RUN: bcssl-opt %s --verify-diagnostics=only-expected --bcssl-emit-gpu-kernels=chip=sm_75
// RUN: not bcssl-opt %s --bcssl-emit-gpu-kernels=chip= 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: not bcssl-opt %s --bcssl-nvvm=chip=sm_90x 2>&1 | FileCheck %s --check-prefix=LETTER

// NONE: error: expects a chip from sm_80 on, got ''
// LETTER: error: expects a chip from sm_80 on, got 'sm_90x'

// expected-error @below {{expects a chip from sm_80 on, got 'sm_75'}}
module {
}
